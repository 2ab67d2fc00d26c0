"""Runs stages under a budget each, and records how each went. No third-party modules."""

import os
import signal
import subprocess
import sys
import threading
import time


class Failure(Exception):
    """A stage did not reach its goal; the message says why in one sentence."""


class TimedOut(Failure):
    """A stage's command was stopped at its budget."""


class Skipped(Exception):
    """A stage was not run; the message says why."""


class Stages:
    """Runs stages one after another inside a total of `seconds`, and calls `save` after each."""

    def __init__(self, seconds, log, save):
        self._end = time.monotonic() + seconds
        self._log, self._save = log, save
        self._stage_end = self._end
        self._lock = threading.Lock()
        self.records = []

    def left(self):
        """Seconds of the running stage's budget, or of the whole where none runs."""
        return min(self._end, self._stage_end) - time.monotonic()

    def run(self, name, budget, body):
        """Runs body(); True if it went well. Failures are recorded, and the next stage can go on."""
        start = time.monotonic()
        self._stage_end = min(self._end, start + budget)
        record = {"name": name, "status": "ok", "budget_seconds": budget}
        self.records.append(record)
        self.say(f"{name} ...")
        try:
            if self.left() <= 1:
                raise Skipped("no time was left")
            note = body()
            if note:
                record["note"] = note
        except Skipped as reason:
            record.update(status="skipped", reason=str(reason))
        except TimedOut as reason:
            record.update(status="timed out", reason=str(reason))
        except Failure as reason:
            record.update(status="failed", reason=str(reason))
        except Exception as error:  # A fault of ours in one stage must not take the others along.
            record.update(status="failed", reason=f"{type(error).__name__}: {error}")
        except BaseException:  # Told to stop: what was found until now is kept.
            record.update(status="timed out", reason="the whole was stopped")
            record["seconds"] = round(time.monotonic() - start, 1)
            self._save()
            raise
        self._stage_end = self._end
        record["seconds"] = round(time.monotonic() - start, 1)
        reason = f": {record['reason']}" if "reason" in record else ""
        self.say(f"{name}: {record['status']}{reason} ({record['seconds']} s)")
        self._save()
        return record["status"] == "ok"

    def say(self, text):
        print(text, file=sys.stderr, flush=True)
        self._log.write(f"== {text}\n")
        self._log.flush()

    def command(self, arguments, seconds=None, environment=None, accept=(0,), echo=False):
        """Runs a command within the stage's budget (or `seconds`, if less) and returns (exit status, output).

        Its output goes to the log. Raises TimedOut, or Failure for an exit status outside `accept`.
        """
        limit = min(self.left(), seconds if seconds is not None else self.left())
        words = " ".join(str(argument) for argument in arguments)
        try:
            process = subprocess.Popen(
                [str(argument) for argument in arguments],
                stdout=subprocess.PIPE,
                stderr=None if echo else subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        except OSError as error:
            raise Failure(f"Cannot run {arguments[0]}: {error.strerror}") from error
        try:
            output, _ = process.communicate(timeout=max(limit, 0.1))
        except subprocess.TimeoutExpired:
            _kill_session(process.pid)
            output, _ = process.communicate()
            self._keep(words, output)
            raise TimedOut(f"'{_short(words)}' was stopped after {limit:.0f} s") from None
        except BaseException:  # Told to stop: what was started must not go on alone.
            _kill_session(process.pid)
            raise
        self._keep(words, output)
        if process.returncode not in accept:
            last = ([line for line in output.strip().splitlines() if line.strip()] or ["no output"])[-1]
            raise Failure(f"'{_short(words)}' ended with {process.returncode}: {last[:300]}")
        return process.returncode, output

    def _keep(self, words, output):
        with self._lock:
            self._log.write(f"$ {words}\n{output}")
            self._log.flush()


def _kill_session(leader):
    """Kills every process of a session that a command of ours has begun: Ninja gives each compiler a group of its own."""
    for _ in range(10):
        members = [pid for pid in _processes() if _session_of(pid) == leader]
        if not members:
            return
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        # What was forked meanwhile is met in the next round.
        time.sleep(0.05)


def _processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _session_of(pid):
    """The session of a process that still runs; None for one that has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf8", errors="replace") as file:
            # The name, in parentheses, may hold anything.
            state, _, _, session = file.read().rpartition(")")[2].split()[:4]
    except OSError:
        return None
    return None if state == "Z" else int(session)


def _short(words):
    return words if len(words) <= 120 else f"{words[:100]} ... {words[-15:]}"
