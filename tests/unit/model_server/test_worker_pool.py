"""An image model in worker processes: what this process sees of it, and what one image may cost."""

import errno
import functools
import gc
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from inference.backend import (
    BackendSettings,
    BatchResult,
    CostsTooMuch,
    OutOfTime,
    Outputs,
    PredictAlone,
    Unfinished,
)
from inference.decoding import NotAnImage, TooManyPixels
from inference.manifest import BadModelPackage
from inference.torch_backend import TorchBackend
from model_server.worker_pool import limits
from model_server.worker_pool.child_log import LINES, PERIOD_SECONDS, LineLimit
from model_server.worker_pool.pool import BARREN, PoolLost, WorkerPool
from model_server.worker_pool.zygote import Zygote
from tests.colour_model import COLOURS, colour_image
from tests.hostile_images.jpeg import jpeg_scans
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

HANGING = """
    def head(self, z):
        import time
        if (z[:, 1] > z[:, 0]).any():
            time.sleep(100)
        return super().head(z)
"""
LOUD = """
    def head(self, z):
        import os
        os.write(2, b"x" * 1_000_000)
        return super().head(z)
"""


ZYGOTE = Zygote()  # one for all tests, as for all packages of a server

Processes = Callable[[], list[psutil.Process]]


class Told:
    """What the pool has told: why workers were replaced, and how often that none can be made any more."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.lost = 0

    def on_lost(self) -> None:
        self.lost += 1


@pytest.fixture(scope="module", autouse=True)
def _end_zygote() -> Iterator[None]:
    yield
    ZYGOTE.close()


@pytest.fixture
def told() -> Told:
    return Told()


def living_children() -> set[psutil.Process]:
    """Return the zygotes' children, and theirs."""
    zygotes = psutil.Process().children()
    children = [one for zygote in zygotes for one in zygote.children(recursive=True)]
    return {one for one in children if one.is_running() and one.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture
def processes() -> Processes:
    """What returns the processes that live since the test began, the first one first."""
    before = living_children()
    return lambda: sorted(living_children() - before, key=lambda one: one.pid)


def start(folder: Path, told: Told, count: int = 1, zygote: Zygote = ZYGOTE, **settings: Any) -> WorkerPool:
    chosen = BackendSettings(folder, **{"max_pixels": 10_000} | settings)
    return WorkerPool(chosen, count, zygote, on_worker_lost=told.reasons.append, on_lost=told.on_lost)


def kinds(result: BatchResult) -> list[type]:
    return [type(one) for one in result.items]


def suspicions(result: BatchResult) -> list[bool]:
    """Tell of each image that is to be predicted alone whether it was seen to cost much."""
    return [one.costs_much for one in result.items if isinstance(one, PredictAlone)]


def test_workers_answer_as_this_process_would(
    package_folder: Path, backend: TorchBackend, told: Told
) -> None:
    """The same numbers in the same order, and each bad image has its own reason."""
    data = [colour_image("red"), b"no image", colour_image("blue"), colour_image("red", size=(200, 100))]
    pool = start(package_folder, told)
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
    package_folder: Path, told: Told, processes: Processes
) -> None:
    """Each has its own connection, and none gets another's answer."""
    pool = start(package_folder, told, count=2)
    assert len(processes()) == 3
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
    package_folder: Path, told: Told, processes: Processes
) -> None:
    """The reason comes from the process that saw it, and no process is left."""
    manifest = package_folder / "model.toml"
    manifest.write_text(manifest.read_text().replace("network.py:", "network.py:Nothing"))
    with pytest.raises(BadModelPackage, match="Nothing"):
        start(package_folder, told, count=2)
    until("no process left", lambda: not processes(), 20)
    assert not told.lost


@pytest.mark.parametrize("end", ["raise SystemExit(0)", "import os; os._exit(3)"])
def test_a_package_that_ends_its_process_is_refused(package_folder: Path, told: Told, end: str) -> None:
    """Whatever the operator's code does, the server goes on."""
    network = package_folder / "network.py"
    network.write_text(f"{network.read_text()}\n{end}\n")
    with pytest.raises(BadModelPackage, match=r"cannot be (loaded|made)|ended without a word"):
        start(package_folder, told)


