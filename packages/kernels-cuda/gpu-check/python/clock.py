"""Where a benchmark runs, and how its time is taken: CUDA events on a GPU, the host's clock in the emulator."""

import ctypes
import math
import statistics
import time

import torch


class CudaClock:
    """Times what is enqueued on the current stream. Marks are cheap: the host never waits between contenders."""

    def __init__(self):
        self.device = torch.device("cuda", torch.cuda.current_device())

    def stream(self):
        return torch.cuda.current_stream().cuda_stream

    def place(self, tensor):
        """The tensor where kernels can read and write it."""
        return tensor.to(self.device)

    def empty(self, size, dtype):
        return torch.empty(size, dtype=dtype, device=self.device)

    def mark(self):
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def milliseconds(self, start, end):
        return start.elapsed_time(end)

    def synchronize(self):
        torch.cuda.synchronize()


class HostClock:
    """For the emulator, where only whether things run and agree is of interest; its times mean nothing."""

    def __init__(self, library):
        self.device = torch.device("cpu")
        self._library = library

    def stream(self):
        return 0

    def place(self, tensor):
        copy = self.empty(tuple(tensor.shape), tensor.dtype)
        copy.copy_(tensor)
        return copy

    def empty(self, size, dtype):
        # The emulator watches over its own allocations, so tensors must lie in them. They are never freed: sizes are tiny.
        size = tuple(size)
        bytes_needed = max(math.prod(size) * dtype.itemsize, 16)
        address = ctypes.c_void_p()
        self._library.call("allocate", ctypes.byref(address), bytes_needed)
        memory = (ctypes.c_char * bytes_needed).from_address(address.value)
        return torch.frombuffer(memory, dtype=dtype, count=math.prod(size)).reshape(size)

    def mark(self):
        self.synchronize()
        return time.perf_counter()

    def milliseconds(self, start, end):
        return (end - start) * 1e3

    def synchronize(self):
        self._library.call("synchronize")


def time_interleaved(clock, contenders, inputs, passes, warmup=2):
    """Runs every contender once a pass, in rotating order, each pass on the next of `inputs`.

    contenders: name -> function(input). Returns name -> [milliseconds], one a pass.
    """
    names = list(contenders)
    for index in range(warmup):
        for name in names:
            contenders[name](inputs[index % len(inputs)])
    clock.synchronize()
    marks = {name: [] for name in names}
    for index in range(passes):
        at = index % len(names)
        for name in names[at:] + names[:at]:
            start = clock.mark()
            contenders[name](inputs[index % len(inputs)])
            marks[name].append((start, clock.mark()))
    clock.synchronize()
    return {name: [clock.milliseconds(*pair) for pair in pairs] for name, pairs in marks.items()}


def summarize(samples):
    """Milliseconds: median, best, worst, quartiles and how many."""
    ordered = sorted(samples)
    quarter = len(ordered) // 4
    return {
        "median_ms": statistics.median(ordered),
        "best_ms": ordered[0],
        "worst_ms": ordered[-1],
        "lower_quartile_ms": ordered[quarter],
        "upper_quartile_ms": ordered[-1 - quarter],
        "samples": len(ordered),
    }


def merge(rounds):
    """Samples of several rounds, by contender."""
    merged = {}
    for samples in rounds:
        for name, values in samples.items():
            merged.setdefault(name, []).extend(values)
    return merged
