import { spawn } from "node:child_process";
import { access, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runInChild } from "../../commands/test/run.js";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const model = fileURLToPath(new URL("../../../fixtures/cogvideox-rotary", import.meta.url));

let folder: string;

beforeAll(async () => {
  await access(cli).catch(() => {
    throw new Error(
      "Expected the app to be built but found no dist/cli.js; run npm test, or turbo run build",
    );
  });
  folder = await mkdtemp(join(tmpdir(), "video-dit-reproduce-"));
  await writeFile(join(folder, "held-out.txt"), "red disc\ngreen box\n");
  await writeFile(join(folder, "calibration.txt"), "a cat\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const commandLine = (work: string) => [
  ...["reproduce", "--model", model, "--steps", "3", "--frames", "9", "--threads", "1"],
  ...["--prompts", "held-out.txt", "--calibration-prompts", "calibration.txt"],
  ...["--only", "native 0.5,int8 qk", "--work", work, "--json"],
];

async function results(work: string): Promise<number> {
  const names = await readdir(join(folder, work, "results")).catch(() => []);
  return names.filter((name) => name.endsWith(".json")).length;
}

async function fidelity(work: string) {
  const { code, stdout } = await runInChild(cli, commandLine(work), folder);
  expect(code).toBe(0);
  const { rows } = JSON.parse(stdout);
  return rows.map(({ name, psnr, ssim }: Record<string, unknown>) => ({ name, psnr, ssim }));
}

it("reproduce goes on after a kill, with the same numbers", async () => {
  const whole = await fidelity("whole");
  expect(whole).toHaveLength(2);
  const child = spawn(process.execPath, [cli, ...commandLine("killed")], {
    cwd: folder,
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
  while ((await results("killed")) < 2 && child.exitCode === null) await setTimeout(1);
  child.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  expect(await results("killed")).toBeLessThan(await results("whole"));
  expect(await fidelity("killed")).toEqual(whole);
  // Three processes, each of which loads the app: on a busy machine most of a minute each.
}, 300_000);
