import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { shortName } from "../../scripts/resources/names.mjs";
import { parseResources } from "../../scripts/resources/parse.mjs";
import {
  compareTables,
  formatTable,
  reportResources,
  type Table,
  updateTable,
} from "../../scripts/resources/report.mjs";

// captured/NAME.txt is what nvcc 13.0 said about captured/NAME.cu with -Xptxas -v: spills for sm_80 and sm_90a, notices for sm_90a.
const captured = (name: string) =>
  readFileSync(join(import.meta.dirname, "captured", `${name}.txt`), "utf8");
const demangles = spawnSync("c++filt", ["--version"]).status === 0;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

describe("parseResources", () => {
  it("reads every kernel of every architecture", () => {
    const { kernels, notices } = parseResources(captured("spills"));
    expect(kernels).toHaveLength(8);
    expect(notices).toEqual([]);
    expect(kernels.map(({ architecture }) => architecture)).toEqual([
      ...Array(4).fill("sm_80"),
      ...Array(4).fill("sm_90a"),
    ]);
    expect(kernels[2]).toEqual({
      symbol: "_ZN8paroattn4cuda5scaleIdLi128EEEvPKT_PS2_f",
      architecture: "sm_80",
      registers: 12,
      sharedBytes: 512,
      stackBytes: 0,
      spillStoreBytes: 0,
      spillLoadBytes: 0,
    });
    expect(kernels[5]).toMatchObject({
      registers: 32,
      spillStoreBytes: 1076,
      spillLoadBytes: 1340,
    });
  });

  it("reads the compiler's complaints", () => {
    const { notices } = parseResources(captured("notices"));
    expect(notices.map(({ code, symbol }) => [code, symbol])).toEqual([
      ["C7517", "_Z2wgPfmm"],
      ["C7508", undefined],
    ]);
  });

  it("refuses a report without the lines it knows", () => {
    const text = captured("spills").replace(
      /^.*Used 30 registers.*$/m,
      "ptxas info : something new",
    );
    expect(() => parseResources(text)).toThrow(
      "Expected ptxas to report the registers and the stack of _ZN8paroattn4cuda5stackEPKiPfi for sm_80",
    );
  });
});

describe("reportResources", () => {
  it.runIf(demangles)("names the kernels that spill or have a stack frame", () => {
    const { problems } = reportResources([{ source: "spills.cu", text: captured("spills") }]);
    expect(problems).toEqual([
      "stack on sm_80 has a stack frame of 128 bytes",
      "spills on sm_80 spills registers: 1028 bytes of stores, 1308 bytes of loads",
      "stack on sm_90a has a stack frame of 128 bytes",
      "spills on sm_90a spills registers: 1076 bytes of stores, 1340 bytes of loads",
    ]);
  });

  it.runIf(demangles)("names the kernel of a notice, or at least its source", () => {
    const { problems } = reportResources([{ source: "notices.cu", text: captured("notices") }]);
    expect(problems[0]).toMatch(/^wg: the compiler says C7517: warpgroup.wait is injected/);
    expect(problems[1]).toMatch(/^a kernel of notices.cu: the compiler says C7508/);
    expect(problems).toHaveLength(2);
  });

  it.runIf(demangles)("prints a table", () => {
    const { rows } = reportResources([{ source: "spills.cu", text: captured("spills") }]);
    expect(formatTable(rows)).toContain(
      "scale<float, 64>                          12 (256 B)  10 (256 B)",
    );
  });
});

describe("names", () => {
  it.each([
    ["void paroattn::cuda::scale<float, 64>(float const*, float*, float)", "scale<float, 64>"],
    ["paroattn::cuda::(anonymous namespace)::pack(int)", "pack"],
    [
      "void paroattn::cuda::flat<4, paroattn::cuda::Cast<float, float> >(int)",
      "flat<4, Cast<float, float>>",
    ],
    ["void paroattn::cuda::a<(paroattn::Element)2, (bool)1>(X<(int)3>)", "a<2, 1>"],
    [
      "void paroattn::cuda::_GLOBAL__N__1f2a_7_a_cu_b1::a<paroattn::cuda::Half>(void (*)(int))",
      "a<Half>",
    ],
  ])("%s", (demangled, expected) => {
    expect(shortName(demangled)).toBe(expected);
  });
});

