"""What benchmarks share: the context they run in, and cases that are recorded whether they succeed, fail or are skipped."""

import sys
import time
import traceback
from dataclasses import dataclass, field

import torch


@dataclass
class Context:
    library: object
    clock: object
    sizes: object
    seed: int
    deadline: float  # of time.monotonic()
    cases: list = field(default_factory=list)
    save: object = None  # called after every case, so that a time-out loses nothing

    @property
    def device(self):
        return self.clock.device

    def generator(self, salt):
        """Fresh random numbers: another salt, other inputs."""
        return torch.Generator(device=self.device).manual_seed(self.seed * 1_000_003 + salt)

    def case(self, name, body, needs_seconds=0.0):
        """Runs body() -> dict of results and records it. needs_seconds: skipped when less is left."""
        left = self.deadline - time.monotonic()
        start = time.monotonic()
        if left < needs_seconds:
            record = {
                "name": name,
                "status": "skipped",
                "reason": f"Expected {needs_seconds:.0f} s of the stage's time to be left but found {max(left, 0):.0f} s",
            }
        else:
            try:
                record = {"name": name, "status": "ok", **body()}
                wrong = [who for who, check in record.get("checks", {}).items() if not check["ok"]]
                if wrong:
                    record["status"] = "failed"
                    record["reason"] = f"Wrong results: {', '.join(wrong)}"
            except Exception as error:  # One case's failure must not take the others along.
                traceback.print_exc()
                record = {"name": name, "status": "failed", "reason": f"{type(error).__name__}: {error}"}
        record["seconds"] = round(time.monotonic() - start, 2)
        self.cases.append(record)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        reason = f" ({record['reason']})" if "reason" in record else ""
        print(f"  {name}: {record['status']}{reason}, {record['seconds']} s", file=sys.stderr, flush=True)
        if self.save is not None:
            self.save()
        return record


def teraflops(flops, milliseconds):
    """Rate of so many operations in that time."""
    return flops / (milliseconds * 1e-3) / 1e12
