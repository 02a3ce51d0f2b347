"""SHA-256 checksums of a package's files, written down beside them or in `model.toml` itself."""

import hashlib
import re
from pathlib import Path

from inference.manifest import BadModelPackage

SHA256 = re.compile(r"[0-9a-f]{64}")


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_file(folder: Path, declared: str) -> Path:
    """Return the file that a checksum is to be written to.

    Raises:
        BadModelPackage: `model.toml` has the digits themselves, and that is edited by people only.
    """
    if SHA256.fullmatch(declared):
        advice = 'name a file for it there, say reference_sha256 = "artifacts/reference.sha256"'
        raise BadModelPackage(f"{folder}: a new checksum has no place, model.toml holds the old one", advice)
    return folder / declared


def write_checksum(path: Path, checksum_file: Path) -> str:
    """Write a file's checksum so that `sha256sum -c` can check it, and return it."""
    part, sha256 = checksum_file.with_name(checksum_file.name + ".part"), sha256_of(path)
    part.write_text(f"{sha256}  {path.name}\n", "ascii")
    part.replace(checksum_file)  # under its name it is always whole
    return sha256


def expected_checksum(folder: Path, declared: str) -> str:
    """Return the declared checksum: the 64 digits themselves, or a file that `sha256sum` has written.

    Raises:
        BadModelPackage: the file is absent, or does not begin with 64 digits.
    """
    if SHA256.fullmatch(declared):
        return declared
    path = folder / declared
    try:
        words = path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise BadModelPackage(f"{path}: {error}", f"make it: sha256sum FILE > {path.name}") from error
    if not words or not SHA256.fullmatch(words[0]):
        raise BadModelPackage(f"{path} does not begin with 64 hexadecimal digits, as sha256sum writes them")
    return words[0]


def verify_checksum(path: Path, found: str, folder: Path, declared: str, remedy: str) -> None:
    """Compare the checksum that was found in a file with the declared one.

    Raises:
        BadModelPackage: they differ.
    """
    expected = expected_checksum(folder, declared)
    if found != expected:
        source = declared if declared != expected else "model.toml"
        reason = f"{path} does not have the checksum in {source}: its SHA-256 is {found}, not {expected}"
        raise BadModelPackage(reason, f"refused unread; {remedy}")


def verified_weights(folder: Path, weights: str, declared: str) -> str:
    """Return the checksum of the weights if it is the declared one.

    Raises:
        BadModelPackage: they are absent, or have another checksum.
    """
    path, remedy = folder / weights, "`python download_models.py` makes the demo's weights"
    if not path.is_file():
        raise BadModelPackage(f"{path} is not there", remedy)
    found = sha256_of(path)
    verify_checksum(path, found, folder, declared, remedy)
    return found
