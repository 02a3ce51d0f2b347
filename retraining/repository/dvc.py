"""DVC, called as a command: it keeps a folder's data once, and has git keep a small file that points to them.

All but `add` runs in a workspace without git, beside the repository, that holds nothing but such pointers:
DVC's own way to another revision (`--all-tags`) resolves a remote's relative path against the root of the
disk, and reads its user's git configuration.
"""

import logging
import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from retraining.repository import trees
from retraining.repository.commands import Commands, Done
from retraining.repository.error import RepositoryError
from service import durable

SETTINGS = """\
# Written by the stack. Put what is yours, credentials say, into config.local beside it: that wins.
[core]
    analytics = false
    check_update = false
    autostage = false
    remote = storage{core}
[cache]
    type = "hardlink,copy"{cache}
['remote "storage"']
    url = "{remote}"
    verify = true
"""
BESIDE = "../../remote"  # as seen from the settings: the folder may be moved
CLOCK_SECONDS = 60.0  # by which the clocks of a disk and of its user may differ
LOST = "neither locally nor on remote"  # DVC says so, and that all is well
ADVICE = {
    "no space left|disk quota": "Make room there, then call again: it goes on where it was.",
    "to be installed|no module named": "Add it to retraining/requirements-dvc.txt, and `make lock`.",
    "permission|access denied|forbidden|credential": "Give the right to write and read there; credentials"
    " belong into .dvc/config.local of the repository.",
    "missing-files|" + LOST: "The data are neither in the repository's cache nor at the remote: bring the"
    " remote back, or hand the same data in again.",
}
OTHERWISE = "See that the remote can be reached, then call again: what is there is not sent twice."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pointer:
    """What DVC has git keep of a folder: the checksum of its data, how many files, and of how many bytes."""

    checksum: str
    files: int
    size: int


def read_pointer(text: bytes) -> Pointer:
    """Read the file that DVC wrote of a folder."""
    found = dict(
        re.findall(r"^[- ] (md5|nfiles|size): (\S+)$", text.decode("utf-8", "replace"), re.MULTILINE)
    )
    try:
        return Pointer(found["md5"], int(found["nfiles"]), int(found["size"]))
    except (KeyError, ValueError):
        raise RepositoryError(f"DVC's file points to nothing:\n{text[:300]!r}") from None


