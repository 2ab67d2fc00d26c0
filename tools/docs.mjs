// npm run docs: the API of every package as HTML in docs/api, its README in front. Read from the sources, so no build is needed.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { installNpmPackages } from "./setup/prepare.mjs";
import { main, root, step } from "./setup/steps.mjs";

await main(async () => {
  await installNpmPackages();
  await rm(join(root, "docs/api"), { recursive: true, force: true });
  await step("typedoc", [join(root, "node_modules/.bin/typedoc")]);
  process.stdout.write(`${join(root, "docs/api/index.html")}\n`);
});
