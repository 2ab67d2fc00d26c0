// npm run demo, demo:image, bench, reproduce, image-dit, video-dit, gpu:check and cuda:build: brings the clone to where it runs,
// then runs the entry point in this process.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installNpmPackages, prepare } from "./setup/prepare.mjs";
import { main, root } from "./setup/steps.mjs";

/**
 * `build`: the package to build, with what it depends on; without it the script works on sources. `always`: look for changes
 * each time. The apps are started often and only have to be there. `args`: what goes before the command line's own.
 */
const entries = {
  "demo:image": { file: "apps/image-dit/dist/demo.js", build: "image-dit", always: true },
  bench: { file: "bench/dist/main.js", build: "@paroattn/bench", always: true },
  reproduce: {
    file: "apps/video-dit/dist/cli.js",
    build: "video-dit",
    always: true,
    args: ["reproduce"],
  },
  "image-dit": { file: "apps/image-dit/dist/cli.js", build: "image-dit", always: false },
  "video-dit": { file: "apps/video-dit/dist/cli.js", build: "video-dit", always: false },
  "gpu-check": { file: "packages/kernels-cuda/gpu-check/main.mjs" },
  "cuda-build": { file: "packages/kernels-cuda/scripts/cuda-build.mjs" },
};

await main(async () => {
  const { file, build, always, args = [] } = entries[process.argv[2]];
  const path = join(root, file);
  const built = await access(path).then(
    () => true,
    () => false,
  );
  if (build === undefined) await installNpmPackages();
  else if (always || !built) await prepare(build);
  process.argv.splice(1, 2, path, ...args);
  await import(pathToFileURL(path).href);
});
