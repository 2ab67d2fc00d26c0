// What each package's own code weighs in a bundle, minified and gzipped; what it imports from other packages is left out.
// A budget leaves a quarter to a half of room to what the package weighs: who crosses it decides whether the growth is worth it.

/** Everything that a package of this workspace may import. */
const imports = ["@paroattn/*", "zod", "entities"];

/** @param {string} name @param {string} limit @param {{ entry?: string, browser?: boolean }} [options] */
function budget(name, limit, { entry = "index", browser = false } = {}) {
  return {
    name: entry === "index" ? name : `${name}/${entry}`,
    path: `packages/${name}/dist/${entry}.js`,
    limit,
    gzip: true,
    ignore: imports,
    modifyEsbuildConfig: (config) => ({
      ...config,
      format: "esm",
      ...(browser ? {} : { platform: "node" }),
    }),
  };
}

export default [
  budget("reorder", "5 kB", { browser: true }),
  budget("sparse-masks", "9 kB", { browser: true }),
  budget("quant", "4 kB", { browser: true }),
  budget("tensor", "8 kB"),
  budget("backend", "18 kB"),
  budget("backend", "40 kB", { entry: "conformance" }),
  budget("attention", "28 kB"),
  budget("kernels-cpu", "10 kB"),
  budget("kernels-cuda", "7 kB"),
  budget("pipelines", "40 kB"),
  budget("sample-image", "7 kB"),
  budget("sample-video", "5 kB"),
];