def test_an_exception_of_the_packages_code_arrives_as_text(package_folder: Path, told: Told) -> None:
    """Its class exists in the worker alone."""
    network = package_folder / "network.py"
    name = (package_folder / "model.toml").read_text().partition("network.py:")[2].partition('"')[0]
    network.write_text(f"{network.read_text()}\n\nclass {name}({name}):{CUSTOM_ERROR}")
    red, green = start(package_folder, told).predict([colour_image("red"), colour_image("green")]).items
    assert isinstance(red, Outputs)
    assert isinstance(green, RuntimeError)
    assert "green is not to my taste" in str(green)


def test_a_worker_that_dies_idle_costs_nobody_an_answer(
    package_folder: Path, told: Told, processes: Processes
) -> None:
    """The batch that finds it dead goes to the one that replaces it."""
    pool = start(package_folder, told)
    processes()[-1].kill()
    assert kinds(pool.predict([colour_image("red")] * 2)) == [Unfinished, Unfinished]
    assert kinds(pool.predict([colour_image("red")] * 2)) == [Outputs, Outputs]
    assert (told.reasons, told.lost) == (["died"], 0)
    assert len(processes()) == 2


@functools.cache
def noise(megapixels: float) -> bytes:
    """Return a transparent PNG of so many million pixels: unlike an opaque one's they are copied."""
    width = 2000
    height = int(1e6 * megapixels / width)
    file = io.BytesIO()
    Image.frombytes("RGBA", (width, height), os.urandom(4 * width * height)).save(
        file, "PNG", compress_level=1
    )
    return file.getvalue()


@functools.cache
def slow_image() -> bytes:
    """Return a progressive JPEG as expensive as is allowed: it takes some 0.2 s to decode."""
    return jpeg_scans(2000, 1950, 80, "RGB")


def give_seconds(monkeypatch: pytest.MonkeyPatch, which: str, cpu: float, wall: float) -> None:
    """Have an image limited by one time alone, whatever else this machine does."""
    limited = partial(replace, getattr(limits, which)(BackendSettings(Path())), held_pixels=25_000_000)
    monkeypatch.setattr(
        f"model_server.worker_pool.pool.{which}", lambda _: limited(cpu_seconds=cpu, wall_seconds=wall)
    )