class Dvc:
    """The data of a repository: its cache, its remote, and a workspace for what is not its working tree."""

    def __init__(self, commands: Commands, command: str, remote: str | None, seconds: float) -> None:
        self._folder = commands.folder
        self._settings = self._folder / ".dvc"
        self._cache = self._settings / "cache"
        self._workspace = self._folder.with_name(f".{self._folder.name}-workspace")
        self._command = command
        self._remote = remote
        self._seconds = seconds
        nowhere, site = self._settings / "tmp/none", self._settings / "tmp/site"
        own = {
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(site),
            "DVC_GLOBAL_CONFIG_DIR": str(nowhere),
            "DVC_SYSTEM_CONFIG_DIR": str(nowhere),
        }
        self._commands = replace(commands, environment={**commands.environment, **own})

    def settings(self, core: str = "", cache: str = "") -> str:
        """Return DVC's settings in this repository."""
        return SETTINGS.format(remote=self._remote or BESIDE, core=core, cache=cache)

    def prepare(self) -> None:
        """Make the folders that are missing."""
        durable.make_folder(self._settings / "tmp")
        if self._remote is None:
            durable.make_folder(self._folder.parent / "remote")

    def tidy(self) -> None:
        """Remove what killed commands have left; none of the stack's runs when this is called."""
        # It names processes by their numbers, which others get.
        (self._settings / "tmp/rwlock").unlink(missing_ok=True)
        durable.remove(self._workspace)
        places = [self._cache, *([self._folder.parent / "remote"] if self._remote is None else [])]
        for part in (part for place in places for part in place.glob("files/md5/*/.*.tmp")):
            logger.warning("a killed DVC has left %s", part)
            part.unlink(missing_ok=True)

    def add(self, folders: Collection[str]) -> None:
        """Keep what the folders of the working tree hold now, on the disk: DVC leaves that to the system."""
        if folders:
            started = time.time()
            self._dvc("add", "--quiet", "--", *folders)
            for path in self._cache.glob("files/md5/*/*"):
                if path.stat().st_ctime > started - CLOCK_SECONDS:
                    with path.open("rb") as file:
                        os.fsync(file.fileno())
            durable.sync_all(self._cache)

    def keep(self, data: Mapping[str, Mapping[str, Path]]) -> None:
        """Keep folders' files that the cache has lost; the working tree stays as it is."""
        with self._workspace_of({}) as workspace:
            for folder, files in data.items():
                trees.place(workspace / folder, files, workspace / ".dvc/part")
            self._dvc("add", "--quiet", "--", *data, folder=workspace)

    def lacks(self, checksum: str) -> bool:
        """Tell whether the cache has no file for what has this checksum."""
        return not (self._cache / "files/md5" / checksum[:2] / checksum[2:]).is_file()

    def push(self, pointers: Mapping[str, bytes]) -> None:
        """Have all the data at the remote that these pointers, by paths as one likes, lead to."""
        with self._workspace_of(pointers) as workspace:
            done = self._dvc("push", folder=workspace)
        if LOST in done.errors:
            raise self._fault("push", done)

    def restore(self, pointer: bytes, target: Path) -> None:
        """Make a folder at `target`, where nothing is, with the data that a pointer leads to."""
        wanted = read_pointer(pointer).checksum
        with self._workspace_of(
            {"data.dvc": re.sub(rb"(?m)^  path: .*$", b"  path: data", pointer)}
        ) as workspace:
            found = workspace / "data"
            self._dvc("pull", "--quiet", "data.dvc", folder=workspace)
            if trees.checksums(trees.files_of(found))[0] != wanted:
                self._remove_damaged()
                durable.remove(found)
                self._dvc("pull", "--quiet", "data.dvc", folder=workspace)
            if trees.checksums(trees.files_of(found))[0] != wanted:
                raise RepositoryError(
                    f"What came for {target} is not what was committed: the cache or the remote is damaged."
                    f" Where the remote is whole, remove {self._cache} and call again."
                )
            trees.move(found, target)

    def _remove_damaged(self) -> None:
        """Remove from the cache what is not what its name says, so that it comes from the remote."""
        for path in self._cache.glob("files/md5/*/*"):
            if trees.md5_of(path) != path.parent.name + path.name.removesuffix(".dir"):
                logger.warning("damaged in the cache, and removed from it: %s", path)
                path.unlink()

    @contextmanager
    def _workspace_of(self, pointers: Mapping[str, bytes]) -> Iterator[Path]:
        """Give a folder that DVC takes for a repository without git, with these pointers in it."""
        settings = self._workspace / ".dvc"
        settings.mkdir(parents=True)
        try:
            local = self._settings / "config.local"
            # Beside the repository, so that relative paths in its user's settings lead where they led.
            text = self.settings("\n    no_scm = true", f"\n    dir = ../../{self._folder.name}/.dvc/cache")
            (settings / "config").write_text(text, "utf-8")
            if local.is_file():
                (settings / "config.local").write_bytes(local.read_bytes())
            for name, pointer in pointers.items():
                path = self._workspace / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(pointer)
            yield self._workspace
        finally:
            durable.remove(self._workspace)

    def _dvc(self, *arguments: str, folder: Path | None = None) -> Done:
        done = self._commands.run(
            [self._command, *arguments], seconds=self._seconds, level=logging.INFO, folder=folder
        )
        if done.code:
            raise self._fault(arguments[0], done)
        return done

    def _fault(self, operation: str, done: Done) -> RepositoryError:
        said = done.errors.lower()
        advice = next((text for pattern, text in ADVICE.items() if re.search(pattern, said)), OTHERWISE)
        where = f" (remote: {self._remote or self._folder.parent / 'remote'})" if operation != "add" else ""
        return RepositoryError(f"dvc {operation} failed{where}: {done.last_lines}\n{advice}")
