"""What containers mount from this machine and their users cannot read: named before anything starts."""

import os
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUILT_IMAGES_USER = "10001:10001"  # the USER of our Dockerfiles
NOBODY = 65534
ROOT = "0:0"
OF_THE_MACHINE = {"/", "/proc", "/sys"}  # the node exporter's, which looks at what it may


@dataclass(frozen=True)
class Mount:
    """A folder or file of this machine that a service only reads, and its user and group there."""

    source: Path
    service: str
    user: int
    group: int


def read_only_mounts(services: Mapping[str, Any]) -> list[Mount]:
    """Return what Compose's configuration mounts read-only; what is writable, the services make theirs.

    Those that start as root become the owner of what is mounted.
    """
    return [
        Mount(Path(volume["source"]), name, *_ids(service.get("user") or BUILT_IMAGES_USER))
        for name, service in services.items()
        if service.get("user") != ROOT
        for volume in service.get("volumes", ())
        if volume["type"] == "bind" and volume.get("read_only") and volume["source"] not in OF_THE_MACHINE
    ]


def complaints(mounts: Sequence[Mount]) -> list[str]:
    """Return one line for each path that a service cannot read, and last the command that mends them all."""
    unreadable: dict[Path, Mount] = {}
    for mount in mounts:
        for path in _unreadable(mount):
            unreadable.setdefault(path, mount)
    lines = [
        f"{path} ({_mode(path)}) cannot be read by {one.service}, whose user is {one.user}"
        for path, one in unreadable.items()
    ]
    return [*lines, f"Let it be read: chmod a+rX {shlex.join(map(str, unreadable))}"] if lines else []


def _ids(user: str) -> tuple[int, int]:
    name, _, group = user.partition(":")
    if not (name.isdecimal() and (group or "0").isdecimal()):
        return NOBODY, NOBODY  # a name, which only the image knows: what all may read, it may
    return int(name), int(group or 0)


def _unreadable(mount: Mount) -> Iterator[Path]:
    """Yield what cannot be read, but not what lies in a folder that cannot; hidden files nobody asks for."""
    waiting = [mount.source]
    while waiting:
        path = waiting.pop()
        try:
            found = path.stat()
        except OSError:  # not made yet, or we may not look, and the service may
            continue
        if not _may_read(found, mount):
            yield path
        elif stat.S_ISDIR(found.st_mode) and not path.is_symlink():
            shown = sorted(one for one in _entries(path) if not one.name.startswith((".", "__pycache__")))
            waiting += reversed(shown)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except PermissionError:  # the service may read it, and we may not
        return []


def _may_read(found: os.stat_result, mount: Mount) -> bool:
    if found.st_uid == mount.user:
        read, search = stat.S_IRUSR, stat.S_IXUSR
    elif found.st_gid == mount.group:
        read, search = stat.S_IRGRP, stat.S_IXGRP
    else:
        read, search = stat.S_IROTH, stat.S_IXOTH
    needed = read | search if stat.S_ISDIR(found.st_mode) else read
    return found.st_mode & needed == needed


def _mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)
