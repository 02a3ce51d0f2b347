"""The shipped nginx configuration, run by the installed nginx on free ports before two tiny servers."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import httpx
import pytest

from local.addresses import Addresses
from local.nginx_config import NginxPlace, nginx_version, render_folder
from local.packages import find_program

PROJECT = Path(__file__).parents[3]


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(done: Callable[[], bool], seconds: float = 10.0) -> float:
    """Return after how many seconds something became true; fail where it did not."""
    started = time.monotonic()
    while not done():
        assert time.monotonic() - started < seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - started


class Slot(ThreadingHTTPServer):
    """A model server's place-taker: answers with its name, and remembers what it was asked."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str, port: int = 0) -> None:
        self.name = name
        self.seen: list[str] = []
        self.breaks = False
        self.status = 200
        super().__init__(("127.0.0.1", port), Handler)
        self.thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """Close the listener: connections are refused from now on."""
        self.shutdown()
        self.server_close()
        self.thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answers of a Slot."""

    server: Slot

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(self.headers.get("X-Request-ID", ""))
        if self.server.breaks:
            return  # the connection closes without an answer
        self.send_response(self.server.status)
        self.send_header("X-Slot", self.server.name)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"body")

    do_GET = do_POST = answer  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output clean."""


@dataclass
class Stack:
    """A running nginx with its files, its two slots and, where started, its watcher."""

    folder: Path
    temporary: Path
    slots: dict[str, Slot]
    ports: dict[int, int] = field(
        default_factory=lambda: {port: free_port() for port in (80, 8000, 8001, 8081)}
    )

    @property
    def source(self) -> Path:
        """Return the folder that a person edits."""
        return self.folder / "nginx"

    @property
    def rendered(self) -> Path:
        """Return the folder that nginx reads."""
        return self.folder / "rendered"

    @property
    def log(self) -> Path:
        """Return the access log."""
        return self.folder / "access.log"

    def render(self) -> None:
        """Fill the folder that nginx reads."""
        slots = {name: slot.address for name, slot in self.slots.items()}
        listeners = {port: f"127.0.0.1:{free}" for port, free in self.ports.items()}
        place = NginxPlace(Addresses(slots, listeners, {}), self.temporary, nginx_version())
        render_folder(self.source, self.rendered, place)

    def url(self, port: int) -> str:
        """Return the address of one of nginx's listeners, by its port in the container."""
        return f"http://127.0.0.1:{self.ports[port]}"

    def answers(self) -> bool:
        """Return whether nginx serves."""
        try:
            return httpx.get(f"{self.url(8081)}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def edit(self, old: str, new: str) -> None:
        """Save default.conf with a change, as editors do: a new file takes the old one's place."""
        path = self.source / "default.conf"
        text = path.read_text()
        assert old in text
        draft = path.with_suffix(".swp")
        draft.write_text(text.replace(old, new))
        draft.replace(path)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Return a folder that the workers of a root's nginx can reach; pytest's own are closed to them."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def stack(tmp_path: Path, temporary: Path) -> Iterator[Stack]:
    """Run nginx, without the watcher."""
    slots = {name: Slot(name) for name in ("model_server", "model_server_new")}
    running = Stack(tmp_path, temporary, slots)
    copytree(PROJECT / "nginx", running.source)
    running.render()
    command = [find_program("nginx") or "nginx", "-c", str(running.rendered / "nginx.conf")]
    with (
        running.log.open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as nginx,
    ):
        try:
            wait_for(running.answers)
            yield running
        finally:
            nginx.terminate()
            nginx.wait(timeout=10)
            for slot in slots.values():
                slot.stop()


@pytest.fixture
def watcher_log(stack: Stack) -> Iterator[Path]:
    """Run the watcher, rendering as the local way does; return what it writes."""
    render = stack.folder / "render.py"
    slots = {name: slot.address for name, slot in stack.slots.items()}
    listeners = {port: f"127.0.0.1:{free}" for port, free in stack.ports.items()}
    render.write_text(
        f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n"
        "from pathlib import Path\n"
        "from local.addresses import Addresses\n"
        "from local.nginx_config import NginxPlace, nginx_version, render_folder\n"
        f"place = NginxPlace(Addresses({slots!r}, {listeners!r}, {{}}),"
        f" Path({str(stack.temporary)!r}), nginx_version())\n"
        f"render_folder(Path({str(stack.source)!r}), Path({str(stack.rendered)!r}), place)\n"
    )
    environment = {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "NGINX_FOLDER": str(stack.rendered),
        "NGINX_PID": str(stack.temporary / "nginx.pid"),
        "NGINX_RENDER": f"'{sys.executable}' '{render}'",
    }
    command = ["sh", str(PROJECT / "nginx" / "reload_watcher.sh"), str(stack.source)]
    log = stack.folder / "watcher.log"
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stderr=output) as watcher:
        try:
            wait_for(lambda: "watching" in log.read_text())
            yield log
        finally:
            watcher.kill()
