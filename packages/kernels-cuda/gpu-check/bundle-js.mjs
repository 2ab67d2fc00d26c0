// One file of JavaScript from TypeScript sources, everything it imports inside: it runs where there is no node_modules.
import { basename } from "node:path";
import { build } from "tsup";

/**
 * @param {Record<string, string>} entries name of the output (without .mjs) -> source file
 * @param {string} folder for the outputs
 */
export async function bundleJs(entries, folder) {
  await build({
    entry: entries,
    outDir: folder,
    outExtension: () => ({ js: ".mjs" }),
    format: ["esm"],
    target: "node20",
    platform: "node",
    noExternal: [/.*/],
    splitting: false,
    sourcemap: false,
    clean: false,
    dts: false,
    config: false,
    silent: true,
    // Packages of this repository from their sources, so that no build is needed before.
    esbuildOptions(options) {
      options.conditions = ["@paroattn/source", "node", "import", "default"];
    },
  });
  return Object.keys(entries).map((name) => basename(`${name}.mjs`));
}
