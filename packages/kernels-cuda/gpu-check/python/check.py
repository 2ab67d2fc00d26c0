"""Everything worth running on a machine with a GPU, in one command inside ten minutes: build, device tests, conformance,
compute-sanitizer, benchmarks beside torch. Started by run.sh; needs Python 3's own modules, and torch for the benchmarks.

Exit code: 0 if every stage that ran was right, 1 if one was not, 2 if nothing could be run.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import facts
from goals import judge
from stages import Failure, Skipped, Stages
from table import format_result

BUNDLE = Path(__file__).resolve().parent.parent
SCHEMA = 1
# Seconds. The most telling first, in case something ends the run early. Their sum is the whole; a stage that ends early
# leaves its time to nobody, so that runs compare.
BUDGETS = {
    "facts": 15,
    "unpack": 15,
    "build": 170,
    "device_tests": 30,
    "conformance": 80,
    "benchmarks": 160,
    "native_tests": 45,
    "sanitizer": 50,
}
TOTAL_SECONDS = sum(BUDGETS.values())
# Minor revisions share their major's code; what is not listed runs the PTX of compute_80.
ARCHITECTURES = {"8.0": "80", "8.6": "86", "8.9": "89", "9.0": "90a", "12.0": "120", "12.1": "120"}


class Check:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = Path(arguments.result or os.environ.get("OUT") or "result").resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.build_folder = Path(arguments.build_folder or BUNDLE / "build").resolve()
        self.seed = arguments.seed if arguments.seed is not None else secrets.randbelow(2**31)
        self.started = time.monotonic()
        self.log = open(self.folder / "log.txt", "w", encoding="utf8")
        self.stages = Stages(arguments.seconds * arguments.patience, self.log, self.save)
        self.result = {
            "schema": SCHEMA,
            "bundle": json.loads((BUNDLE / "bundle.json").read_text(encoding="utf8")),
            "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "without_gpu": arguments.without_gpu,
            "seed": self.seed,
        }
        self.result["bundle"].pop("files", None)
        # Whatever stages are chosen, these are known: which GPU there is, and how its clocks stood before.
        self.gpu = None if arguments.without_gpu else facts.gpu_state()
        self.result["clocks"] = {"before": self.gpu}
        self.architecture = arguments.arch
        if self.architecture is None and self.gpu is not None:
            self.architecture = ARCHITECTURES.get(self.gpu.get("compute_cap"), "80-virtual")
        self.node = BUNDLE / "node" / "node"

    def save(self):
        """Writes the result so far; each stage may be the last."""
        whole = {
            **self.result,
            "seconds": round(time.monotonic() - self.started, 1),
            "stages": self.stages.records,
        }
        whole["ok"] = bool(self.stages.records) and all(
            record["status"] in ("ok", "skipped") for record in self.stages.records
        )
        whole["goals"] = judge(whole)
        temporary = self.folder / "gpu-check.json.part"
        temporary.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf8")
        os.replace(temporary, self.folder / "gpu-check.json")
        (self.folder / "gpu-check.txt").write_text(format_result(whole), encoding="utf8")
        return whole

    def run(self):
        if self.gpu is None and not self.arguments.without_gpu:
            self.stages.run("facts", BUDGETS["facts"], self.facts)
            self.save()
            return 2
        for name, budget in BUDGETS.items():
            if name in self.arguments.stages:
                self.stages.run(name, budget * self.arguments.patience, getattr(self, name))
        whole = self.save()
        sys.stdout.write(format_result(whole))
        sys.stdout.write(f"\nResult: {self.folder / 'gpu-check.json'}\n")
        return 0 if whole["ok"] else 1

    def give_up(self):
        """Past everything: a command could not be stopped (a GPU that hangs holds its process). What is there is written."""
        self.stages.records[-1].setdefault("seconds", 0.0)
        self.stages.records[-1].update(status="timed out", reason="its command could not be stopped")
        self.save()
        self.stages.say("gave up: a command could not be stopped")
        os._exit(1)

    # The stages.

    def facts(self):
        self.result["machine"] = {"gpu": self.gpu, **facts.machine()}
        if self.arguments.without_gpu:
            return "asked to leave the GPU alone"
        if self.gpu is None:
            raise Failure(f"{facts.why_no_gpu()}; --without-gpu does what can be done without one")
        return f"{self.gpu['name']}, compute capability {self.gpu.get('compute_cap', 'unknown')}"

    def unpack(self):
        """Node, from its compressed form."""
        if self.node.exists():
            return "already there"
        archive = next(iter(BUNDLE.glob("node.tar*")), None)
        if archive is None:
            raise Failure("Expected node.tar.xz in the bundle but found no such file")
        (BUNDLE / "node").mkdir(exist_ok=True)
        # CMake carries its own xz; tar may have none.
        self.stages.command(["cmake", "-E", "chdir", BUNDLE / "node", "cmake", "-E", "tar", "xf", archive])
        _, version = self.stages.command([self.node, "--version"])
        return f"Node {version.strip()}"

    def build(self):
        architecture = self.architecture or "90a"
        jobs = str(self.arguments.jobs or len(os.sched_getaffinity(0)))
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        include = BUNDLE / "include"
        start = time.monotonic()
        self.configure(
            [
                "cmake",
                "-S",
                BUNDLE / "native",
                "-B",
                self.build_folder,
                *generator,
                "-DCMAKE_BUILD_TYPE=Release",
                "-DPAROATTN_EMULATED=OFF",
                # The compilers here may be others, and warn of other things.
                "-DPAROATTN_WARNINGS_ARE_ERRORS=OFF",
                f"-DCMAKE_CUDA_ARCHITECTURES={self.cmake_architecture(architecture)}",
                f"-DPAROATTN_NODE_INCLUDES={include / 'node-api'};{include / 'node-addon-api'}",
            ]
        )
        # One file that does not compile must not keep the others from being tried.
        keep_going = ["-k", "0"] if generator else ["-k"]
        broken = None
        # What the later stages cannot do without comes first; the resources are of the kernels, not of their tests.
        make = ["cmake", "--build", self.build_folder, "--parallel", jobs, "--target"]
        for step in (
            lambda: self.stages.command([*make, "gpu_check", "--", *keep_going]),
            self.resources,
            lambda: self.stages.command([*make, "tests", "--", *keep_going]),
        ):
            try:
                step()
            except Failure as failure:
                broken = broken or failure
        seconds = round(time.monotonic() - start, 1)
        self.result.setdefault("build", {}).update(architecture=architecture, seconds=seconds, jobs=int(jobs))
        if broken:
            raise broken
        return f"{architecture} in {seconds} s with {jobs} jobs"

    def configure(self, command):
        """A build that another machine or another place has left in the bundle is of no use here."""
        left = (self.build_folder / "CMakeCache.txt").exists() and self.arguments.build_folder is None
        try:
            self.stages.command(command)
        except Failure:
            if not left:
                raise
            shutil.rmtree(self.build_folder)
            self.stages.command(command)

    def resources(self):
        """What the compiler says each kernel uses; a spill fails the stage, but not the others."""
        output = self.build_folder / "resources.json"
        status, _ = self.stages.command(
            [self.node, BUNDLE / "js" / "resources.mjs", self.build_folder, "--json", output], accept=(0, 1)
        )
        report = json.loads(output.read_text(encoding="utf8"))
        self.result["build"] = {"resources": report}
        if status != 0:
            raise Failure(f"{len(report['problems'])} kernels spill or the like: {report['problems'][0]}")

    @staticmethod
    def cmake_architecture(name):
        return name if "-" in name else f"{name}-real"

    def device_tests(self):
        """What the chip does with single instructions, then small problems and graphs: c_api/device_test."""
        self.needs_device()
        # The layout probe first: if it fails, nothing else can be right.
        programs = sorted(self.programs("device_*"), key=lambda path: path.name != "device_layout_probe")
        records = self.result["device_tests"] = []
        for program in programs:
            records.append(self.device_test([program, "--seed", self.seed]))
        return self.all_passed(records)

    def native_tests(self):
        """The tests of native/test, which npm test runs in the emulator."""
        self.needs_device()
        programs = self.programs("test_*")
        records = self.result["native_tests"] = []
        # Most of a test is its reference, on the CPU; some at a time.
        with ThreadPoolExecutor(max(1, min(8, len(os.sched_getaffinity(0)) // 2))) as pool:
            records.extend(pool.map(lambda test: self.device_test([test]), programs))
        return self.all_passed(records)

    def programs(self, pattern):
        found = [
            path
            for path in sorted(self.build_folder.glob(f"**/{pattern}"))
            if path.is_file() and os.access(path, os.X_OK) and not path.suffix
        ]
        if not found:
            raise Failure(f"Expected {pattern} in the build folder but found none; did the build fail?")
        return found

    @staticmethod
    def all_passed(records):
        failed = [record["name"] for record in records if record["status"] != "ok"]
        if failed:
            raise Failure(f"{len(failed)} of {len(records)} failed: {', '.join(failed)}")
        return f"{len(records)} passed"

    def device_test(self, arguments):
        start = time.monotonic()
        record = {"name": arguments[0].name, "status": "ok"}
        try:
            _, output = self.stages.command(arguments)
            record["output"] = output.strip().splitlines()[-1:]
        except Failure as failure:
            record.update(status="failed", reason=str(failure))
        record["seconds"] = round(time.monotonic() - start, 1)
        return record

    def conformance(self):
        output = self.folder / "conformance.json"
        arguments = [
            self.node,
            BUNDLE / "js" / "conformance.mjs",
            "--result",
            output,
            "--seed",
            self.seed,
            "--seconds",
            int(max(self.stages.left() - 8, 5)),
        ]
        for operator in self.arguments.only_operators:
            arguments += ["--operator", operator]
        addon = self.arguments.addon or next(iter(self.build_folder.glob("**/paroattn_cuda.node")), None)
        if addon is None:
            raise Failure("Expected paroattn_cuda.node in the build folder but found none; did the build fail?")
        output.unlink(missing_ok=True)
        try:
            opened, text = self.stages.command(
                arguments, environment={"PAROATTN_CUDA_ADDON": str(addon)}, accept=(0, 1, 3)
            )
        finally:  # A crash or a time-out leaves what was found until then.
            if output.exists():
                self.result["conformance"] = json.loads(output.read_text(encoding="utf8"))
                output.unlink()
        if opened == 3:  # The device could not be opened; the last line says why.
            sentence = text.strip().splitlines()[-1]
            if self.arguments.without_gpu:
                return f"stopped at the device: {sentence}"
            raise Failure(sentence)
        results = self.result["conformance"]
        if opened != 0 or results["failed"]:
            raise Failure(
                f"{len(results['failed'])} of {results['passed'] + len(results['failed'])} cases failed: "
                + "; ".join(case["name"] for case in results["failed"][:3])
            )
        skipped = f", {len(results['skipped'])} skipped" if results["skipped"] else ""
        return f"{results['passed']} cases passed{skipped}, seeds {results['seeds']}"

    def sanitizer(self):
        self.needs_device()
        tool = facts.compute_sanitizer()
        if tool is None:
            raise Skipped("compute-sanitizer is neither on the PATH nor in /usr/local/cuda")
        program = next(iter(self.build_folder.glob("**/device_small_problems")), None)
        if program is None:
            raise Failure("Expected device_small_problems in the build folder but found none; did the build fail?")
        records = self.result["sanitizer"] = []
        tools = ["memcheck", "racecheck", "synccheck", "initcheck"]
        for number, name in enumerate(tools):
            record = {"tool": name, "status": "ok"}
            records.append(record)
            try:
                # What is left, shared by those still to come: a slow tool must not starve the next.
                seconds = self.stages.left() / min(2, len(tools) - number)
                _, output = self.stages.command(
                    [tool, "--tool", name, "--error-exitcode", "9", program, "--small", "--seed", self.seed],
                    seconds=seconds,
                )
                record["summary"] = re.findall(r"=+ (.*SUMMARY.*)", output)[-1:]
                if not record["summary"]:
                    record.update(status="failed", reason="the tool printed no summary")
            except Failure as failure:
                record.update(status="failed", reason=str(failure))
        failed = [record["tool"] for record in records if record["status"] != "ok"]
        if failed:
            raise Failure(f"{', '.join(failed)}: see the log")
        return f"{', '.join(tools)}: no errors"

    def benchmarks(self):
        self.needs_device()
        library = next(iter(self.build_folder.glob("**/libparoattn_cuda_c.so")), None)
        if library is None:
            raise Failure("Expected libparoattn_cuda_c.so in the build folder but found none; did the build fail?")
        output = self.folder / "benchmarks.json"
        output.unlink(missing_ok=True)
        arguments = [
            sys.executable,
            "-B",
            BUNDLE / "python" / "benchmarks.py",
            "--library",
            library,
            "--result",
            output,
            "--seed",
            self.seed,
            "--seconds",
            int(max(self.stages.left() - 15, 5)),
        ]
        try:
            with facts.ClockSampler() as sampler:
                self.stages.command(arguments, echo=True)
        finally:
            self.result["clocks"]["during_benchmarks"] = sampler.summary()
            self.result["clocks"]["after"] = facts.gpu_state()
            if output.exists():
                self.result["benchmarks"] = json.loads(output.read_text(encoding="utf8"))
                output.unlink()
        cases = self.result["benchmarks"]["cases"]
        return f"{sum(case['status'] == 'ok' for case in cases)} of {len(cases)} cases measured"

    def needs_device(self):
        if self.arguments.without_gpu:
            raise Skipped("asked to leave the GPU alone")
        if self.gpu is None:
            raise Skipped("no GPU was found")


def parse():
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__.split("\n\n")[0])
    parser.add_argument("--without-gpu", action="store_true", help="everything up to the point where the device is opened")
    parser.add_argument("--arch", help="architecture to build for, such as 90a; default: this GPU's (90a without one)")
    parser.add_argument("--seed", type=int, help="of all random inputs; default: a fresh one, printed")
    parser.add_argument("--seconds", type=float, default=TOTAL_SECONDS, help="for everything together (default: %(default)s)")
    parser.add_argument("--patience", type=float, default=1.0, help="multiplies every budget, for slow machines")
    parser.add_argument("--stages", default=",".join(BUDGETS), help="some of %(default)s")
    parser.add_argument("--result", help="folder for gpu-check.json, gpu-check.txt and log.txt; default: $OUT, or ./result")
    parser.add_argument("--build-folder", help="default: build in the bundle's folder; kept, so that a second run is quick")
    parser.add_argument("--jobs", type=int, help="compilers at once; default: one a core")
    parser.add_argument("--addon", help="an addon to use in place of the one built here")
    parser.add_argument("--operator", action="append", default=[], dest="only_operators", help="conformance of this operator only; may be repeated")
    arguments = parser.parse_args()
    arguments.stages = arguments.stages.split(",")
    unknown = [name for name in arguments.stages if name not in BUDGETS]
    if unknown:
        parser.error(f"expected stages among {', '.join(BUDGETS)} but found {', '.join(unknown)}")
    return arguments


def main():
    arguments = parse()
    # Told to stop: unwind, so that what was started is stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    try:
        check = Check(arguments)
    except OSError as error:
        print(f"Cannot start: {error}", file=sys.stderr)
        return 2
    check.stages.say(f"seed {check.seed}, commit {check.result['bundle'].get('commit')}")
    signal.signal(signal.SIGALRM, lambda *_: check.give_up())
    signal.alarm(int(arguments.seconds * arguments.patience) + 15)
    return check.run()


if __name__ == "__main__":
    sys.exit(main())
