"""The versions that there are: packages of the registry's folder and of the slots', known by checksums."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from inference.identity import identify
from inference.lineage import Lineage, read_lineage
from inference.manifest import BadModelPackage
from release.lifecycle import Package
from release.package_files import files_of
from release.package_folder import PackageFolder
from service import durable

logger = logging.getLogger(__name__)

PREFIX = re.compile(r"[0-9a-f]{8,64}")
NEVER = datetime.min.replace(tzinfo=UTC)


class Where(StrEnum):
    """In the slot that people's traffic counts on, in the one that is tried, or in none."""

    PRODUCTION = "production"
    CANDIDATE = "candidate"
    ARCHIVE = "archive"


class UnknownVersion(LookupError):
    """No version is called that; the message says how one is asked for."""


class AmbiguousVersion(LookupError):
    """Several versions are called that; the message names them."""


@dataclass(frozen=True)
class Version:
    """A package, and where it is: in a slot or in both, else in the archive alone.

    `folders` hold it; those of the registry come first. `lineage` says what it was made of.
    """

    package: Package
    where: tuple[Where, ...]
    folders: tuple[Path, ...]
    lineage: Lineage | None = None

    @property
    def created_at(self) -> datetime | None:
        """Return when it was made, an aware time; None where it does not say so."""
        return self.lineage.created_at if self.lineage else None

    @property
    def name(self) -> str:
        """Return what people call it."""
        return f"{self.package.model} {self.package.version} ({self.package.sha256[:12]})"


@dataclass(frozen=True)
class _Found:
    package: Package
    lineage: Lineage | None
    folder: Path
    where: Where


class Registry:
    """Reads the folder `models`, where there is one, and the slots' own.

    `production` says which slot people's traffic counts on.
    """

    def __init__(
        self, models: Path | None, slots: Mapping[str, PackageFolder], production: Callable[[], str]
    ) -> None:
        self._models = models
        self._slots = slots
        self._production = production
        self._refused: Mapping[Path, str] = {}

    def versions(self) -> tuple[Version, ...]:
        """Return every version, the newest first, and at last those that do not say when they were made.

        What is no whole package is none, and is logged once.
        """
        found: list[_Found] = []
        refused: dict[Path, str] = {}
        for folder, where in self._folders():
            try:
                found.append(_read(folder, where))
            except (BadModelPackage, OSError) as error:
                refused[folder] = str(error)
        for folder, reason in refused.items():
            if self._refused.get(folder) != reason:
                logger.warning("no version of a model", extra={"folder": str(folder), "reason": reason})
        self._refused = refused
        return _merged(found)

    def find(self, asked: str) -> Version:
        """Return the version of this checksum, of 8 or more digits that it begins with, or `model:version`.

        Raises:
            UnknownVersion: there is none.
            AmbiguousVersion: there are several.
        """
        versions = self.versions()
        found = [one for one in versions if _is_called(one.package, asked)]
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise AmbiguousVersion(f"{asked} is the name of several: {names}. Give more of its checksum")
        if found:
            return found[0]
        known = ", ".join(one.name for one in versions) or "none"
        todo = f"give 8 digits of its checksum or more, or model:version; known: {known}"
        raise UnknownVersion(f"no version is called {asked}: {todo}")

    def _folders(self) -> Iterator[tuple[Path, Where]]:
        for folder in _subfolders(self._models):
            yield folder, Where.ARCHIVE
        production = self._production()
        for slot, packages in self._slots.items():
            yield packages.folder, Where.PRODUCTION if slot == production else Where.CANDIDATE
            for kept in packages.kept():
                yield packages.place(kept.sha256), Where.ARCHIVE


def _subfolders(models: Path | None) -> Sequence[Path]:
    """Return what may be packages; what is hidden, or a part of one yet, is none."""
    try:
        found = sorted(models.iterdir()) if models else []
    except OSError:
        return []  # nothing was ever put there, or it is not for this program
    return [
        one for one in found if one.is_dir() and not one.name.startswith(".") and one.suffix != durable.PART
    ]


def _read(folder: Path, where: Where) -> _Found:
    identity = identify(folder)
    manifest = identity.manifest
    for name in files_of(manifest):  # that they have their checksums is seen when it is served
        (folder / name).stat()
    package = Package(manifest.name, manifest.version, identity.sha256)
    return _Found(package, read_lineage(folder, manifest), folder, where)


def _merged(found: Sequence[_Found]) -> tuple[Version, ...]:
    of: dict[str, list[_Found]] = {}
    for one in found:
        of.setdefault(one.package.sha256, []).append(one)
    versions = [
        Version(
            package=same[0].package,
            where=_where({one.where for one in same}),
            folders=tuple(one.folder for one in same),
            lineage=same[0].lineage,
        )
        for same in of.values()
    ]
    named = sorted(versions, key=lambda one: (one.package.model, one.package.version, one.package.sha256))
    return tuple(sorted(named, key=lambda one: one.created_at or NEVER, reverse=True))


def _where(found: set[Where]) -> tuple[Where, ...]:
    return tuple(one for one in Where if one in found - {Where.ARCHIVE}) or (Where.ARCHIVE,)


def _is_called(package: Package, asked: str) -> bool:
    if PREFIX.fullmatch(asked):
        return package.sha256.startswith(asked)
    return asked == f"{package.model}:{package.version}"
