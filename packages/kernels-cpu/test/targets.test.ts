import { describe, expect, it } from "vitest";
import { loadRuntime } from "../src/load/runtime.js";
import { lowerTargets } from "./lower-targets.js";
import { runTests } from "./run-script.js";

// Those below the one that conformance.test.ts runs with.
const lower = lowerTargets(loadRuntime().target);

it("a machine has the targets that are less able than its best", () => {
  expect(lowerTargets("avx512")).toEqual(["scalar", "avx2"]);
  expect(lowerTargets("avx2")).toEqual(["scalar"]);
  expect(lowerTargets("scalar")).toEqual(["scalar"]);
});

describe("the conformance suite at other targets", () => {
  it.each(lower)("%s", (target) => {
    const { status, stdout, stderr } = runTests("test/conformance.test.ts", {
      PAROATTN_CPU_TARGET: target,
    });
    expect(status, `${stdout}\n${stderr}`).toBe(0);
    expect(Number(/Tests +(\d+) passed/.exec(stdout)?.[1])).toBeGreaterThan(150);
    const warnings = stderr.match(/PerformanceWarning/g) ?? [];
    expect(warnings).toHaveLength(target === "scalar" ? 1 : 0);
  });
});