def test_an_image_over_its_time_is_the_only_one_to_blame(
    package_folder: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker is ended by the kernel, and what was before and behind it waits for the next batch."""
    give_seconds(monkeypatch, "limits_in_batch", cpu=0.05, wall=20)
    pool = start(package_folder, told, max_pixels=25_000_000)
    small = colour_image("red")
    result = pool.predict([small, slow_image(), small])
    assert kinds(result) == [Unfinished, PredictAlone, Unfinished]
    assert suspicions(result) == [True]
    assert told.reasons == ["image_seconds"]
    assert kinds(pool.predict([small, small])) == [Outputs, Outputs]


def test_an_image_over_its_time_alone_is_refused(
    package_folder: Path, told: Told, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason names the limit, and the process is gone."""
    give_seconds(monkeypatch, "limits_alone", cpu=0.05, wall=20)
    pool = start(package_folder, told, max_pixels=25_000_000)
    (refused,) = pool.predict([slow_image()], alone=PredictAlone()).items
    assert isinstance(refused, CostsTooMuch)
    assert "more than 2 s" in str(refused)
    assert len(processes()) == 2
    assert told.reasons == ["image_seconds"]


def test_an_image_that_the_machine_has_no_time_for_is_not_to_blame(
    package_folder: Path, told: Told, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside much else an ordinary large image takes long too: its client is asked to come again."""
    give_seconds(monkeypatch, "limits_alone", cpu=20, wall=0.05)
    pool = start(package_folder, told, max_pixels=25_000_000)
    assert kinds(pool.predict([slow_image()], alone=PredictAlone())) == [OutOfTime]
    assert len(processes()) == 2
    assert told.reasons == ["image_seconds"]


def test_a_large_image_is_predicted_alone(package_folder: Path, told: Told, processes: Processes) -> None:
    """Nobody waits behind it, and nothing dies of it."""
    pool = start(package_folder, told, max_pixels=10**7)
    small = colour_image("red")
    assert kinds(pool.predict([noise(5), small])) == [PredictAlone, Outputs]
    assert kinds(pool.predict([noise(5)], alone=PredictAlone())) == [Outputs]
    assert kinds(pool.predict([noise(12)], alone=PredictAlone())) == [TooManyPixels]
    assert len(processes()) == 2
    assert told.reasons == []


@pytest.mark.parametrize(("progressive", "kind"), [(False, Outputs), (True, PredictAlone)])
def test_a_photo_waits_for_no_large_image(
    package_folder: Path, told: Told, progressive: bool, kind: type
) -> None:
    """A baseline JPEG is reduced as it is read: however large, it is a small image to its decoder."""
    file = io.BytesIO()
    Image.new("RGB", (4000, 3000), "teal").save(file, "JPEG", progressive=progressive)
    pool = start(package_folder, told, max_pixels=25_000_000)
    assert kinds(pool.predict([file.getvalue()])) == [kind]
    assert told.reasons == []


def test_an_image_that_takes_too_much_memory_is_refused(
    package_folder: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel gives it none, so the container's limit is never met."""
    monkeypatch.setattr(limits, "decoding_bytes", lambda pixels: pixels)
    pool = start(package_folder, told, max_pixels=5_000_000)
    assert kinds(pool.predict([colour_image("red")])) == [Outputs]  # a new worker's first image takes longer
    assert kinds(pool.predict([colour_image("red"), noise(3.9)])) == [Outputs, PredictAlone]
    (refused,) = pool.predict([noise(3.9)], alone=PredictAlone()).items
    assert isinstance(refused, TooManyPixels | CostsTooMuch)  # the decoder wanted it, or what comes after
    assert "memory" in str(refused)
    assert told.reasons == []


def test_a_batch_that_takes_long_ends_early(
    package_folder: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that it did not come to wait for the next one, and for no more images than that."""
    give_seconds(monkeypatch, "limits_in_batch", cpu=8, wall=20)
    pool = start(package_folder, told, max_pixels=25_000_000)
    answers = kinds(pool.predict([slow_image()] * 16))
    taken = answers.count(Outputs)
    assert answers == [Outputs] * taken + [Unfinished] * (16 - taken)
    assert 1 <= taken < 16


def test_a_worker_that_gives_no_sign_is_replaced(
    package_folder: Path, told: Told, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is stopped, or loops, cannot be told from one that works but by its silence."""
    monkeypatch.setattr(limits, "LEAST_FORWARD_SECONDS", 1.0)
    pool = start(package_folder, told, image_seconds=1.0)
    stopped = processes()[-1]
    stopped.suspend()
    assert kinds(pool.predict([colour_image("red")])) == [Unfinished]
    assert kinds(pool.predict([colour_image("red")])) == [Outputs]
    assert told.reasons == ["no_answer"]
    assert not stopped.is_running()


def test_any_of_a_batch_may_have_upset_the_forward_pass(
    package_folder: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is tried alone, and only the guilty one is refused."""
    monkeypatch.setattr(limits, "LEAST_FORWARD_SECONDS", 1)
    network = package_folder / "network.py"
    name = (package_folder / "model.toml").read_text().partition("network.py:")[2].partition('"')[0]
    network.write_text(f"{network.read_text()}\n\nclass {name}({name}):{HANGING}")
    pool = start(package_folder, told, image_seconds=0.4)
    images = [colour_image("red"), colour_image("green")]
    result = pool.predict(images)
    assert kinds(result) == [PredictAlone, PredictAlone]
    assert suspicions(result) == [False, False]
    assert [kinds(pool.predict([one], alone=PredictAlone()))[0] for one in images] == [Outputs, CostsTooMuch]
    assert told.reasons == ["no_answer", "no_answer"]


@pytest.mark.parametrize(("costs_much", "niceness"), [(True, 10), (False, 0)])
def test_only_what_costs_much_gives_way(
    package_folder: Path, told: Told, tmp_path: Path, costs_much: bool, niceness: int
) -> None:
    """Who was in a batch that was lost has waited already: on a busy machine it would wait too long again."""
    seen, network = tmp_path / "niceness", package_folder / "network.py"
    name = (package_folder / "model.toml").read_text().partition("network.py:")[2].partition('"')[0]
    telling = f"""
    def head(self, z):
        import os, pathlib
        pathlib.Path({str(seen)!r}).write_text(str(os.nice(0)))
        return super().head(z)
"""
    network.write_text(f"{network.read_text()}\n\nclass {name}({name}):{telling}")
    pool = start(package_folder, told)
    assert kinds(pool.predict([colour_image("red")], alone=PredictAlone(costs_much))) == [Outputs]
    assert int(seen.read_text()) == min(19, os.nice(0) + niceness)


@pytest.mark.parametrize(("kills", "kind"), [(2, Outputs), (3, CostsTooMuch)])
def test_an_image_is_not_to_blame_that_others_kill_its_worker(
    package_folder: Path, told: Told, tmp_path: Path, kills: int, kind: type
) -> None:
    """The out-of-memory killer may choose it, say; an image that it chooses each time is refused."""
    left = tmp_path / "kills_left"  # the model is warmed up before this is there
    killing = f"""
    def head(self, z):
        import os, pathlib, signal
        left = pathlib.Path({str(left)!r})
        if left.exists() and (number := int(left.read_text())):
            left.write_text(str(number - 1))
            os.kill(os.getpid(), signal.SIGKILL)
        return super().head(z)
"""
    network = package_folder / "network.py"
    name = (package_folder / "model.toml").read_text().partition("network.py:")[2].partition('"')[0]
    network.write_text(f"{network.read_text()}\n\nclass {name}({name}):{killing}")
    pool = start(package_folder, told)
    left.write_text(str(kills))
    assert kinds(pool.predict([colour_image("red")], alone=PredictAlone(costs_much=False))) == [kind]
    assert told.reasons == ["died"] * kills


def test_the_end_of_the_fork_server_is_told_once(
    package_folder: Path, told: Told, processes: Processes
) -> None:
    """The workers go on, but the server cannot replace them any more and has itself restarted."""
    pool = start(package_folder, told)
    fork_server, worker = processes()
    fork_server.kill()
    until("it is told", lambda: told.lost == 1, 10)
    assert kinds(pool.predict([colour_image("red")])) == [Outputs]
    with pytest.raises(PoolLost):
        pool.predict([colour_image("red")], alone=PredictAlone())
    worker.kill()
    for _ in range(2):
        with pytest.raises(PoolLost):
            pool.predict([colour_image("red")])
    assert told.lost == 1


def test_workers_that_die_before_any_work_are_not_made_for_ever(
    package_folder: Path, told: Told, processes: Processes
) -> None:
    """Something is wrong that a new process does not mend."""
    pool = start(package_folder, told)
    for _ in range(BARREN - 1):
        processes()[-1].kill()
        assert kinds(pool.predict([colour_image("red")])) == [Unfinished]
    assert not told.lost
    processes()[-1].kill()
    with pytest.raises(PoolLost):
        pool.predict([colour_image("red")])
    until("it is told", lambda: told.lost == 1, 10)


def test_a_server_that_is_out_of_files_has_itself_restarted(
    package_folder: Path, told: Told, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that cannot be replaced would be missing for ever."""
    pool = start(package_folder, told, count=2)

    def no_file() -> int:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr("model_server.worker_pool.progress.Progress.new_file", no_file)
    for worker in processes()[1:]:
        worker.kill()
    for _ in range(2):
        with pytest.raises(PoolLost):
            pool.predict([colour_image("red")])
    assert told.lost == 1


def test_a_fork_server_that_hangs_is_no_fork_server(
    package_folder: Path, told: Told, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks it for a worker would wait for ever, and all others behind."""
    pool = start(package_folder, told)
    monkeypatch.setattr("model_server.worker_pool.fork_client.ORDER_SECONDS", 0.2)  # not of the start
    fork_server, worker = processes()
    fork_server.suspend()
    with pytest.raises(PoolLost):
        pool.predict([colour_image("red")], alone=PredictAlone())
    until("it is told", lambda: told.lost == 1, 10)
    assert kinds(pool.predict([colour_image("red")])) == [Outputs]
    worker.kill()  # it is nobody's child any more


def test_a_worker_that_hangs_ends_with_the_others(
    package_folder: Path, told: Told, processes: Processes
) -> None:
    """It does not see its connection close."""
    pool = start(package_folder, told, count=2)
    hanging = processes()[-1]
    hanging.suspend()
    del pool
    until("it has ended", lambda: not hanging.is_running(), 20)


def test_the_processes_end_when_nobody_needs_them(
    package_folder: Path, told: Told, processes: Processes
) -> None:
    """A model that was replaced leaves nothing behind, and that is no death."""
    pool = start(package_folder, told, count=2)
    assert len(processes()) == 3
    del pool
    until("no process left", lambda: not processes(), 20)
    assert not told.lost


def test_what_workers_write_becomes_lines_of_the_log(
    package_folder: Path, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """C libraries write to stderr, in lines of any length, as often as a stranger likes."""
    network = package_folder / "network.py"
    name = (package_folder / "model.toml").read_text().partition("network.py:")[2].partition('"')[0]
    network.write_text(f"{network.read_text()}\n\nclass {name}({name}):{LOUD}")
    pool = start(package_folder, told)
    pool.predict([colour_image("red")])
    until("it is logged", lambda: len(caplog.messages) > LINES, 10)
    pool.predict([colour_image("red")])
    *lines, last = caplog.messages
    assert len(lines) == LINES
    assert set(map(len, lines)) == {len("a worker wrote: ") + 500}
    assert last == "workers write more than is shown, for up to 10 s"


def test_lines_are_limited_by_time() -> None:
    """Twenty in ten seconds; then those left out are counted, and it begins again."""
    now = 100.0
    limit = LineLimit(lambda: now)
    assert [limit.let_through() for _ in range(LINES)] == [(True, 0)] * LINES
    assert not limit.is_reached
    assert limit.let_through() == (False, 0)
    assert limit.is_reached
    assert [limit.let_through() for _ in range(2)] == [(False, 0)] * 2
    assert not limit.is_reached
    now += PERIOD_SECONDS
    assert [limit.let_through() for _ in range(2)] == [(True, 3), (True, 0)]


def test_signals_to_the_group_leave_them_alone(
    package_folder: Path, told: Told, processes: Processes
) -> None:
    """Ctrl-C and supervisor's stop reach all; the server still needs them for what is in flight."""
    pool = start(package_folder, told)
    assert len({os.getpgid(one.pid) for one in processes()} | {os.getpgid(0)}) == 2
    assert kinds(pool.predict([colour_image("red")])) == [Outputs]


@pytest.mark.parametrize("imports", ["", "import torchvision"])
def test_a_package_is_loaded_at_once(
    package_folder: Path, told: Told, processes: Processes, imports: str
) -> None:
    """What takes seconds is done once, not by each reload: the zygote imports PyTorch, and torchvision."""
    network = package_folder / "network.py"
    network.write_text(f"{network.read_text()}\n{imports}\n")
    first, second = start(package_folder, told), start(package_folder, told)
    seconds = [sum(one.cpu_times()[:2]) for one in processes()]
    assert len(seconds) == 4
    assert max(seconds) < 0.7, "to import PyTorch alone takes more"
    assert (
        kinds(first.predict([colour_image("red")]))
        == kinds(second.predict([colour_image("red")]))
        == [Outputs]
    )


@pytest.mark.parametrize("end", [psutil.Process.kill, psutil.Process.suspend])
def test_a_zygote_is_replaced(
    package_folder: Path,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[psutil.Process], None],
) -> None:
    """Whether it has died or hangs, what is loaded serves on, and the next package is loaded."""
    monkeypatch.setattr("model_server.worker_pool.zygote.FORK_SECONDS", 2)
    zygote, others = Zygote(), set(psutil.Process().children())
    before = start(package_folder, told, zygote=zygote)
    (process,) = set(psutil.Process().children()) - others
    end(process)
    assert kinds(before.predict([colour_image("red")])) == [Outputs]
    after = start(package_folder, told, zygote=zygote)
    assert kinds(after.predict([colour_image("red")])) == [Outputs]
    assert kinds(before.predict([colour_image("red")])) == [Outputs]
    assert not process.is_running()
    assert told.lost == 0
    zygote.close()


def test_where_no_zygote_can_be_made_the_package_is_not_loaded(
    package_folder: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload is refused then, and what serves goes on."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(BadModelPackage, match="no process to load it can be made"):
        start(package_folder, told, zygote=Zygote())


def test_the_server_itself_needs_no_pytorch() -> None:
    """It is large, and the workers have it."""
    code = "import sys, model_server.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_tensor_model_is_refused(tmp_path: Path, told: Told) -> None:
    """The package was an image model's when the server looked."""
    with pytest.raises(BadModelPackage, match="load it again"):
        start(write_regressor(tmp_path), told)


def test_a_package_that_never_loads_is_given_up(
    package_folder: Path, told: Told, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hold up every later reload, and outlive the server."""
    monkeypatch.setattr("model_server.worker_pool.fork_client.LOAD_SECONDS", 4)
    network = package_folder / "network.py"
    network.write_text(f"{network.read_text()}\nimport time\ntime.sleep(1000)\n")
    with pytest.raises(BadModelPackage, match="not loaded after 4 s"):
        start(package_folder, told)
    until("it is gone", lambda: not processes(), 5)


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
