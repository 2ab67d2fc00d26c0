import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError } from "@paroattn/backend";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CpuBackendError, createCpuBackend } from "../src/index.js";
import { loadNative } from "../src/load/load-native.js";
import { chooseTarget } from "../src/load/target.js";
import type { CpuTarget, NativeModule } from "../src/native.js";
import { canRun } from "./lower-targets.js";

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
  const machine = (best: CpuTarget) =>
    ({
      currentTarget: () => best,
      limitTarget: (wish: CpuTarget) => canRun(best, wish),
    }) as NativeModule;

  it("is refused where it is unknown, or where the machine lacks it", () => {
    vi.stubEnv("PAROATTN_CPU_TARGET", "sse9");
    expect(String(thrown(() => chooseTarget(machine("avx2"))))).toContain(
      "Expected PAROATTN_CPU_TARGET to be scalar, avx2 or avx512 but found sse9",
    );
    vi.stubEnv("PAROATTN_CPU_TARGET", "avx512");
    expect(String(thrown(() => chooseTarget(machine("avx2"))))).toContain(
      "at most avx2, but found avx512",
    );
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
    expect(backend.description).toMatch(/^cpu \((scalar|AVX2|AVX-512), 1 thread\)$/);
    backend.dispose();
  });

  it.each([0, 1.5, -1, Number.NaN, 5000])("are refused as %s", (threads) => {
    const error = thrown(() => createCpuBackend({ threads }));
    expect(InvalidArgumentError.isInstance(error) && error.argument).toBe("threads");
  });
});
