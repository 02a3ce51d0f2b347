"""Kill real processes that commit and push: `python -m … FOLDER KILLS SEED`; and look at a repository.

By turns the whole family is killed, as when a container ends, and the process alone, as its supervisor may do
it: then git or DVC goes on. After each kill every version is whole; at the end all are there and pushed.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from retraining.repository import trees
from retraining.repository.names import POINTER
from retraining.repository.repository import Repository, Version
from tests.integration.server_program import ROOT

DVC = os.environ.get("DVC", str(ROOT / ".local/environments/dvc/bin/dvc"))
SHARD_BYTES = 200_000


class Outside:
    """Looks at a repository without the adapter: with git alone, and at the files themselves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / ".dvc/cache/files/md5"
        self.remote = folder.parent / "remote/files/md5"

    def git(self, *arguments: str) -> str:
        """Return what a git command says, which must not fail."""
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def dvc_status(self) -> str:
        """Return what DVC says of the working tree."""
        command = [DVC, "status"]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.folder).stdout

    def tags(self) -> list[str]:
        """Return the versions."""
        return self.git("tag").split()

    def wanted(self, tag: str, store: Path) -> Iterator[tuple[str, Path]]:
        """Yield the checksum and the place of all that a version needs of a store."""
        for path in self.git("ls-tree", "-r", "--name-only", tag).split():
            if path.endswith(POINTER):
                folder = self.git("show", f"{tag}:{path}").split("md5: ")[1].split()[0]
                yield folder.removesuffix(".dir"), store / folder[:2] / folder[2:]
                for one in (store / folder[:2] / folder[2:]).read_text().split('"md5": "')[1:]:
                    yield one[:32], store / one[:2] / one[2:32]

    def check(self, *, pushed: bool) -> None:
        """Check that every version is whole, and where all were pushed that the remote has them."""
        self.git("fsck", "--full", "--strict")
        for tag in self.tags():
            for store in (self.cache, self.remote) if pushed else (self.cache,):
                for checksum, path in self.wanted(tag, store):
                    assert trees.md5_of(path) == checksum, f"{tag}: {path} is damaged"


def repository(folder: Path, remote: str | None = None, **seconds: float) -> Repository:
    """Return the repository at a place, as a program has it."""
    return Repository(folder, DVC, os.environ, remote=remote, **seconds)


def write_shards(folder: Path, number: int, size: int = SHARD_BYTES) -> dict[str, Path]:
    """Write shards of random bytes, which no store can share by chance, and return them by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (f"inbox-{one:08}.zip" for one in range(1, number + 1)):
        if not (folder / name).exists():
            (folder / name).write_bytes(random.randbytes(size))
    return {path.name: path for path in sorted(folder.iterdir())[:number]}


def versions(folder: Path, number: int) -> Iterator[Version]:
    """Yield versions that each have a shard more, and a model."""
    for one in range(1, number + 1):
        shards = write_shards(folder / "inbox", one)
        model = {
            "model.toml": folder / "inbox/inbox-00000001.zip",
            "artifacts/weights.pt": shards[max(shards)],
        }
        yield Version(
            f"dataset-{one}",
            f"Version {one}",
            {"shards": shards, f"models/{one}": model},
            {"dataset.json": f'{{"version": {one}}}'.encode()},
        )


def work(folder: Path, number: int) -> None:
    """Make the repository, and commit and push every version that it lacks."""
    kept = repository(folder / "repository")
    kept.prepare()
    for version in versions(folder, number):
        kept.commit(version)
    kept.push()


def fork(job: Callable[[], None]) -> int:
    """Start a process, a copy of this one in a session of its own, that does the job."""
    if pid := os.fork():
        return pid
    try:
        os.setsid()
        job()
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)


def at_random(folder: Path, kills: int, seed: int = 0) -> None:
    """Kill so many in their work, with one version more every fourth time."""
    chance, killed, number = random.Random(seed), 0, -1
    outside = Outside(folder / "repository")
    seconds = 60.0
    while killed < kills:
        number += 1
        wanted = 1 + number // 4
        started = time.monotonic()
        end = started + (chance.uniform(0, seconds) if number else seconds)
        pid = fork(lambda wanted=wanted: work(folder, wanted))  # type: ignore[misc]
        ended = 0
        while not ended and time.monotonic() < end:
            ended, status = os.waitpid(pid, os.WNOHANG)
            assert not ended or status == 0, "the work failed"
        if not ended:
            killed += 1
            (os.killpg if number % 2 else os.kill)(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        else:
            seconds = time.monotonic() - started  # so long it takes on this machine, now
        outside.check(pushed=False)
    work(folder, 2 + number // 4)
    outside.check(pushed=True)
    assert len(outside.tags()) == 2 + number // 4
    assert not outside.git("status", "--porcelain")
    assert "up to date" in outside.dvc_status()
    left = [path.name for path in folder.rglob("*") if path.name.endswith((".tmp", ".lock", "workspace"))]
    assert set(left) <= {".repository.lock", "rwlock.lock"}, left


if __name__ == "__main__":
    place = Path(sys.argv[1])
    shutil.rmtree(place, ignore_errors=True)
    at_random(place, int(sys.argv[2]), int(sys.argv[3]))
