"""The shipped nginx configuration, run by the installed nginx on free ports before two tiny servers."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from signal import SIGHUP
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from proxy.body_limit import DEFAULT_BYTES
from proxy.render import Source, source_of
from proxy.routing import Routing, checksum, written
from stack.plain.addresses import Addresses
from stack.plain.nginx_config import NginxPlace, nginx_version, render_folder
from stack.plain.packages import find_program
from tests.cleartext import NO_TLS
from tests.ports import free_port

PROJECT = Path(__file__).parents[3]


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
        self.patience: list[str | None] = []
        self.bodies: list[tuple[str, bytes]] = []
        self.paths: list[str] = []
        self.traffic: list[list[str]] = []  # whatever a request says of itself
        self.slow_seconds = 0.0
        self.sends_on = ""  # a location of nginx's that a refused request goes to
        self.sends_on_the_impatient = ""
        self.patient_seconds = 0.0
        self.breaks = False
        self.hangs = False
        self.end = Event()
        self.status = 200
        super().__init__(("127.0.0.1", port), Handler)
        self.thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """Close the listener: connections are refused from now on. Then end what is under way."""
        self.shutdown()
        self.server_close()
        self.end.set()
        self.thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answers of a Slot."""

    server: Slot

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        patience = self.headers.get("X-Patience")
        self.server.bodies.append((self.command, body))
        self.server.seen.append(self.headers.get("X-Request-ID", ""))
        self.server.patience.append(patience)
        self.server.paths.append(self.path)
        self.server.traffic.append(self.headers.get_all("X-Traffic", []))
        if self.server.slow_seconds:
            self.server.end.wait(self.server.slow_seconds)
        if self.server.breaks and self.path != "/readyz":
            return  # the connection closes without an answer
        if self.server.hangs:
            self.server.end.wait()
            return
        if patience == "long":
            self.server.end.wait(self.server.patient_seconds)
        impatient = self.server.sends_on_the_impatient if patience != "long" else ""
        refuses = self.server.sends_on or impatient
        self.send_response(503 if refuses else self.server.status)
        if refuses:
            if patience != "last" or impatient:  # what the other slot has refused is not sent back
                self.send_header("X-Accel-Redirect", refuses)
            self.send_header("Content-Type", "application/problem+json")
        self.send_header("X-Slot", self.server.name)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"body")

    do_GET = do_POST = do_PUT = answer  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output clean."""


@dataclass
class Stack:
    """A running nginx with its files, its two slots and, where started, its watcher."""

    folder: Path
    temporary: Path
    slots: dict[str, Slot]
    more: dict[str, list[str]] = field(default_factory=dict)  # addresses of further replicas
    scraped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    most_body_bytes: int = DEFAULT_BYTES
    ports: dict[int, int] = field(
        default_factory=lambda: {port: free_port() for port in (80, 8000, 8001, 8081, 8082, 8083)}
    )

    @property
    def source(self) -> Source:
        """Return what a person edits."""
        return source_of(self.folder)

    @property
    def rendered(self) -> Path:
        """Return the folder that nginx reads."""
        return self.folder / "rendered"

    @property
    def log(self) -> Path:
        """Return the access log."""
        return self.folder / "access.log"

    @property
    def replicas(self) -> Path:
        """Return a file that takes the place of what counts the replicas."""
        return self.folder / "replicas"

    def render(self) -> None:
        """Fill the folder that nginx reads."""
        slots = {name: (slot.address, *self.more.get(name, ())) for name, slot in self.slots.items()}
        listeners = {port: f"127.0.0.1:{free}" for port, free in self.ports.items()}
        place = NginxPlace(
            Addresses(slots, listeners, self.scraped), self.temporary, nginx_version(), self.most_body_bytes
        )
        render_folder(self.source, self.rendered, place)

    def url(self, port: int) -> str:
        """Return the address of one of nginx's listeners, by its port in the container."""
        return f"http://127.0.0.1:{self.ports[port]}"

    def answers(self) -> bool:
        """Return whether nginx serves."""
        try:
            return httpx.get(f"{self.url(8081)}/healthz", verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def split(self) -> str:
        """Return the text of default.conf."""
        return self.source.split.read_text()

    def route(self, weights: Mapping[str, int], **rest: Any) -> str:
        """Write a routing (proxy.routing) into default.conf; return its checksum."""
        text = written(self.split, Routing(weights, **rest))
        self.source.split.write_text(text)
        return checksum(text)

    def configuration(self) -> str:
        """Return the checksum that nginx answers with."""
        return httpx.get(f"{self.url(8081)}/configuration", verify=NO_TLS).text.strip()

    def reload(self) -> None:
        """Let nginx read its folder, rendered anew, and wait until that counts."""
        self.render()
        before = self._accepting()
        os.kill(self._pid, SIGHUP)
        wait_for(lambda: self.configuration() == checksum(self.split) and not before & self._accepting())

    @property
    def _pid(self) -> int:
        return int((self.temporary / "nginx.pid").read_text())

    def _accepting(self) -> set[str]:
        """Return nginx's processes but those that only finish what they have."""
        children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        titles = {child: Path(f"/proc/{child}/cmdline") for child in children}
        return {child for child, title in titles.items() if "shutting down" not in _read(title)}

    def edit(self, old: str, new: str, name: str = "default.conf") -> None:
        """Save a file with a change, as editors do: a new file takes the old one's place."""
        path = self.source.path(name)
        text = path.read_text()
        assert old in text
        draft = path.with_suffix(".swp")
        draft.write_text(text.replace(old, new))
        draft.replace(path)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has just ended
        return "shutting down"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Return a folder that the workers of a root's nginx can reach; pytest's own are closed to them."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def stopped(tmp_path: Path, temporary: Path) -> Iterator[Stack]:
    """Return a stack whose nginx does not run yet, so that a test may change its files."""
    slots = {name: Slot(name) for name in ("model_server", "model_server_new")}
    stack = Stack(tmp_path, temporary, slots)
    for name in ("nginx", "proxy"):
        copytree(PROJECT / name, stack.folder / name)
    stack.replicas.write_text("model_server=1")
    yield stack
    for slot in slots.values():
        slot.stop()


@dataclass
class Renderer:
    """The program that renders, with this stack's addresses, each as often as `Stack.replicas` says."""

    command: list[str]
    log: Path

    def start(self) -> None:
        """Start it, again where it was killed."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=subprocess.STDOUT)

    def kill(self) -> None:
        """End it as the kernel would."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def renderer(stack: Stack) -> Iterator[Renderer]:
    """Run what renders."""
    slots = {name: slot.address for name, slot in stack.slots.items()}
    listeners = {port: f"127.0.0.1:{free}" for port, free in stack.ports.items()}
    program = stack.folder / "render.py"
    program.write_text(
        f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n"
        "from pathlib import Path\n"
        "from proxy.render import keep_rendered, source_of\n"
        "from stack.plain.addresses import Addresses\n"
        "from stack.plain.nginx_config import NginxPlace, nginx_version, rendering\n"
        "def replicas():\n"
        f"    written = dict(pair.split('=') for pair in Path({str(stack.replicas)!r}).read_text().split())\n"
        f"    return {{slot: int(written.get(slot, 1)) for slot in {list(slots)!r}}}\n"
        "def render(look):\n"
        f"    slots = {{slot: ({slots!r}[slot],) * count for slot, count in replicas().items()}}\n"
        f"    addresses = Addresses(slots, {listeners!r}, {{}})\n"
        f"    return rendering(NginxPlace(addresses, Path({str(stack.temporary)!r}), version))(look)\n"
        "version = nginx_version()\n"
        f"source, target = source_of(Path({str(stack.folder)!r})), Path({str(stack.rendered)!r})\n"
        "keep_rendered(source, target, replicas, render)\n"
    )
    running = Renderer([sys.executable, str(program)], stack.folder / "renderer.log")
    running.start()
    yield running
    running.kill()


@contextmanager
def nginx_of(stack: Stack) -> Iterator[Stack]:
    """Run nginx, without the watcher."""
    stack.render()
    command = [find_program("nginx") or "nginx", "-c", str(stack.rendered / "nginx.conf")]
    with (
        stack.log.open("ab") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as nginx,
    ):
        try:
            wait_for(stack.answers)
            yield stack
        finally:
            nginx.terminate()
            nginx.wait(timeout=10)


@pytest.fixture
def stack(stopped: Stack) -> Iterator[Stack]:
    """Run the shipped configuration."""
    with nginx_of(stopped) as running:
        yield running


@contextmanager
def watching(stack: Stack) -> Iterator[Path]:
    """Run the watcher; return what it writes."""
    environment = {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "NGINX_SPLIT": str(stack.source.split),
        "NGINX_FOLDER": str(stack.source.folder),
        "NGINX_PID": str(stack.temporary / "nginx.pid"),
        "NGINX_TEST_LOG": str(stack.temporary / "test.log"),
    }
    command = ["sh", str(PROJECT / "proxy" / "reload_watcher.sh"), str(stack.rendered)]
    log = stack.folder / "watcher.log"
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stderr=output) as watcher:
        try:
            wait_for(lambda: "watching" in log.read_text())
            yield log
        finally:
            watcher.kill()


@pytest.fixture
def watcher_log(stack: Stack, renderer: Renderer) -> Iterator[Path]:
    """Run the watcher, and what renders for it; return what the watcher writes."""
    with watching(stack) as log:
        yield log
