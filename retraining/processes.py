"""The process that learns: there is one at a time, and it ends with this program."""

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from retraining.runs.running import NotNow

LAST_BYTES, MOST_SHOWN = 4000, 500


class ProcessFailed(Exception):
    """The process ended with an error, or took too long; the message has its last lines."""


class Processes:
    """Runs commands to their end, until it is stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def run(self, command: Sequence[str], log: Path, seconds: float) -> None:
        """Run a command, with all that it says in `log`.

        Raises:
            ProcessFailed: it has not succeeded.
            NotNow: this program ends.
        """
        with log.open("wb") as output:
            with self._lock:
                if self._is_stopped:
                    raise NotNow("this program ends")
                self._process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603 - our own
            try:
                code = self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise ProcessFailed(f"it took longer than {seconds:g} s") from None
        if self._is_stopped:
            raise NotNow("this program ends")
        if code:
            raise ProcessFailed(f"exit code {code}: {last_lines(log)}")

    def stop(self) -> None:
        """End the process that runs now, and let none begin."""
        with self._lock:
            self._is_stopped = True
            if self._process is not None:
                self._process.kill()


def last_lines(log: Path) -> str:
    """Return the end of a log, without what progress bars have drawn over."""
    text = log.read_bytes()[-LAST_BYTES:].decode("utf-8", "replace")
    lines = [line.rpartition("\r")[2].strip() for line in text.split("\n")]
    return " / ".join(line for line in lines if line)[-MOST_SHOWN:]
