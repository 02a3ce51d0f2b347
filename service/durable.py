"""Files and links that a power cut leaves whole: what has its name is on the disk."""

import hashlib
import os
import shutil
from pathlib import Path

CHUNK_BYTES = 2**20
FILE_MODE, FOLDER_MODE = 0o644, 0o755  # the servers run as another user, whatever the umask
PART = ".part"  # how names end that are not whole yet


def copy(source: Path, target: Path) -> str:
    """Copy a file to a name that is not taken, and return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("xb") as written:
        while chunk := read.read(CHUNK_BYTES):
            digest.update(chunk)
            written.write(chunk)
        written.flush()
        os.fchmod(written.fileno(), FILE_MODE)
        os.fsync(written.fileno())
    return digest.hexdigest()


def replace(path: Path, data: bytes) -> None:
    """Give a file that is there another content, from one instant to the next; its mode stays."""
    part = path.with_name(f".{path.name}{PART}")
    with part.open("wb") as written:
        written.write(data)
        written.flush()
        os.fchmod(written.fileno(), path.stat().st_mode)
        os.fsync(written.fileno())
    part.replace(path)
    sync(path.parent)


def write(path: Path, data: bytes) -> None:
    """Write a file that may be there; under its name it is always whole."""
    part = path.with_name(f".{path.name}{PART}")
    part.write_bytes(data)
    settle(part, path)


def settle(part: Path, path: Path) -> None:
    """Give a written file its name when its content is on the disk."""
    with part.open("rb") as written:
        os.fchmod(written.fileno(), FILE_MODE)
        os.fsync(written.fileno())
    part.replace(path)
    sync(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder that others can read, with those above it; one that is there is left as it is."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)  # another program may make it now
        folder.chmod(FOLDER_MODE)
        sync(folder.parent)


def replace_link(path: Path, target: str) -> None:
    """Let a name, which a link or a file has by now, lead to `target` from one instant to the next."""
    part = path.with_name(f".{path.name}{PART}")
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    part.replace(path)
    sync(path.parent)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; there may be none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_at_once(folder: Path) -> None:
    """Remove a folder so that nobody sees it half removed under its name."""
    part = folder.with_name(folder.name + PART)
    remove(part)
    folder.rename(part)
    remove(part)


def sync(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(folder: Path) -> None:
    """Have the names in a folder, and in all folders below it, on the disk."""
    for below in folder.rglob("*"):
        if below.is_dir():
            sync(below)
    sync(folder)
