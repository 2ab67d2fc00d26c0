import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// The scripts of the GPU host, as far as they go without torch; the C library is the emulator's.
const packageFolder = join(import.meta.dirname, "../..");
const scripts = join(packageFolder, "gpu-check/python");
const python = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  spawnSync("python3", ["-B", ...args], {
    encoding: "utf8",
    cwd: scripts,
    env: { ...process.env, ...env },
  });
const has = (...modules: readonly string[]) =>
  python(["-c", `import ${["sys", ...modules].join(", ")}`]).status === 0;
const scratch = mkdtempSync(join(tmpdir(), "paroattn-python-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.runIf(has())("the scripts of the GPU host", () => {
  it("are Python", () => {
    const names = readdirSync(scripts).filter((name) => name.endsWith(".py"));
    expect(names).toContain("check.py");
    const code = `import sys; [compile(open(name).read(), name, "exec") for name in sys.argv[1:]]`;
    const { status, stderr } = python(["-c", code, ...names]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("stop what a command has started, in groups of its own too", () => {
    const code = `
import subprocess, sys
from stages import _kill_session, _session_of
child = "import os, time; os.setpgid(0, 0); print(os.getpid(), flush=True); time.sleep(600)"
parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
process = subprocess.Popen(
    [sys.executable, "-c", parent], start_new_session=True, stdout=subprocess.PIPE, text=True
)
pid = int(process.stdout.readline())
print(_session_of(pid) == process.pid)
_kill_session(process.pid)
process.wait()
print(_session_of(pid), _session_of(process.pid))
`;
    const { stdout, stderr } = python(["-c", code]);
    expect(stderr).toBe("");
    expect(stdout).toBe("True\nNone None\n");
  });

  it("know the GPU also where its driver does not know every field", () => {
    const bin = mkdtempSync(join(scratch, "bin-"));
    const script = [
      "#!/bin/sh",
      'case "$*" in *throttle*) echo "not a valid field to query"; exit 2;; esac',
      'case "$*" in *query-gpu=name*) echo "Some GPU";; *compute_cap*) echo 9.0;; *) exit 2;; esac',
    ];
    writeFileSync(join(bin, "nvidia-smi"), `${script.join("\n")}\n`, { mode: 0o755 });
    const code = "import facts, json; print(json.dumps(facts.gpu_state()))";
    const PATH = `${bin}:${process.env.PATH}`;
    const { stdout } = python(["-c", code], { PATH });
    expect(JSON.parse(stdout)).toEqual({ name: "Some GPU", compute_cap: "9.0" });
  });

  it("keep what was found when they are told to stop", () => {
    const code = `
import io, sys
from stages import Stages
saved = []
stages = Stages(60, io.StringIO(), lambda: saved.append([dict(record) for record in stages.records]))
try:
    stages.run("one", 30, lambda: sys.exit("stopped"))
except SystemExit:
    print(saved[-1][0]["status"], saved[-1][0]["reason"])
`;
    expect(python(["-c", code]).stdout).toBe("timed out the whole was stopped\n");
  });

  it("judge goals from a result", () => {
    const code = `
import json
from goals import judge
from table import format_result
case = lambda name, derived: {"name": name, "status": "ok", "derived": derived, "times": {}}
result = {
    "bundle": {"commit": "c"}, "seed": 1, "started": "now", "ok": True,
    "stages": [{"name": "facts", "status": "ok", "seconds": 1.0}],
    "conformance": {"failed": [], "passed": 3},
    "benchmarks": {"cases": [
        case("dense/8x16384x64", {"speed_over_torch_flash": 0.96}),
        case("sparse/48x17776x64", {"planted_0.3": {"share_of_ideal_with_front": 0.5}}),
        case("front/48x17776x64", {"reorder_share_of_dense": 0.004}),
        case("prefetch/48x17776x64x42", {"prefetch_share": 0.006}),
    ]},
}
result["goals"] = judge(result)
format_result(result)
print(json.dumps([goal["met"] for goal in result["goals"]]))
result["stages"].append({"name": "conformance", "status": "timed out", "seconds": 80.0})
print(json.dumps(judge(result)[0]["met"]))
`;
    const { stdout, stderr } = python(["-c", code]);
    expect(stderr).toBe("");
    expect(stdout).toBe("[true, true, false, true, false]\nfalse\n");
  });

  it.runIf(has("numpy"))("make orders, tables and masks", () => {
    const code = `
import numpy as np
from layouts import *
layout = Layout(10, (3, 6, 9))
orders = axis_orders(layout)
assert (orders[0] == np.arange(layout.tokens)).all()
assert all((np.sort(order) == np.arange(layout.tokens)).all() for order in orders)
rows = row_tables(layout, orders).reshape(6, layout.blocks, 64)
assert (rows[0, 0, :10] == np.arange(10)).all() and (rows[:, 0, 10:] == -1).all()
assert ((rows >= 0).sum(axis=2) == block_lengths(layout)).all()
for make in (planted_masks, random_masks):
    mask = make(Layout(226, (13, 30, 45)), 4, 0.3, 7)
    assert abs(pair_density(mask, Layout(226, (13, 30, 45))) - 0.3) < 0.01
    assert mask.any(axis=2).all() and mask[:, :4].all() and mask[:, :, :4].all()
    words = mask_words(mask)
    assert words.shape == (4, 279, 12)
    assert bool(words[2, 100, 200 // 32] >> np.uint32(200 % 32) & 1) == mask[2, 100, 200]
print("right")
`;
    const { stdout, stderr } = python(["-c", code]);
    expect(stderr).toBe("");
    expect(stdout).toBe("right\n");
  });
});

describe.runIf(has())("the C library", () => {
  let library: string;

  beforeAll(() => {
    const target = ["--target", "paroattn_cuda_c"];
    const build = spawnSync(
      process.execPath,
      ["scripts/build-native.mjs", "--emulated", ...target],
      { cwd: packageFolder, encoding: "utf8" },
    );
    expect(build.stderr).toBe("");
    library = join(packageFolder, "build/emulated/c_api/libparoattn_cuda_c.so");
  }, 600_000);

  it("has the structs of library.py", () => {
    const code = `
import sys
from library import Library, mirrored_layouts
library = Library(sys.argv[1])
assert library.layouts() == mirrored_layouts()
print(library.device_facts()["name"], library.emulated, library.packed_head_dim(72))
`;
    const { stdout, stderr } = python(["-c", code, library]);
    expect(stderr).toBe("");
    expect(stdout).toBe("CUDA emulator True 80\n");
  });

  it("is refused if a struct differs", () => {
    const code = `
import ctypes, sys
import library
class PackedOperands(ctypes.Structure):
    _fields_ = [*library.PackedOperands._fields_[1:], ("element", ctypes.c_int)]
library.STRUCTS[0] = PackedOperands
library.Library(sys.argv[1])
`;
    const { status, stderr } = python(["-c", code, library]);
    expect(status).toBe(1);
    expect(stderr).toContain("The structs of library.py do not match the library");
  });

  it("says what it refuses", () => {
    const code = `
import ctypes, sys
from library import CudaError, Library, WorkOrderProblem
library = Library(sys.argv[1])
words = (ctypes.c_uint32 * 8)(1)
problem = WorkOrderProblem(ctypes.addressof(words), 1, 1, 2, 2, 1, 1, 64, None)
for call in (
    lambda: library.work_order(problem, None, 0),
    lambda: library.device_facts(7),
):
    try:
        call()
    except CudaError as error:
        print(error)
`;
    const { stdout, stderr } = python(["-c", code, library]);
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      "paroattn_work_order: query block 1 of head 0 has no live valid key (-1)",
      expect.stringMatching(/^paroattn_device_facts: .+ \(101\)$/),
      "",
    ]);
  });
});
