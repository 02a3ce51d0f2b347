"""An image model in worker processes: what this process sees of it."""

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from PIL import Image

from inference.backend import BackendSettings, Outputs
from inference.decoding import NotAnImage, TooManyPixels
from inference.manifest import BadModelPackage
from inference.torch_backend import TorchBackend
from model_server.worker_pool.pool import WorkerLost, WorkerPool
from tests.colour_model import COLOURS, colour_image
from tests.tensor_model import write_regressor
from tests.waiting import until

CUSTOM_ERROR = """
    def head(self, z):
        class Odd(Exception):
            pass
        if (z[:, 1] > z[:, 0]).any():
            raise Odd("green is not to my taste")
        return super().head(z)
"""


Processes = Callable[[], list[psutil.Process]]


class Losses:
    """Counts what is told of lost workers."""

    def __init__(self) -> None:
        self.told = threading.Semaphore(0)

    def __call__(self) -> None:
        self.told.release()


@pytest.fixture
def losses() -> Losses:
    return Losses()


def living_children() -> set[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return {one for one in children if one.is_running() and one.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture
def processes() -> Processes:
    """What returns the processes that live since the test began, the first one first."""
    before = living_children()
    return lambda: sorted(living_children() - before, key=lambda one: one.pid)


def start(folder: Path, on_worker_lost: Losses, count: int = 1) -> WorkerPool:
    return WorkerPool(BackendSettings(folder, max_pixels=10_000), count, on_worker_lost)


def is_answered(pool: WorkerPool) -> bool:
    try:
        return len(pool.predict([colour_image("red")]).items) == 1
    except WorkerLost:
        return False


def test_workers_answer_as_this_process_would(
    package_folder: Path, backend: TorchBackend, losses: Losses
) -> None:
    """The same numbers in the same order, and each bad image has its own reason."""
    data = [colour_image("red"), b"no image", colour_image("blue"), colour_image("red", size=(200, 100))]
    pool = start(package_folder, losses)
    here, there = backend.predict(data), pool.predict(data)
    assert [type(one) for one in there.items] == [Outputs, NotAnImage, Outputs, TooManyPixels]
    for one, other in zip(here.items, there.items, strict=True):
        if isinstance(one, Outputs):
            assert isinstance(other, Outputs)
            assert (one.outputs == other.outputs).all()
            assert (one.embeddings == other.embeddings).all()
        else:
            assert str(one) == str(other)
    assert len(there.seconds) == 1
    assert pool.info.sha256 == backend.info.sha256
    assert pool.info.manifest == backend.info.manifest


def test_several_processes_answer_side_by_side(
    package_folder: Path, losses: Losses, processes: Processes
) -> None:
    """Each has its own connection, and none gets another's answer."""
    pool = start(package_folder, losses, count=2)
    assert len(processes()) == 2
    wrong: list[str] = []

    def ask(colour: str, index: int) -> None:
        for _ in range(50):
            (answer,) = pool.predict([colour_image(colour)]).items
            if not isinstance(answer, Outputs) or answer.outputs[0].argmax() != index:
                wrong.append(colour)

    threads = [threading.Thread(target=ask, args=(one, at)) for at, one in enumerate(COLOURS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_package_that_is_no_good_is_refused_with_its_reason(
    package_folder: Path, losses: Losses, processes: Processes
) -> None:
    """The reason comes from the process that saw it, and no process is left."""
    manifest = package_folder / "model.toml"
    manifest.write_text(manifest.read_text().replace("network.py:", "network.py:Nothing"))
    with pytest.raises(BadModelPackage, match="Nothing"):
        start(package_folder, losses, count=2)
    until("no process left", lambda: not processes(), 20)
    assert not losses.told.acquire(blocking=False)


@pytest.mark.parametrize("end", ["raise SystemExit(0)", "import os; os._exit(3)"])
def test_a_package_that_ends_its_process_is_refused(package_folder: Path, losses: Losses, end: str) -> None:
    """Whatever the operator's code does, the server goes on."""
    network = package_folder / "network.py"
    network.write_text(f"{network.read_text()}\n{end}\n")
    with pytest.raises(BadModelPackage, match=r"cannot be (loaded|made)|ended without a word"):
        start(package_folder, losses)


def test_an_exception_of_the_packages_code_arrives_as_text(package_folder: Path, losses: Losses) -> None:
    """Its class exists in the worker alone."""
    network = package_folder / "network.py"
    name = (package_folder / "model.toml").read_text().partition("network.py:")[2].partition('"')[0]
    network.write_text(f"{network.read_text()}\n\nclass {name}({name}):{CUSTOM_ERROR}")
    red, green = start(package_folder, losses).predict([colour_image("red"), colour_image("green")]).items
    assert isinstance(red, Outputs)
    assert isinstance(green, RuntimeError)
    assert "green is not to my taste" in str(green)


@pytest.mark.parametrize("which", [0, -1])
def test_a_worker_that_dies_is_told_of_once(
    package_folder: Path, losses: Losses, which: int, processes: Processes
) -> None:
    """Who waits for it learns it, and the server, which then has itself restarted."""
    pool = start(package_folder, losses, count=2)
    family = processes()
    family.pop(which).kill()
    assert losses.told.acquire(timeout=10)  # though nobody asked it
    assert [is_answered(pool) for _ in range(10)].count(False) == 1  # the other one goes on
    family[0].kill()
    assert [is_answered(pool) for _ in range(10)].count(True) == 0
    assert not losses.told.acquire(blocking=False)


def test_the_processes_end_when_nobody_needs_them(
    package_folder: Path, losses: Losses, processes: Processes
) -> None:
    """A model that was replaced leaves nothing behind, and that is no death."""
    pool = start(package_folder, losses, count=2)
    assert len(processes()) == 2
    del pool
    until("no process left", lambda: not processes(), 20)
    assert not losses.told.acquire(blocking=False)


def test_signals_to_the_group_leave_them_alone(
    package_folder: Path, losses: Losses, processes: Processes
) -> None:
    """Ctrl-C and supervisor's stop reach all; the server still needs them for what is in flight."""
    pool = start(package_folder, losses)
    assert len({os.getpgid(one.pid) for one in processes()} | {os.getpgid(0)}) == 2
    assert is_answered(pool)


def test_the_server_itself_needs_no_pytorch() -> None:
    """It is large, and the workers have it."""
    code = "import sys, model_server.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_tensor_model_is_refused(tmp_path: Path, losses: Losses) -> None:
    """The package was an image model's when the server looked."""
    with pytest.raises(BadModelPackage, match="load it again"):
        start(write_regressor(tmp_path), losses)


def test_a_package_that_never_loads_is_given_up(
    package_folder: Path, losses: Losses, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hold up every later reload, and outlive the server."""
    monkeypatch.setattr("model_server.worker_pool.pool.LOAD_SECONDS", 4)
    network = package_folder / "network.py"
    network.write_text(f"{network.read_text()}\nimport time\ntime.sleep(1000)\n")
    with pytest.raises(BadModelPackage, match="not loaded after 4 s"):
        start(package_folder, losses)
    assert not processes()


def images_alive() -> int:
    return sum(issubclass(type(one), Image.Image) for one in gc.get_objects())


def test_a_refused_image_is_not_kept(backend: TorchBackend) -> None:
    """Its exception would hold the decoded pixels until a garbage collection, which is rare."""
    gc.collect()
    gc.disable()
    try:
        before = images_alive()
        answers = backend.predict([colour_image("red")[:-30]] * 5)
        assert {type(one) for one in answers.items} == {NotAnImage}
        assert images_alive() == before
    finally:
        gc.enable()
