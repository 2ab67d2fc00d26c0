import { describe, expect, it } from "vitest";
import { loadRuntime } from "../src/load/runtime.js";
import { runTests } from "./run-script.js";

const machine = loadRuntime().target;

/** The targets below the one that conformance.test.ts runs with. */
const lower = (["avx2", "scalar"] as const).filter(
  (target) => target < machine || target === "scalar",
);

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
