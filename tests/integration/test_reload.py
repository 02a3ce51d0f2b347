"""A model is replaced under load: nothing fails, and what is bad is refused."""

import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from inference.identity import identify
from tests.colour_model import colour_image, write_colour_package
from tests.integration.model_server_program import ModelServerProgram
from tests.lineages import DECLARED, add_lineage
from tests.waiting import until

REFUSED = 'model_reloads_total{outcome="refused"'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write_colour_package(tmp_path / "model")


@pytest.fixture
def server(tmp_path: Path, package: Path) -> Iterator[ModelServerProgram]:
    with running_server(tmp_path, package) as server:
        yield server


@pytest.fixture(scope="module")
def steady_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServerProgram]:
    """A server of version 1 for tests after which it still serves that."""
    folder = tmp_path_factory.mktemp("steady")
    with running_server(folder, write_colour_package(folder / "model")) as server:
        yield server


@contextmanager
def running_server(folder: Path, package: Path) -> Iterator[ModelServerProgram]:
    environment = {
        "MODEL_PACKAGE": str(package),
        "MONGODB_URI": "mongodb://127.0.0.1:1/none",
        "SAMPLE_RATE": "0",
    }
    with ModelServerProgram(folder, **environment) as server:
        server.wait_until_ready()
        yield server


class Load:
    """Four clients that send images until the block ends; `versions` are the models that answered."""

    def __init__(self, server: ModelServerProgram) -> None:
        self._url = f"{server.url}/predict"
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(4)]
        self.statuses: list[int] = []
        self.versions: list[str] = []

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        until("some answers", lambda: len(self.statuses) > 20, 20)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        with httpx.Client() as client:
            while not self._over.is_set():
                image = colour_image("red")
                response = client.post(self._url, content=image, headers={"Content-Type": "image/png"})
                self.statuses.append(response.status_code)
                body = response.json()
                assert body["version"] == response.headers["x-model-version"]
                self.versions.append(body["version"])


def load(server: ModelServerProgram, name: str = "colour") -> httpx.Response:
    url = f"{server.internal_url}/v2/repository/models/{name}/load"
    return httpx.post(url, headers=server.token.header, timeout=30)


def test_no_request_fails_while_models_are_replaced(server: ModelServerProgram, package: Path) -> None:
    """Ten reloads under load: every answer is a 200 of an old or a new model, and the last one stays."""
    with Load(server) as running:
        for version in range(2, 12):
            write_colour_package(package, str(version))
            answer = load(server)
            assert (answer.status_code, answer.json()["version"]) == (200, str(version))
        until("answers of the last", lambda: running.versions[-1] == "11", 10)
    assert set(running.statuses) == {200}
    assert len(set(running.versions)) > 5
    assert server.metric('model_reloads_total{outcome="loaded"') == 10
    assert server.metric("model_info{") == 1
    assert httpx.get(f"{server.url}/readyz").headers["x-model-version"] == "11"


def test_a_package_with_a_lineage_is_served_as_any(server: ModelServerProgram, package: Path) -> None:
    """A reload takes it, no answer shows anything of it; one that is not its own is refused."""
    write_colour_package(package, "2")
    sha256 = add_lineage(package)
    assert load(server).json()["sha256"] == sha256
    answer = server.predict("a")
    assert (answer.status_code, answer.headers["x-model-version"]) == (200, "2")
    shown = "".join(httpx.get(f"{server.url}{path}").text for path in ("/readyz", "/metrics", "/v2"))
    assert "lineage" not in shown + answer.text
    write_colour_package(package, "3")
    (package / "model.toml").write_text(
        (package / "model.toml").read_text().replace("input = ", f"{DECLARED}input = ", 1)
    )
    refused = load(server)
    assert refused.status_code != 200
    assert "is of colour 2, not of colour 3" in refused.text
    assert server.predict("b").headers["x-model-version"] == "2"


