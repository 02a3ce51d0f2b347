"""Folders of data: their checksum as DVC computes it, and how files come into one without a second copy."""

import errno
import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from service import durable


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files below a folder by their path in it."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def checksums(files: Mapping[str, Path]) -> list[str]:
    """Return what DVC calls a folder with these files, then what it calls each file, by their MD5.

    Source: dvc.org/doc/user-guide/project-structure/internal-files. It tells damage, and stops no attacker.
    """
    entries = [{"md5": md5_of(path), "relpath": name} for name, path in sorted(files.items())]
    listed = hashlib.md5(json.dumps(entries).encode(), usedforsecurity=False).hexdigest()
    return [f"{listed}.dir", *(one["md5"] for one in entries)]


def md5_of(path: Path) -> str:
    """Return the MD5 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def place(folder: Path, files: Mapping[str, Path], part: Path) -> None:
    """Let a folder hold these files and no others: as links where the disk can, as copies elsewhere."""
    durable.make_folder(folder)
    for path in list(folder.rglob("*")):
        if path.is_symlink() or (path.is_file() and path.relative_to(folder).as_posix() not in files):
            path.unlink()
    for name, source in files.items():
        path = folder / name
        if path.is_file() and path.samefile(source):
            continue
        if path.is_dir() and not path.is_symlink():
            durable.remove(path)
        durable.make_folder(path.parent)
        durable.remove(part)
        try:
            part.hardlink_to(source.resolve())
        except OSError:
            durable.copy(source, part)
        part.replace(path)
    for below in sorted((one for one in folder.rglob("*") if one.is_dir()), reverse=True):
        with suppress(OSError):  # it is not empty
            below.rmdir()


def move(source: Path, target: Path) -> None:
    """Give a folder another name, from one instant to the next, on another disk too."""
    part = target.with_name(f".{target.name}{durable.PART}")
    durable.remove(part)
    try:
        source.rename(part)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(source, part)
    for path in [part, *(one for one in part.rglob("*") if one.is_dir())]:
        path.chmod(durable.FOLDER_MODE)
    durable.sync_all(part)
    part.rename(target)
    durable.sync(target.parent)
