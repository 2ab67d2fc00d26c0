import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError } from "@paroattn/backend";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CpuBackendError, createCpuBackend } from "../src/index.js";
import { loadNative } from "../src/load/load-native.js";
import { chooseTarget } from "../src/load/target.js";
import type { CpuTarget, NativeModule } from "../src/native.js";

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("a missing or broken addon", () => {
  it("gives one error with every attempt and what to do", () => {
    vi.stubEnv("PAROATTN_CPU_ADDON", "/nowhere/paroattn_cpu.node");
    const error = thrown(loadNative);
    expect(CpuBackendError.isInstance(error)).toBe(true);
    expect(String(error)).toContain("/nowhere/paroattn_cpu.node: no such file");
    expect(String(error)).toContain("What to do:\n  unset PAROATTN_CPU_ADDON");
    expect(String(error)).toContain("npx pnpm@10.34.9 --filter @paroattn/kernels-cpu build");
    expect(String(error)).toContain("libdnnl-dev");
  });

  it("tells why a file does not load", () => {
    const folder = mkdtempSync(join(tmpdir(), "paroattn-"));
    try {
      const file = join(folder, "broken.node");
      writeFileSync(file, "not a library");
      vi.stubEnv("PAROATTN_CPU_ADDON", file);
      expect(String(thrown(loadNative))).toMatch(/broken\.node: .*(header|short|invalid)/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("leaves the environment as it was", () => {
    const before = { ...process.env };
    loadNative();
    expect({ ...process.env }).toEqual(before);
  });
});

describe("the target", () => {
  const machine = (...targets: readonly CpuTarget[]) =>
    ({
      currentTarget: () => targets.at(-1),
      limitTarget: (wish: CpuTarget) => targets.includes(wish),
      machineTargets: () => targets,
    }) as NativeModule;

  it("is refused where it is unknown, or where the machine lacks it", () => {
    for (const wish of ["sse9", "avx512", "toString"]) {
      vi.stubEnv("PAROATTN_CPU_TARGET", wish);
      expect(String(thrown(() => chooseTarget(machine("scalar", "avx2"))))).toContain(
        `Expected PAROATTN_CPU_TARGET to be a target of this machine (scalar, avx2) but found ${wish}`,
      );
    }
  });

  it("warns without AVX2 only", () => {
    vi.stubEnv("PAROATTN_CPU_TARGET", undefined);
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    expect(chooseTarget(machine("avx512"))).toBe("avx512");
    expect(warn).not.toHaveBeenCalled();
    expect(chooseTarget(machine("scalar"))).toBe("scalar");
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe("threads", () => {
  it("are shown in the description", () => {
    const backend = createCpuBackend({ threads: 1 });
    expect(backend.description).toMatch(/^cpu \((scalar|(AVX2|AVX-512)( with VNNI)?), 1 thread\)$/);
    backend.dispose();
  });

  it.each([0, 1.5, -1, Number.NaN, 5000])("are refused as %s", (threads) => {
    const error = thrown(() => createCpuBackend({ threads }));
    expect(InvalidArgumentError.isInstance(error) && error.argument).toBe("threads");
  });
});
