"""A slot's package folder, whose package is replaced in one step, and the packages that it served before.

The folder itself cannot be renamed, as the slots' containers have mounted it. So each package lies whole
below `.packages/`, and the names that the slot reads are links, all by way of one more:

    model.toml               → .packages/current/model.toml
    artifacts/weights.sha256 → ../.packages/current/artifacts/weights.sha256
    .packages/current        → 7         the one link that a replacement changes
    .packages/7              → 3f2a…     what was served seventh
    .packages/3f2a…/                     the package with this checksum

Every byte stays the candidate's, so the package's checksum does too. Numbers above `current` were never
served.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from inference.checksum import SHA256
from inference.identity import Identity, identify, unchanged
from inference.manifest import BadModelPackage, Manifest
from release.package_files import copy_package, files_of, size_of, verify_files
from service import durable

STORE, CURRENT = ".packages", "current"
SPARE_BYTES = 16 * 2**20  # for what others write to the same disk meanwhile
NUMBER = re.compile(r"[0-9]{1,9}")


class CannotReplace(Exception):
    """The slot's package cannot be replaced, and is as it was; the message says why and what to do."""


class PackageFolder:
    """A slot's package folder; only a program that has it `locked` changes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = folder / STORE

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other programs from replacing this package until the block, or the process, ends.

        Raises:
            CannotReplace: one of them is at it, or this program may not write here.
        """
        with self._open_lock() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotReplace(f"{self.folder}: another program is replacing this package") from None
            yield

    def served(self) -> Identity:
        """Return the package that the folder holds; raises BadModelPackage."""
        return identify(self.folder)

    def kept(self) -> tuple[Identity, ...]:
        """Return the packages that can be served, the last served first; what was changed by hand is none."""
        served = map(self._kept, history(self._numbers(), self._number()))
        return tuple(one for one in served if one is not None)

    def place(self, sha256: str) -> Path:
        """Return the folder that keeps a package, if it is kept."""
        return self._store / sha256

    def previous(self) -> str | None:
        """Return the checksum of the package that was served before this one; None where none is kept."""
        served = self.served().sha256
        return next((one.sha256 for one in self.kept() if one.sha256 != served), None)

    def identity(self, sha256: str) -> Identity:
        """Return a package that is kept.

        Raises:
            CannotReplace: it is not, or somebody has changed it.
        """
        if found := self._kept(sha256):
            return found
        known = ", ".join(one.sha256[:12] for one in self.kept()) or "none"
        raise CannotReplace(f"{self.folder}: package {sha256[:12]} is not kept; those kept: {known}")

    def take(self, source: Path, sha256: str) -> None:
        """Keep a copy of the package in `source`, and of the one that is served, which goes on being served.

        Raises:
            BadModelPackage: either is not whole.
            CannotReplace: `source` is not the package with this checksum, or there is no room.
        """
        wanted = [] if self._is_whole(sha256) else [source]
        self._keep_served(besides=wanted)
        if not self._is_whole(sha256):  # what is served may be the very package
            self._copy(source, sha256)

    def serve(self, sha256: str) -> None:
        """Serve a package that is kept, from one instant to the next; the one that was served is kept.

        Raises:
            BadModelPackage: it is not whole.
            CannotReplace: it is not kept, or other files have its names.
        """
        manifest = self.identity(sha256).manifest
        verify_files(self._store / sha256, manifest)
        self._keep_served()
        self._demand_names(manifest)
        self._link(manifest)
        self._turn_to(sha256)

    def prune(self, most: int) -> None:
        """Remove all but the `most` packages served last, what was never served, and links to nowhere."""
        current, numbers = self._number(), self._numbers()
        stays = {*[one.sha256 for one in self.kept()[:most]], numbers.get(current)}
        newest = {sha256: number for number, sha256 in sorted(numbers.items()) if number <= current}
        for number, sha256 in numbers.items():
            if sha256 not in stays or newest.get(sha256) != number:
                durable.remove(self._store / str(number))
        for path in list(self._store.iterdir()):
            if path.name.endswith(durable.PART):
                durable.remove(path)
            elif SHA256.fullmatch(path.name) and path.name not in stays:
                durable.remove_at_once(path)
        for link in self._links():
            if not link.exists() or link.name.endswith(durable.PART):
                durable.remove(link)

    def _open_lock(self) -> BinaryIO:
        try:
            durable.make_folder(self._store)
            if not (ignore := self._store / ".gitignore").exists():
                ignore.write_text("*\n", "ascii")
            return (self._store / ".lock").open("ab")
        except OSError as error:
            raise CannotReplace(f"{self._store} cannot be written: {error.strerror}") from error

    def _numbers(self) -> Mapping[int, str]:
        found = {}
        for link in self._store.glob("*"):
            if NUMBER.fullmatch(link.name):
                with suppress(FileNotFoundError):  # who only reads has no lock, and another may prune
                    found[int(link.name)] = str(link.readlink())
        return found

    def _number(self) -> int:
        current = self._store / CURRENT
        return int(current.readlink().name) if current.is_symlink() else 0

    def _kept(self, sha256: str) -> Identity | None:
        try:
            found = identify(self._store / sha256)
        except BadModelPackage:
            return None
        return found if found.sha256 == sha256 else None

    def _is_whole(self, sha256: str) -> bool:
        found = self._kept(sha256)
        try:
            if found is not None:
                verify_files(self._store / sha256, found.manifest)
        except BadModelPackage:
            return False
        return found is not None

    def _keep_served(self, besides: Sequence[Path] = ()) -> None:
        """Have what is served among the packages, and its names as links; what they hold stays."""
        served = self.served()
        missing = not self._kept(served.sha256)
        self._demand_room([*besides, self.folder] if missing else besides)
        if missing:
            self._copy(self.folder, served.sha256)
        self._turn_to(served.sha256)
        self._link(served.manifest)

    def _copy(self, source: Path, sha256: str) -> None:
        place, part = self._store / sha256, self._store / f"{sha256}{durable.PART}"
        if place.exists() and self._numbers().get(self._number()) == sha256:
            raise CannotReplace(f"{place} is served, and was changed by hand: put its own files back")
        durable.remove(part)
        try:
            with unchanged(source) as identity:
                if identity.sha256 != sha256:
                    raise CannotReplace(f"{source} holds {identity.sha256[:12]} by now, not {sha256[:12]}")
                _demand_none_of_ours(source, identity.manifest)
                copy_package(source, identity.manifest, part)
            durable.remove(place)
            part.rename(place)
        except OSError as error:
            durable.remove(part)
            raise CannotReplace(f"{source} cannot be copied to {place}: {error.strerror}") from error
        durable.sync(self._store)

    def _demand_room(self, sources: Sequence[Path]) -> None:
        needed = sum(map(size_of, sources))
        free = free_bytes(self._store)
        if needed and free < needed + SPARE_BYTES:
            sizes = f"{megabytes(needed + SPARE_BYTES)} are needed, {megabytes(free)} are free"
            raise CannotReplace(f"{self.folder}: there is no room for another package: {sizes}")

    def _demand_names(self, manifest: Manifest) -> None:
        links = self._links()
        for path in (self.folder / name for name in files_of(manifest)):
            if path not in links and (path.exists() or path.is_symlink()):
                raise CannotReplace(f"{path} is no part of the package that is served: move it away")

    def _link(self, manifest: Manifest) -> None:
        current = self.folder.resolve() / STORE / CURRENT
        for name in files_of(manifest):
            path = self.folder / name
            durable.make_folder(path.parent)
            target = os.path.relpath(current / name, path.parent.resolve())
            if not (path.is_symlink() and str(path.readlink()) == target):
                durable.replace_link(path, target)

    def _turn_to(self, sha256: str) -> None:
        number = self._number()
        if self._numbers().get(number) != sha256:
            durable.replace_link(self._store / str(number + 1), sha256)
            durable.replace_link(self._store / CURRENT, str(number + 1))

    def _links(self) -> list[Path]:
        """Return the links to packages in the slot's folder and in those below it."""
        found = []
        for folder, below, names in os.walk(self.folder):
            below[:] = [one for one in below if one != STORE]
            found += [Path(folder, name) for name in names]
        return [one for one in found if one.is_symlink() and STORE in one.readlink().parts]


def history(numbers: Mapping[int, str], current: int) -> tuple[str, ...]:
    """Return the checksums of what was served, each once, the last served first."""
    served = [numbers[number] for number in sorted(numbers, reverse=True) if number <= current]
    return tuple(dict.fromkeys(served))


def free_bytes(folder: Path) -> int:
    """Return how much this user may still write to a folder's disk."""
    return shutil.disk_usage(folder).free


def megabytes(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1e6:.0f} MB"


def _demand_none_of_ours(source: Path, manifest: Manifest) -> None:
    if inner := [name for name in files_of(manifest) if STORE in Path(name).parts]:
        raise CannotReplace(f"{source} names {inner[0]} as its own, and {STORE} is where packages are kept")
