import { describe, expect, it } from "vitest";
import { lowerTargets } from "./lower-targets.js";
import { runTests } from "./run-script.js";

describe("the conformance suite at other targets", () => {
  it.each(lowerTargets())("%s", (target) => {
    const { status, stdout, stderr } = runTests("test/conformance.test.ts", {
      PAROATTN_CPU_TARGET: target,
    });
    expect(status, `${stdout}\n${stderr}`).toBe(0);
    expect(Number(/Tests +(\d+) passed/.exec(stdout)?.[1])).toBeGreaterThan(150);
    const warnings = stderr.match(/PerformanceWarning/g) ?? [];
    expect(warnings).toHaveLength(target === "scalar" ? 1 : 0);
  });
});
