"""`python -m model_server` as a process of its own, on free ports."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from service.token import SharedToken
from tests.cleartext import NO_TLS
from tests.colour_model import colour_image
from tests.ports import free_port
from tests.waiting import until

PROJECT = Path(__file__).parents[2]


class ModelServerProgram:
    """A running model server; its log is below `folder`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.internal_port = free_port()
        self.internal_url = f"http://127.0.0.1:{self.internal_port}"
        self.token = SharedToken(None, folder / "release/token")
        self.log = folder / "server.log"
        self.environment = {
            **os.environ,
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "INTERNAL_PORT": str(self.internal_port),
            "RELEASE_TOKEN_FILE": str(self.token.file),
            "CPU_THREADS": "1",
            **environment,
        }
        self.process = self.run("model_server")

    def run(self, module: str) -> subprocess.Popen[bytes]:
        """Start a module with the server's environment; its output goes to the log."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", module]
            return subprocess.Popen(command, cwd=PROJECT, env=self.environment, stdout=log, stderr=log)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    def wait_until_ready(self) -> None:
        """Wait until it can answer."""
        until("ready", lambda: self.answers("/readyz"), 60)

    def answers(self, path: str) -> bool:
        """Tell whether a GET is answered 200; fails when the process has ended."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(self.url + path, verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    def predict(self, request_id: str) -> httpx.Response:
        """Send a red image."""
        files = {"file": ("red.png", colour_image("red"), "image/png")}
        headers = {"X-Request-ID": request_id}
        return httpx.post(f"{self.url}/predict", files=files, headers=headers, verify=NO_TLS)

    def metric(self, series: str) -> float:
        """Return the value of the first series that begins like this."""
        lines = httpx.get(f"{self.url}/metrics", verify=NO_TLS).text.splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))

    def stop(self) -> int:
        """Ask it to end, and return how it did."""
        self.process.terminate()
        return self.process.wait(30)
