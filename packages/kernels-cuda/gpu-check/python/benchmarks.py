"""Runs the benchmarks and writes one JSON file, after every case anew.

python3 benchmarks.py --library libparoattn_cuda_c.so --result benchmarks.json [--seed N] [--seconds 180] [--tiny] [--only NAME,...]
"""

import argparse
import contextlib
import json
import os
import secrets
import sys
import time

import torch

import bench_dense
import bench_front
import bench_prefetch
import bench_sparse
import bench_statistics
from cases import Context
from clock import CudaClock, HostClock
from library import Library
from sizes import FULL, TINY

# The most telling first, in case the time runs out.
BENCHMARKS = {
    "dense": bench_dense.run,
    "sparse": bench_sparse.run,
    "front": bench_front.run,
    "statistics": bench_statistics.run,
    "prefetch": bench_prefetch.run,
}


def main():
    arguments = parse()
    library = Library(arguments.library)
    clock = HostClock(library) if library.emulated else CudaClock()
    context = Context(
        library=library,
        clock=clock,
        sizes=TINY if arguments.tiny or library.emulated else FULL,
        seed=arguments.seed if arguments.seed is not None else secrets.randbelow(2**31),
        deadline=time.monotonic() + arguments.seconds,
    )
    facts = {
        "seed": context.seed,
        "emulated": library.emulated,
        "device": library.device_facts(),
        "torch": torch.__version__,
        "torch_cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if torch.backends.cudnn.is_available() else None,
    }

    def save():
        temporary = arguments.result + ".part"
        with open(temporary, "w", encoding="utf8") as file:
            json.dump({**facts, "cases": context.cases}, file, indent=1)
        os.replace(temporary, arguments.result)

    context.save = save
    save()
    print(f"seed {context.seed}, {facts['device']['name']}, torch {torch.__version__}", file=sys.stderr)
    # Not the default stream, with which other streams (that of the mask prefetch) would take turns.
    with contextlib.nullcontext() if library.emulated else torch.cuda.stream(torch.cuda.Stream()):
        if not library.emulated:
            warm_up(context.device)
        for name in arguments.only:
            BENCHMARKS[name](context)
    failed = [case["name"] for case in context.cases if case["status"] == "failed"]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", required=True)
    parser.add_argument("--result", required=True)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--tiny", action="store_true", help="sizes of a trial; always in the emulator")
    parser.add_argument("--only", default=",".join(BENCHMARKS))
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    unknown = [name for name in arguments.only if name not in BENCHMARKS]
    if unknown:
        parser.error(f"Expected --only to name some of {', '.join(BENCHMARKS)} but found {', '.join(unknown)}")
    return arguments


def warm_up(device, seconds=2.0):
    """Brings the clocks up; the first second of a cold GPU says little."""
    matrix = torch.randn(8192, 8192, device=device, dtype=torch.bfloat16)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(10):
            matrix @ matrix
        torch.cuda.synchronize()


if __name__ == "__main__":
    sys.exit(main())
