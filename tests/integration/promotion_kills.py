"""Kill real processes that replace a package, and look after each kill: `python -m … FOLDER OPERATION HOW`.

`every-step` kills one process before each change of a file, the first, the second and so on until one is not
killed; a number kills at so many random instants, with a reader that loads the package all the time. After
each kill the folder must hold the whole old or the whole new package, and the same command must finish.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from inference.identity import unchanged
from inference.manifest import BadModelPackage
from release.package_files import verify_files
from release.package_folder import PackageFolder
from release.promotion import Replacement, ServedPackage
from release.replicas import Replica
from tests.whole_package import write_whole_package

CHANGES = frozenset(
    {"os.rename", "os.symlink", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate"}
)
CHANGES_AT_MOST = 2  # of what is served, in one run: to the new package, and back
WRITING = os.O_WRONLY | os.O_RDWR


class FileJournal:
    """Keeps the last replacement in a file, in place of the database."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def read(self) -> Replacement | None:
        if not self._file.exists():
            return None
        fields = json.loads(self._file.read_text())
        return Replacement(**{**fields, "candidate": fields["candidate"] and Path(fields["candidate"])})

    async def record(self, replacement: Replacement) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(asdict(replacement), default=str))
        part.replace(self._file)


class Scene:
    """A slot that serves version 1, and a candidate of version 2; `slot` is what the slot has loaded."""

    def __init__(self, folder: Path, operation: str, size: int) -> None:
        self.folder = folder
        self.operation = operation
        self.production, self.candidate = folder / "production", folder / "candidate"
        self.slot, self.journal = folder / "slot", folder / "journal.json"
        self.old = write_whole_package(self.production, "1", size=size)
        self.new = write_whole_package(self.candidate, "2", name="other", weights="weights.bin", size=size)
        if operation == "rollback":
            asyncio.run(self._production().promote(self.candidate, self.new))
            self.old, self.new = self.new, self.old
        self.slot.write_text(self.old)

    def _production(self) -> ServedPackage:
        return ServedPackage(PackageFolder(self.production), self._reload, FileJournal(self.journal))

    async def _reload(self, *_: str, **__: bool) -> Sequence[Replica]:
        found = load(self.production)
        if self.operation == "refused" and found == self.new:
            return [Replica("a:1", "refused", reason="why")]
        self.slot.write_text(found)
        return [Replica("a:1", "serves", found)]

    def run(self) -> None:
        """Give the command, with the checksum that was decided on, as a restarted controller does."""
        if self.operation == "rollback":
            asyncio.run(self._production().rollback(self.new))
        elif self.operation == "candidacy":
            asyncio.run(self._production().propose(self.candidate, self.new))
        else:
            asyncio.run(self._production().promote(self.candidate, self.new))

    def finish(self) -> None:
        """Give the command again, to the end, and check what it came to."""
        self.run()
        wanted = self.old if self.operation == "refused" else self.new
        assert load(self.production) == wanted, "not finished"
        assert self.slot.read_text() == wanted, "the slot was not told"
        kept = {one.sha256 for one in PackageFolder(self.production).kept()}
        assert {self.old, self.new} <= kept, "the way back is lost"
        assert not list(self.production.rglob("*.part")), "something was left behind"

    def check(self) -> None:
        """Check what a server that starts now would load."""
        assert load(self.production) in {self.old, self.new}


def load(folder: Path) -> str:
    """Load a package as a server does, which is started again where it was changed in that very instant."""
    for _ in range(CHANGES_AT_MOST):
        with suppress(BadModelPackage):
            return load_once(folder)
    return load_once(folder)


def load_once(folder: Path) -> str:
    with unchanged(folder) as identity:
        verify_files(folder, identity.manifest)
        network = (folder / identity.manifest.network.partition(":")[0]).read_text()
    assert identity.manifest.version in network, "files of two packages"
    return identity.sha256


def fork(work: Callable[[], None]) -> int:
    """Start a process, a copy of this one, that does the work."""
    if pid := os.fork():
        return pid
    try:
        work()
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)


def die_before(change: int, below: Path) -> None:
    """Kill this process before its so-manieth change of a file below a folder."""
    left = change

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writes = event in CHANGES or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        )
        if writes and (event == "os.chmod" or str(arguments[0]).startswith(str(below))):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def was_killed(pid: int) -> bool:
    """Wait for a process, and tell whether it was killed; it may not have failed."""
    status = os.waitpid(pid, 0)[1]
    assert status in {0, signal.SIGKILL}, "the command failed"
    return status == signal.SIGKILL


def every_step(folder: Path, operation: str) -> int:
    """Kill before each change in turn, with the journal kept and lost by turns; return how many kills."""
    kills = 0
    while True:
        scene = Scene(folder / "scene", operation, size=10_000)

        def work(scene: Scene = scene, change: int = kills + 1) -> None:
            die_before(change, scene.folder)
            scene.run()

        if not was_killed(fork(work)):
            return kills
        scene.check()
        if kills % 2:
            scene.journal.unlink(missing_ok=True)
        scene.finish()
        shutil.rmtree(scene.folder)
        kills += 1


def at_random(folder: Path, operation: str, kills: int) -> int:
    """Kill at random instants, and return how many times the reader loaded a package meanwhile."""
    chance, loads, duration = random.Random(0), 0, 0.0
    for number in range(-1, kills):  # the first is not killed, and tells how long one takes
        scene = Scene(folder / "scene", operation, size=3_000_000)
        started = time.monotonic()
        pid = fork(scene.run)
        end = started + (chance.uniform(0, duration) if number >= 0 else 60)
        ended = 0
        while not ended and time.monotonic() < end:
            assert load(scene.production) in {scene.old, scene.new}
            loads += 1
            ended = os.waitpid(pid, os.WNOHANG)[0]
        if number < 0:
            duration = time.monotonic() - started
        elif not ended:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        scene.check()
        scene.finish()
        shutil.rmtree(scene.folder)
    return loads


if __name__ == "__main__":
    place, chosen, how = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    print(every_step(place, chosen) if how == "every-step" else at_random(place, chosen, int(how)))
