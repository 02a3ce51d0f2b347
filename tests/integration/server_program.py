"""One of our programs as a process of its own, for tests that must see it from outside or kill it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.cleartext import NO_TLS
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0  # importing alibi-detect alone can take a minute on a busy machine


class ServerProgram:
    """`python -m MODULE`, or a command of it, with some settings; its output goes to a file."""

    def __init__(
        self, module: str, output: Path, settings: Mapping[str, object], python: str = sys.executable
    ) -> None:
        self.output = output
        self.port = free_port()
        self._python = python
        self._module = module
        self._settings = {name: str(value) for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; it is not ready yet."""
        environment = os.environ | {"HOST": "127.0.0.1", "PORT": str(self.port), **self._settings}
        command = [self._python, "-m", *self._module.split()]
        with self.output.open("ab") as file:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)

    def wait_until_ready(self) -> None:
        """Wait for /readyz."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert self.running, self.output.read_text()
            try:
                if self.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError(self.output.read_text())

    @property
    def running(self) -> bool:
        """Tell whether the process has not ended."""
        return self._process is not None and self._process.poll() is None

    def get(self, path: str) -> httpx.Response:
        """Get a path."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10, verify=NO_TLS)

    def post(self, path: str, body: Any) -> httpx.Response:
        """Post JSON to a path."""
        return httpx.post(f"http://127.0.0.1:{self.port}{path}", json=body, timeout=120, verify=NO_TLS)

    def kill(self) -> None:
        """End the process by SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """End the process by SIGTERM and return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    def wait(self) -> int:
        """Wait for the process to end by itself and return its exit code."""
        assert self._process is not None
        try:
            return self._process.wait(START_SECONDS)
        finally:
            self._process.kill()

    def wait_until_gone(self) -> None:
        """Wait until somebody has killed the process."""
        assert self._process is not None
        self._process.wait(START_SECONDS)

    def lines(self) -> list[dict[str, Any]]:
        """Return the log; every line must be JSON."""
        return [json.loads(line) for line in self.output.read_text().splitlines()]
