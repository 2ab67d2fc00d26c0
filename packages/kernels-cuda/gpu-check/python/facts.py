"""What there is to know about the machine, and its clocks while it works. No third-party modules."""

import platform
import re
import shutil
import subprocess
import threading

FIELDS = [
    "name",
    "driver_version",
    "pstate",
    "clocks.sm",
    "clocks.mem",
    "clocks.max.sm",
    "clocks.max.mem",
    "power.draw",
    "power.limit",
    "temperature.gpu",
    "memory.total",
    "memory.used",
    "compute_cap",
    "clocks_throttle_reasons.active",
]


def run(command, seconds=20):
    """Output of a command, or None where it is missing, fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def gpu_state():
    """Field -> text, as nvidia-smi has it now; None where there is no GPU to ask."""
    state = query(FIELDS)
    if state is None and query(["name"]) is not None:
        # A field that this driver does not know spoils the whole query.
        state = {}
        for field in FIELDS:
            state.update(query([field]) or {})
    return state


def query(fields):
    """Field -> text; None if nvidia-smi does not answer."""
    output = run(["nvidia-smi", "-i", "0", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"])
    if not output:
        return None
    return dict(zip(fields, (value.strip() for value in output.splitlines()[0].split(","))))


def why_no_gpu():
    """One sentence, where gpu_state() has nothing to say."""
    if shutil.which("nvidia-smi") is None:
        return "Expected nvidia-smi, which comes with the NVIDIA driver, but found no driver on this machine"
    return "Expected nvidia-smi to show a GPU but found none"


def compute_sanitizer():
    """Its path, or None."""
    return shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")


def machine():
    nvcc = run(["nvcc", "--version"]) or ""
    release = re.search(r"release ([\d.]+), V([\d.]+)", nvcc)
    return {
        "nvcc": release.group(2) if release else None,
        "cmake": ((run(["cmake", "--version"]) or "").splitlines() or [None])[0],
        "compiler": ((run(["g++", "--version"]) or "").splitlines() or [None])[0],
        "compute_sanitizer": compute_sanitizer(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "processor": platform.machine(),
    }


class ClockSampler:
    """Samples clocks, power and temperature every half second between enter and exit."""

    SAMPLED = ["clocks.sm", "clocks.mem", "power.draw", "temperature.gpu"]

    def __init__(self, milliseconds=500):
        self._milliseconds = milliseconds
        self._process = None
        self.samples = []

    def __enter__(self):
        command = [
            "nvidia-smi",
            "-i",
            "0",
            f"--query-gpu={','.join(self.SAMPLED)}",
            "--format=csv,noheader,nounits",
            "-lms",
            str(self._milliseconds),
        ]
        try:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        except OSError:
            return self
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self):
        for line in self._process.stdout:
            try:
                self.samples.append([float(value) for value in line.split(",")])
            except ValueError:
                continue

    def __exit__(self, *_):
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._reader.join(timeout=5)

    def summary(self):
        """Field -> least, median and greatest; None where nothing was sampled."""
        if not self.samples:
            return None
        result = {"samples": len(self.samples)}
        for at, name in enumerate(self.SAMPLED):
            values = sorted(sample[at] for sample in self.samples)
            result[name] = {"least": values[0], "median": values[len(values) // 2], "greatest": values[-1]}
        return result
