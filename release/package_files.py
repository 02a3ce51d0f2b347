"""The files that make a model package: which they are, how large, whether whole, and a copy of them."""

from collections.abc import Mapping
from pathlib import Path

from inference.checksum import SHA256, sha256_of, verify_checksum
from inference.manifest import FILE_NAME, BadModelPackage, Manifest, read_manifest
from service import durable

REMEDY = "put the package's own file there"


def files_of(manifest: Manifest) -> list[str]:
    """Return the paths of a package's files in its folder; a checksum may stand in `model.toml` itself."""
    network = manifest.network.partition(":")[0]
    files = [name for name, _ in manifest.declared]
    checksums = [declared for _, declared in manifest.declared if not SHA256.fullmatch(declared)]
    named = [FILE_NAME, network, *files, *checksums]
    return list(dict.fromkeys(str(Path(one)) for one in named))


def size_of(folder: Path) -> int:
    """Return how many bytes a package's files have; raises BadModelPackage."""
    files = [folder / name for name in files_of(read_manifest(folder))]
    return sum(one.stat().st_size for one in files if one.exists())


def copy_package(source: Path, manifest: Manifest, target: Path) -> None:
    """Copy a package to a new folder, and have it on the disk.

    Raises:
        BadModelPackage: a file is absent, or has another checksum than the package says.
        OSError: a file cannot be read or written.
    """
    found = {}
    for name in files_of(manifest):
        durable.make_folder((target / name).parent)
        try:
            found[name] = durable.copy(source / name, target / name)
        except FileNotFoundError:
            raise BadModelPackage(f"{source / name} does not exist") from None
    _compare(target, manifest, found)
    durable.sync_all(target)


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Read what has a checksum through; BadModelPackage where a file has not the one that it should."""
    try:
        found = {str(Path(one)): sha256_of(folder / one) for one, _ in manifest.declared}
    except OSError as error:
        raise BadModelPackage(str(error)) from None
    _compare(folder, manifest, found)


def _compare(folder: Path, manifest: Manifest, found: Mapping[str, str]) -> None:
    for name, declared in manifest.declared:
        verify_checksum(folder / name, found[str(Path(name))], folder, declared, REMEDY)
