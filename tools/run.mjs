// npm run demo, bench, image-dit, gpu:check and cuda:build: brings the clone to where it runs, then runs the entry point in this
// process.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installNpmPackages, prepare } from "./setup/prepare.mjs";
import { main, root } from "./setup/steps.mjs";

/**
 * `always`: look for changes each time. The app is started often and only has to be there. `sources`: a script that works on
 * sources, and needs no build but the packages that it imports.
 */
const entries = {
  demo: { file: "apps/image-dit/dist/demo.js", always: true },
  bench: { file: "bench/dist/main.js", always: true },
  "image-dit": { file: "apps/image-dit/dist/cli.js", always: false },
  "gpu-check": { file: "packages/kernels-cuda/gpu-check/main.mjs", sources: true },
  "cuda-build": { file: "packages/kernels-cuda/scripts/cuda-build.mjs", sources: true },
};

await main(async () => {
  const { file, always, sources } = entries[process.argv[2]];
  const path = join(root, file);
  const built = await access(path).then(
    () => true,
    () => false,
  );
  if (sources) await installNpmPackages();
  else if (always || !built) await prepare();
  process.argv.splice(1, 2, path);
  await import(pathToFileURL(path).href);
});
