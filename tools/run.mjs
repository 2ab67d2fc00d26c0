// npm run demo, bench and image-dit: brings the clone to where it runs, then runs the built entry point in this process.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { prepare } from "./setup/prepare.mjs";
import { main, root } from "./setup/steps.mjs";

/** `always`: look for changes each time. The app is started often and only has to be there. */
const entries = {
  demo: { file: "apps/image-dit/dist/demo.js", always: true },
  bench: { file: "bench/dist/main.js", always: true },
  "image-dit": { file: "apps/image-dit/dist/cli.js", always: false },
};

await main(async () => {
  const { file, always } = entries[process.argv[2]];
  const path = join(root, file);
  const built = await access(path).then(
    () => true,
    () => false,
  );
  if (always || !built) await prepare();
  process.argv.splice(1, 2, path);
  await import(pathToFileURL(path).href);
});