def test_a_replaced_model_leaves_nothing_behind(server: ModelServerProgram) -> None:
    """Its process ends with its last request, whether or not another request comes."""
    (zygote,) = psutil.Process(server.process.pid).children()
    (old,) = zygote.children()
    assert server.predict("a").status_code == 200
    assert load(server).status_code == 200
    until("the old worker gone", lambda: old not in zygote.children(), 10)
    assert len(zygote.children()) == 1


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("weights", "refused unread"),
        ("manifest", "outputs"),
        ("network", "cannot be made"),
        ("head", "fails on a first batch"),
        ("gone", "model.toml"),
    ],
)
def test_a_bad_package_is_refused_and_the_old_model_goes_on(
    steady_server: ModelServerProgram, damage: str, reason: str
) -> None:
    """The caller reads why, and clients notice nothing."""
    server, package = steady_server, Path(steady_server.environment["MODEL_PACKAGE"])
    refused, logged = server.metric(REFUSED), len(server.log.read_text())
    write_colour_package(package, "2")
    if damage == "gone":
        shutil.rmtree(package)
    else:
        path, old, new = {
            "weights": ("artifacts/weights.sha256", "", "0" * 64),
            "manifest": ("model.toml", "[image]", 'outputs = "numbers"\n[image]'),
            "network": ("network.py", "nn.Linear(3, 3", "nn.Lineal(3, 3"),
            "head": ("network.py", "return self.scale(z)", "return self.scale(z)[:, :2]"),
        }[damage]
        text = (package / path).read_text()
        (package / path).write_text(text.replace(old, new) if old else new)
    with Load(server) as running:
        answer = load(server)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]
    assert (set(running.statuses), set(running.versions)) == ({200}, {"1"})
    assert server.metric(REFUSED) == refused + 1
    assert "the old one keeps serving" in server.log.read_text()[logged:]


def test_sighup_reloads(server: ModelServerProgram, package: Path) -> None:
    """`kill -HUP` is enough; a bad package leaves the server as it was."""
    write_colour_package(package, "2")
    server.process.send_signal(signal.SIGHUP)
    until("version 2", lambda: server.predict("a").json()["version"] == "2", 10)
    (package / "model.toml").write_text("no manifest")
    server.process.send_signal(signal.SIGHUP)
    until("refused", lambda: server.metric(REFUSED) == 1, 10)
    assert server.predict("b").json()["version"] == "2"


def test_the_command_says_what_became_of_it(server: ModelServerProgram, package: Path) -> None:
    """One line and the exit code, for whoever types it beside the server."""
    write_colour_package(package, "2")
    assert server.run("model_server.reload").wait(60) == 0
    assert "loaded colour 2 (sha256 " in server.log.read_text()
    (package / "artifacts/weights.sha256").write_text("0" * 64)
    assert server.run("model_server.reload").wait(60) == 1
    assert "refused, the old model keeps serving: " in server.log.read_text()
    server.stop()
    assert server.run("model_server.reload").wait(60) == 1
    assert "no model server answers at http://127.0.0.1:" in server.log.read_text()


def test_only_the_internal_listener_loads(server: ModelServerProgram) -> None:
    """The public one knows no such path, and the internal one no other model."""
    assert httpx.post(f"{server.url}/v2/repository/models/colour/load").status_code == 404
    assert httpx.post(f"{server.url}/v2/repository/index").status_code == 404
    answer = load(server, "other")
    assert answer.status_code == 400
    assert "of colour, not of other" in answer.json()["error"]
    index = httpx.post(f"{server.internal_url}/v2/repository/index").json()
    sha256 = identify(Path(server.environment["MODEL_PACKAGE"])).sha256
    served = {"name": "colour", "version": "1", "sha256": sha256}
    assert index == [{**served, "state": "READY", "reason": ""}]


def test_a_client_that_left_costs_no_inference(server: ModelServerProgram) -> None:
    """Of requests whose clients disconnect while they wait, none is worked on."""
    server.predict("first")
    before = server.metric("inference_batch_size_sum{")
    server.process.send_signal(signal.SIGSTOP)
    clients = []
    for _ in range(30):
        clients.append(connected(server))
    for client in clients:
        client.close()
    server.process.send_signal(signal.SIGCONT)
    assert server.predict("after").status_code == 200
    answered = server.metric("inference_batch_size_sum{") - before
    assert answered < 10


def connected(server: ModelServerProgram) -> socket.socket:
    """Send a whole request, and do not read its answer."""
    image = colour_image("red", size=(2000, 2000))
    connection = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: {len(image)}"
    connection.sendall(f"{head}\r\n\r\n".encode() + image)
    return connection
