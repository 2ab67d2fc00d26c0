// npm run bench -- SUITE [--json]: installs and builds what is missing, then runs bench/src/main.mjs.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { prepare } from "./setup/prepare.mjs";
import { main, root } from "./setup/steps.mjs";

await main(async () => {
  await prepare();
  const { status, signal } = spawnSync(
    process.execPath,
    [join(root, "bench/dist/main.js"), ...process.argv.slice(2)],
    { cwd: root, stdio: "inherit" },
  );
  process.exitCode = status ?? (signal === "SIGINT" ? 130 : 1);
});
