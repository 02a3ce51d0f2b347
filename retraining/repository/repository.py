"""The repository of a task: versions of its data sets and models, each under a tag, none ever changed."""

import fcntl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from retraining.repository import trees
from retraining.repository.commands import Commands
from retraining.repository.dvc import Dvc, read_pointer
from retraining.repository.error import RepositoryError
from retraining.repository.git import ENVIRONMENT, Git
from retraining.repository.names import POINTER, check_files, check_folder, check_plain, check_tag
from service import durable

LOOK_SECONDS = 0.1
IGNORED = "# DVC keeps what lies here; git keeps the files that point to it.\n" + "".join(
    f"{line}\n" for line in ("/shards", "/golden", "/models/*", f"!/models/*{POINTER}")
)
SETTINGS_IGNORED = "/config.local\n/tmp\n/cache\n"
OTHERS = ("GIT_", "DVC_")  # variables that could lead the tools to another repository


@dataclass(frozen=True)
class Version:
    """What is committed together: folders of data (their files by path), and small files of git's by path.

    The folders are `shards`, `golden` and `models/VERSION`; each is to hold these files and no others. Those
    that are not named stay as they were. The files given must not change any more: the disk keeps one copy.
    """

    tag: str
    message: str
    data: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)
    plain: Mapping[str, bytes] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse names that git, DVC or the disk could take for something else."""
        check_tag(self.tag)
        check_plain(self.plain)
        for folder, files in self.data.items():
            check_folder(folder)
            check_files(files)
            for path in files.values():
                if not path.is_file():
                    raise RepositoryError(f"{path} is no file.")
        if not self.data and not self.plain:
            raise RepositoryError(f"{self.tag} would hold nothing.")


class Repository:
    """A git repository of its own in `folder`, with DVC in it; one process at a time changes it.

    Every method raises RepositoryError, which says what to do, and may then be called again.

    Args:
        folder: its place; it may lie in somebody's checkout, which is never touched.
        dvc: DVC's command.
        environment: variables for it: PATH, HOME, those of a remote; git's and DVC's own are left out.
        remote: a URL or a folder that holds all data once more; by default `remote` beside `folder`.
        dvc_seconds: how long one command of DVC may take.
        wait_seconds: how long to wait for another process.
    """

    def __init__(
        self,
        folder: Path,
        dvc: str,
        environment: Mapping[str, str],
        *,
        remote: str | None = None,
        dvc_seconds: float = 3600.0,
        wait_seconds: float = 60.0,
    ) -> None:
        if remote is not None:
            remote = remote if "://" in remote else str(Path(remote).absolute())
            if not remote.isprintable() or '"' in remote or "\\" in remote:
                raise RepositoryError(f"{remote!r} is no URL and no folder for a remote.")
        self.folder = folder.resolve()
        self._lock = self.folder.with_name(f".{self.folder.name}.lock")
        self._dvc = (dvc, remote, dvc_seconds)
        self._wait_seconds = wait_seconds
        kept = {name: value for name, value in environment.items() if not name.startswith(OTHERS)}
        ceiling = {"GIT_CEILING_DIRECTORIES": str(self.folder.parent)}
        self._environment = {**kept, **ENVIRONMENT, **ceiling, "LC_ALL": "C.UTF-8"}

    def prepare(self) -> None:
        """Make the repository, or what is missing of it; its settings are brought up to date."""
        durable.make_folder(self.folder)
        with self._tools() as (git, dvc):
            git.prepare()
            dvc.prepare()
            files = {
                ".gitignore": IGNORED,
                ".dvc/.gitignore": SETTINGS_IGNORED,
                ".dvc/config": dvc.settings(),
            }
            self._write({path: text.encode() for path, text in files.items()})
            git.commit(list(files), "Keep settings")

    def commit(self, version: Version) -> str:
        """Keep a version, and return its revision; one that is there with the same content is left alone."""
        version.check()
        with self._tools() as (git, dvc):
            if revision := git.revision(f"refs/tags/{version.tag}"):
                self._keep(git, dvc, revision, version)
                return revision
            for folder, files in version.data.items():
                trees.place(self.folder / folder, files, self.folder / ".dvc/tmp/part")
            dvc.add(version.data)
            pointers = [folder + POINTER for folder in version.data]
            for folder, files in version.data.items():
                pointer = read_pointer((self.folder / (folder + POINTER)).read_bytes())
                size = sum(path.stat().st_size for path in files.values())
                if (pointer.files, pointer.size) != (len(files), size):
                    raise RepositoryError(
                        f"DVC kept {pointer} of {len(files)} files of {size} bytes: {folder}"
                    )
            self._write(version.plain)
            return git.commit([*pointers, *version.plain], version.message, version.tag)

    def push(self) -> None:
        """Have the data of every version at the remote; what is there is not sent again."""
        with self._tools() as (git, dvc):
            found = {
                blob: path
                for tag in git.tags("")
                for path, blob in git.files(f"refs/tags/{tag}").items()
                if path.endswith(POINTER)
            }
            if found:
                dvc.push({f"{blob}/{path}": git.content(blob) for blob, path in found.items()})

    def tags(self, prefix: str = "") -> list[str]:
        """Return the tags that begin with `prefix`, by the numbers in them: dataset-9 before dataset-10."""
        return self._git().tags(prefix)

    def read(self, tag: str, path: str) -> bytes:
        """Return one of a version's small files."""
        return self._content(self._git(), tag, path)

    def restore(self, tag: str, folder: str, target: Path) -> None:
        """Make a folder at `target` with a version's data, checked; the working tree stays as it is.

        They come from the cache, or where that lacks them from the remote, and are links to the cache where
        the disk can: read them, and change none. A `target` that holds them already is left alone.
        """
        check_folder(folder)
        with self._tools() as (git, dvc):
            pointer = self._content(git, tag, folder + POINTER)
            if not target.exists():
                dvc.restore(pointer, target.absolute())
            elif trees.checksums(trees.files_of(target))[0] != read_pointer(pointer).checksum:
                raise RepositoryError(
                    f"{target} is there and holds something else: remove it, or take another."
                )

    @contextmanager
    def _tools(self) -> Iterator[tuple[Git, Dvc]]:
        """Give the tools to one process at a time, and remove first what a killed one has left."""
        if not self.folder.is_dir():
            raise RepositoryError(f"There is no repository at {self.folder}: prepare() makes it.")
        with self._lock.open("w") as lock:
            deadline = time.monotonic() + self._wait_seconds
            while not _take(lock.fileno()):
                if time.monotonic() > deadline:
                    raise RepositoryError(
                        f"Another process has been at work on {self.folder} for {self._wait_seconds:g} s:"
                        " let it end, or end it, and call again."
                    )
                time.sleep(LOOK_SECONDS)
            commands = Commands(self.folder, self._environment, (lock.fileno(),))
            git, dvc = Git(commands), Dvc(commands, *self._dvc)
            try:
                git.unlock()
                dvc.tidy()
                yield git, dvc
            except OSError as error:
                raise RepositoryError(
                    f"{error}: see that its disk has room and may be written, then call again."
                ) from error

    def _git(self) -> Git:
        """Return git for reading, which waits for nobody: what has a tag never changes."""
        if not self.folder.is_dir():
            raise RepositoryError(f"There is no repository at {self.folder}: prepare() makes it.")
        return Git(Commands(self.folder, self._environment))

    def _content(self, git: Git, tag: str, path: str) -> bytes:
        check_tag(tag)
        if git.revision(f"refs/tags/{tag}") is None:
            raise RepositoryError(f"There is no version {tag}: see tags().")
        blob = git.files(f"refs/tags/{tag}").get(path)
        if blob is None:
            raise RepositoryError(f"The version {tag} has no {path}.")
        return git.content(blob)

    def _keep(self, git: Git, dvc: Dvc, revision: str, version: Version) -> None:
        """Refuse a version whose tag another content has, and make good what the cache has lost of it."""
        blobs = git.files(revision)
        found = {path: git.content(blob) for path, blob in blobs.items() if path in version.plain}
        pointed = {
            folder: read_pointer(git.content(blobs[folder + POINTER])).checksum
            for folder in version.data
            if folder + POINTER in blobs
        }
        checksums = {folder: trees.checksums(files) for folder, files in version.data.items()}
        if found != version.plain or pointed != {folder: names[0] for folder, names in checksums.items()}:
            raise RepositoryError(f"There is a version {version.tag} with other content: take another tag.")
        lost = [folder for folder, names in checksums.items() if any(map(dvc.lacks, names))]
        if lost:
            dvc.keep({folder: version.data[folder] for folder in lost})

    def _write(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            path = self.folder / name
            if path.is_file() and path.read_bytes() == content:
                continue
            durable.make_folder(path.parent)
            part = self.folder / ".dvc/tmp/part"
            durable.remove(part)
            part.write_bytes(content)
            durable.settle(part, path)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
