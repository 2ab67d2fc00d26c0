// npm run packages [-- --write]: whether strangers can install what is published; --write brings "What comes along" in the READMEs up to date.
import { prepare } from "./setup/prepare.mjs";
import { main } from "./setup/steps.mjs";

await main(async () => {
  await prepare();
  // Only now is there anything that this could import from npm.
  const { checkPackages } = await import("./packages/check.mjs");
  await checkPackages({ write: process.argv.includes("--write") });
});
