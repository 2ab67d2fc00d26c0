import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const LOADS = 100;
const WARM_UP = 20;
const MIB = 2 ** 20;

// Threads are counted in /proc.
it.runIf(existsSync("/proc/self/task"))(
  `${LOADS} loads and unloads leave no memory and no threads behind`,
  () => {
    const script = join(import.meta.dirname, "scripts", "lifecycle-loads.mjs");
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ["--expose-gc", script, String(LOADS), String(WARM_UP)],
      { encoding: "utf8", timeout: 100_000 },
    );
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
    const { before, after } = JSON.parse(stdout);
    expect(after.threads).toBeLessThanOrEqual(before.threads);
    // Half of them are ended with three tensors of 8 MiB in work: one kept by each would be 960.
    expect(after.rss - before.rss).toBeLessThan(48 * MIB);
  },
);
