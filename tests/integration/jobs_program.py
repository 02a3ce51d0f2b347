"""The job server, its workers and RabbitMQ, as processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from job_server.job import ENDED
from stack.plain.rabbitmq import end_epmd, rabbitmq
from tests.cleartext import NO_TLS
from tests.integration.server_program import ROOT, ServerProgram
from tests.ports import free_port
from tests.waiting import until


class RabbitmqServer:
    """A RabbitMQ that a test can stop and start again with its queues kept."""

    def __init__(self, folder: Path) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        self._inner_port = free_port()
        while free_port() != self._inner_port + 1:  # two that follow each other
            self._inner_port = free_port()
        self._program = rabbitmq(
            folder, "127.0.0.1", self.port, inner_port=self._inner_port, metrics_port=self.metrics_port
        )
        self._log = folder / "rabbitmq.log"
        folder.mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Return its address."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        environment = {**os.environ, **self._program.environment}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._program.command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        until("RabbitMQ listens", self._listens, 120)

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    @contextmanager
    def running(self) -> Iterator["RabbitmqServer"]:
        """Give it once it listens; end it in the end."""
        try:
            self.start()
            yield self
        finally:
            self.stop()

    def stop(self) -> None:
        """End it, and the daemon that outlives it."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(60)
            self._process = None
        end_epmd(self._inner_port + 1)

    def control(self, *words: str) -> None:
        """Have it do something, by its own command."""
        environment = {**os.environ, **self._program.environment}
        command = ["/usr/lib/rabbitmq/bin/rabbitmqctl", *words]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


class WorkerProgram:
    """`python -m job_server.worker` with its child; killed together, as a container's are."""

    def __init__(self, log: Path, settings: Mapping[str, object]) -> None:
        self._log = log
        self._settings = {name: str(value) for name, value in settings.items()}
        self.start()

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "job_server.worker"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | self._settings,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def children(self) -> list[int]:
        """Return the processes that it has forked to predict."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(one) for one in path.read_text().split()] if path.exists() else []

    def kill(self) -> None:
        """End all of it at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = 60) -> int:
        """Have it finish what it holds."""
        self.process.terminate()
        return self.process.wait(seconds)


class JobsProgram:
    """A job server with its workers."""

    def __init__(
        self, folder: Path, mongodb_uri: str, rabbitmq_uri: str, package: Path, **more: object
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.settings = {
            "MONGODB_URI": mongodb_uri,
            "RABBITMQ_URI": rabbitmq_uri,
            "MODEL_PACKAGE": package,
            "KEPT_PACKAGES": folder / "packages",
            "SPOOL": folder / "spool",
            "PUBLISH_INTERVAL_SECONDS": 0.1,
            **more,
        }
        self.server = ServerProgram("job_server", folder / "server.log", self.settings)
        self.server.start()
        self.workers: list[WorkerProgram] = []

    def add_worker(self) -> WorkerProgram:
        """Start one more worker."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(WorkerProgram(log, self.settings))
        return self.workers[-1]

    def restart_server(self, **more: object) -> None:
        """Have the server start again, with some settings changed."""
        self.server.kill()
        self.server = ServerProgram("job_server", self.folder / "server.log", {**self.settings, **more})
        self.server.start()
        self.server.wait_until_ready()

    @contextmanager
    def running(self, workers: int = 1) -> Iterator["JobsProgram"]:
        """Give it with so many workers once it is ready; kill all in the end."""
        try:
            for _ in range(workers):
                self.add_worker()
            self.server.wait_until_ready()
            yield self
        finally:
            self.end()

    def end(self) -> None:
        """Kill all."""
        for one in self.workers:
            if one.process.poll() is None:
                one.kill()
        self.server.kill()

    @property
    def url(self) -> str:
        """Return the server's address."""
        return f"http://127.0.0.1:{self.server.port}"

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Ask the server."""
        return httpx.request(method, f"{self.url}{path}", timeout=120, verify=NO_TLS, **arguments)

    def submit(self, content: bytes, content_type: str, **headers: str) -> dict[str, Any]:
        """Hand a job in."""
        answer = self.request(
            "POST", "/jobs", content=content, headers={"Content-Type": content_type, **headers}
        )
        assert answer.status_code in {200, 202}, answer.text
        return dict(answer.json())

    def job(self, job: str) -> dict[str, Any]:
        """Return how far a job is."""
        return dict(self.request("GET", f"/jobs/{job}").json())

    def wait_for(self, job: str, seconds: float = 120) -> dict[str, Any]:
        """Wait until a job has ended."""
        until("the job has ended", lambda: self.job(job)["state"] in ENDED, seconds)
        return self.job(job)

    def results(self, job: str) -> list[dict[str, Any]]:
        """Return a job's results."""
        lines = self.request("GET", f"/jobs/{job}/results").text.splitlines()
        return [json.loads(line) for line in lines]


def csv_of(rows: Iterable[Iterable[float]], names: Iterable[str]) -> bytes:
    """Return a table."""
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    return ("\n".join(lines) + "\n").encode()
