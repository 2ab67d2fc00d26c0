// npm run demo: from a fresh clone to two pictures, one with dense attention and one with PARO.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { prepare } from "./setup/prepare.mjs";
import { main, root } from "./setup/steps.mjs";

await main(async () => {
  await prepare();
  const { status, signal } = spawnSync(
    process.execPath,
    [join(root, "apps/image-dit/dist/demo.js"), ...process.argv.slice(2)],
    { cwd: root, stdio: "inherit" },
  );
  process.exitCode = status ?? (signal === "SIGINT" ? 130 : 1);
});
