import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError } from "@paroattn/backend";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CudaBackendError, createCudaBackend } from "../src/index.js";
import { EMULATED, REAL } from "./emulated.js";
import { thrown } from "./fixtures.js";

afterEach(() => vi.unstubAllEnvs());

/** Opens a device in a process of its own: the emulator reads its variables once. */
function open(environment: Readonly<Record<string, string>>, device = 0) {
  const script = join(import.meta.dirname, "scripts/open.mjs");
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script, String(device)], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
  return JSON.parse(stdout) as { readonly name?: string; readonly error?: string };
}

describe("a missing or broken addon", () => {
  it("gives one error with the attempt and what to do", () => {
    vi.stubEnv("PAROATTN_CUDA_ADDON", "/nowhere/paroattn_cuda.node");
    const error = thrown(createCudaBackend);
    expect(CudaBackendError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ [Symbol.for("paroattn.error")]: true });
    expect(String(error)).toContain("/nowhere/paroattn_cuda.node: no such file");
    expect(String(error)).toContain("npx pnpm@10.34.9 --filter @paroattn/kernels-cuda build");
  });

  it("tells why a file does not load", () => {
    const folder = mkdtempSync(join(tmpdir(), "paroattn-"));
    try {
      const file = join(folder, "broken.node");
      writeFileSync(file, "not a library");
      vi.stubEnv("PAROATTN_CUDA_ADDON", file);
      expect(String(thrown(createCudaBackend))).toMatch(/broken\.node: .*(header|short|invalid)/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a device that cannot be had", () => {
  const addon = { PAROATTN_CUDA_ADDON: process.env.PAROATTN_CUDA_ADDON ?? EMULATED };
  it.each([
    [
      "no driver",
      { PAROATTN_EMULATOR_DRIVER: "0" },
      "Expected an NVIDIA driver for CUDA 13.0 or later but found none on this machine",
    ],
    [
      "an old driver",
      { PAROATTN_EMULATOR_DRIVER: "12040" },
      "Expected an NVIDIA driver for CUDA 13.0 or later but found one for CUDA 12.4",
    ],
    [
      "no device",
      { PAROATTN_EMULATOR_FAIL: "cudaGetDeviceCount:100" },
      "Expected an NVIDIA GPU but found none: the driver shows no device",
    ],
    [
      "an old architecture",
      { PAROATTN_EMULATOR_CAPABILITY: "7.5" },
      "Expected a GPU of compute capability 8.0 or later but found CUDA emulator of 7.5",
    ],
    [
      "a driver that does not match",
      { PAROATTN_EMULATOR_FAIL: "cudaGetDeviceCount:803" },
      "Expected CUDA to start but found system has unsupported display driver / cuda driver combination (cudaErrorSystemDriverMismatch)",
    ],
    [
      "no code for its architecture",
      { PAROATTN_EMULATOR_FAIL: "cudaLaunchKernel:209" },
      "Expected an addon with code for compute capability 8.0 (CUDA emulator) but found one built for others: build it with PAROATTN_CUDA_ARCHITECTURES=80",
    ],
    [
      "no stream",
      { PAROATTN_EMULATOR_FAIL: "cudaStreamCreateWithFlags:46" },
      "Expected device 0 to take commands but found CUDA-capable device(s) is/are busy or unavailable (cudaErrorDevicesUnavailable)",
    ],
  ])("%s: one sentence", (_, environment, error) => {
    expect(open({ ...addon, ...environment })).toEqual({ error });
  });

  it("a device number that no device has", () => {
    const error = "Expected device to be a whole number in 0..0 but found 3";
    expect(open(addon, 3)).toEqual({ error });
    const ofPackage = thrown(() => createCudaBackend({ device: 3 }));
    expect(CudaBackendError.isInstance(ofPackage)).toBe(true);
    expect(ofPackage).toMatchObject({ message: error });
  });

  it.each([
    ["device", { device: -1 }],
    ["device", { device: 0.5 }],
    ["memoryLimit", { memoryLimit: 0 }],
    ["memoryLimit", { memoryLimit: Number.NaN }],
  ])("refuses a %s of %o", (argument, options) => {
    const error = thrown(() => createCudaBackend(options));
    expect(InvalidArgumentError.isInstance(error) && error.argument).toBe(argument);
  });
});

describe("the addon for a GPU", () => {
  it.skipIf(!existsSync(REAL))("loads without a driver, and says what is missing", () => {
    const { name, error } = open({ PAROATTN_CUDA_ADDON: REAL });
    // Where there is a GPU, it opens.
    if (name === undefined) expect(error).toMatch(/^Expected an NVIDIA (driver|GPU) .*but found/);
  });
});
