"""What is wrong with a package's parts, without importing torch: a run that has nothing to make is quick."""

from pathlib import Path

from inference.checksum import verified_weights
from inference.manifest import BadModelPackage, Manifest
from inference.reference import read_reference


def weights_fault(package: Path, manifest: Manifest) -> str | None:
    """Return what is wrong with the package's weights, None if they are whole."""
    try:
        verified_weights(package, manifest.weights, manifest.sha256)
    except BadModelPackage as error:
        return error.fault
    return None


def reference_fault(package: Path, manifest: Manifest) -> str | None:
    """Return what is wrong with the package's reference, None if it is whole and made with these weights."""
    try:
        read_reference(package, manifest)
    except BadModelPackage as error:
        return error.fault
    return None
