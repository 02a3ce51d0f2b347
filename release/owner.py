"""In a container the program becomes the user whose folders it changes, whoever that is on the host."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

CAPABILITY_VERSION = 0x20080522  # of capset(2), which takes two blocks of three sets then


def become_owner(folder: Path, *, groups_of: Sequence[Path] = ()) -> None:
    """Become a folder's owner, without any capability, in the groups of these folders too.

    A root that owns the folder stays root by name only.

    Raises:
        OSError: this process has not the right to change its user, or a folder is absent.
    """
    owner = folder.stat()
    os.setgroups([one.stat().st_gid for one in groups_of])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    _drop_capabilities()


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none):
        raise OSError(ctypes.get_errno(), "capabilities cannot be dropped")
