// The floors of ARCHITECTURE.md as rules: imports go down only.
// A package may import what stands behind its name; tests and benchmarks are free.
const floors = {
  "packages/tensor": [],
  "packages/reorder": [],
  "packages/sparse-masks": ["packages/reorder"],
  "packages/quant": [],
  "packages/backend": [
    "packages/tensor",
    "packages/reorder",
    "packages/sparse-masks",
    "packages/quant",
  ],
  "packages/kernels-cpu": [
    "packages/backend",
    "packages/tensor",
    "packages/reorder",
    "packages/sparse-masks",
  ],
  "packages/kernels-cuda": [
    "packages/backend",
    "packages/tensor",
    "packages/reorder",
    "packages/sparse-masks",
  ],
  "packages/attention": [
    "packages/backend",
    "packages/quant",
    "packages/tensor",
    "packages/reorder",
    "packages/sparse-masks",
  ],
  "packages/pipelines": [
    "packages/attention",
    "packages/backend",
    "packages/tensor",
    "packages/reorder",
    "packages/sparse-masks",
  ],
  "packages/sample-image": [],
  "packages/sample-video": ["packages/sample-image"],
  "apps/commands": [
    "packages/pipelines",
    "packages/attention",
    "packages/kernels-cpu",
    "packages/backend",
    "packages/tensor",
    "packages/reorder",
    "packages/sparse-masks",
  ],
  "apps/image-dit": [
    "apps/commands",
    "packages/pipelines",
    "packages/attention",
    "packages/kernels-cpu",
    "packages/sample-image",
  ],
  "apps/video-dit": ["apps/commands", "packages/sample-video", "packages/tensor"],
};

// The commands of package.json and what they need before anything is installed.
const startsFirst =
  "^tools/[^/]+[.]mjs$|^tools/(setup|fuzz)/[^/]+[.]mjs$|^tools/packages/(pack|rehearse|project|registry|workspace)[.]mjs$|^packages/kernels-cpu/scripts/missing-packages[.]mjs$";

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "not-to-unresolvable",
      severity: "error",
      from: { path: "^(packages|apps)/[^/]+/src" },
      to: { couldNotResolve: true },
    },
    ...Object.entries(floors).map(([from, allowed]) => ({
      name: `floor: ${from}`,
      comment: "imports go down only, see ARCHITECTURE.md",
      severity: "error",
      from: { path: `^${from}/src/` },
      to: {
        path: "^(packages|apps|bench)/",
        pathNot: [from, ...allowed].map((folder) => `^${folder}/`),
      },
    })),
    {
      name: "reorder-sparse-masks-and-quant-run-anywhere",
      comment: "these three run in browsers",
      severity: "error",
      from: { path: "^packages/(reorder|sparse-masks|quant)/src/" },
      to: { dependencyTypes: ["core", "npm"] },
    },
    {
      name: "commands-start-on-a-fresh-clone",
      comment:
        "npm's packages are installed by prepare(): what a command imports before that must not need them; import() the rest",
      severity: "error",
      from: { path: startsFirst },
      to: { pathNot: startsFirst, dependencyTypesNot: ["core", "dynamic-import"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|build|native)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@paroattn/source", "import", "node", "default"],
    },
  },
};
