"""What makes a package the one it is: a checksum over all that decides what it answers."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inference.checksum import expected_checksum
from inference.manifest import FILE_NAME, BadModelPackage, Manifest, read_manifest


@dataclass(frozen=True)
class Identity:
    """A package's manifest and its checksum, 64 hexadecimal digits."""

    manifest: Manifest
    sha256: str


def identify(folder: Path) -> Identity:
    """Read a package's identity.

    The checksum covers `model.toml`, the network's file, and the declared checksums of weights, reference and
    lineage, where there is one: nobody has to read half a gigabyte of weights to know it. That the files have
    them is checked elsewhere.

    Raises:
        BadModelPackage: one of these files is absent or no good.
    """
    manifest = read_manifest(folder)
    network = folder / manifest.network.partition(":")[0]
    try:
        files = [(folder / FILE_NAME).read_bytes(), network.read_bytes()]
    except FileNotFoundError as error:
        raise BadModelPackage(f"{error.filename} does not exist") from error
    except OSError as error:
        raise BadModelPackage(f"{folder}: {error}") from error
    files += [expected_checksum(folder, declared).encode() for _, declared in manifest.declared]
    parts = [hashlib.sha256(part).digest() for part in files]
    return Identity(manifest, hashlib.sha256(b"".join(parts)).hexdigest())


@contextmanager
def unchanged(folder: Path) -> Iterator[Identity]:
    """Give a package's identity to read the package by.

    Raises:
        BadModelPackage: it is no good, or was another one at the end, so that what was read may be of two.
    """
    before = identify(folder)
    yield before
    if identify(folder) != before:
        raise BadModelPackage(f"{folder} was changed while it was read", "try again")