describe("the checked-in table", () => {
  const row = (kernel: string, architecture: string, registers: number, sharedBytes = 0) => ({
    kernel,
    architecture,
    registers,
    sharedBytes,
    stackBytes: 0,
    spillStoreBytes: 0,
    spillLoadBytes: 0,
  });
  const before: Table = {
    a: { sm_80: [100, 0], sm_90a: [110, 0] },
    b: { sm_80: [50, 64], sm_90a: [50, 64] },
  };

  it("tells increases from other changes, for what was built", () => {
    const rows = [row("a", "sm_80", 104), row("b", "sm_80", 48, 128), row("c", "sm_80", 30)];
    expect(compareTables(before, rows)).toEqual({
      increases: [
        "a on sm_80: 100 -> 104 registers",
        "b on sm_80: 64 -> 128 bytes of shared memory",
      ],
      others: ["b on sm_80: 50 -> 48 registers", "c on sm_80 is new: 30 registers"],
    });
    expect(compareTables(before, [row("b", "sm_90a", 50, 64)])).toEqual({
      increases: [],
      others: ["a on sm_90a is gone"],
    });
  });

  it("replaces the architectures that were built and keeps the others", () => {
    expect(updateTable(before, [row("a", "sm_80", 104), row("c", "sm_80", 30)])).toEqual({
      a: { sm_80: [104, 0], sm_90a: [110, 0] },
      b: { sm_90a: [50, 64] },
      c: { sm_80: [30, 0] },
    });
  });
});

describe("a build folder", () => {
  const script = join(import.meta.dirname, "../../scripts/resources/main.mjs");
  const launcher = join(import.meta.dirname, "../../native/cmake/keep_log.sh");

  /** Runs the launcher over a "compiler" that says what was captured and makes the object. */
  function build(name: string): { folder: string; stderr: string; status: number | null } {
    const folder = mkdtempSync(join(tmpdir(), "paroattn-resources-"));
    folders.push(folder);
    const object = join(folder, `CMakeFiles/kernels.dir/kernels/${name}.cu.o`);
    mkdirSync(dirname(object), { recursive: true });
    const compiler = join(folder, "compiler.sh");
    const text = join(import.meta.dirname, "captured", `${name}.txt`);
    writeFileSync(compiler, `cat '${text}' >&2; echo "a warning" >&2; : > "$4"\n`);
    const { stderr, status } = spawnSync(
      launcher,
      ["sh", compiler, "-c", `${name}.cu`, "-o", object],
      { encoding: "utf8" },
    );
    return { folder, stderr, status };
  }

  it("is checked from what the launcher kept, which passes everything on", () => {
    const { folder, stderr, status } = build("spills");
    expect(stderr).toContain("a warning\n");
    expect(status).toBe(0);
    const json = join(folder, "report.json");
    const check = spawnSync(process.execPath, [script, folder, "--json", json], {
      encoding: "utf8",
    });
    expect(check.status).toBe(1);
    expect(check.stderr.split("\n")).toHaveLength(5);
    expect(JSON.parse(readFileSync(json, "utf8")).rows).toHaveLength(8);
  });

  it("without kernels fails", () => {
    const folder = mkdtempSync(join(tmpdir(), "paroattn-resources-"));
    folders.push(folder);
    const check = spawnSync(process.execPath, [script, folder], { encoding: "utf8" });
    expect(check.status).toBe(1);
    expect(check.stderr).toContain("Expected what ptxas said about the kernels");
  });
});
