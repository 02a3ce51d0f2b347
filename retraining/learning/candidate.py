"""The candidate's package in the making: production's files, but its own weights, reference and lineage."""

import shutil
from pathlib import Path

from inference.manifest import FILE_NAME, Manifest
from retraining.model_toml import write_manifest
from service import durable

OWN = {
    "weights": "artifacts/weights.safetensors",
    "sha256": "artifacts/weights.sha256",
    "reference": "artifacts/reference.safetensors",
    "reference_sha256": "artifacts/reference.sha256",
    "lineage": None,  # it is written when all is known
    "lineage_sha256": None,
}
NO_PART = (
    ".",
    "__pycache__",
)  # how names begin of what lies in a folder, git's or an editor's say, and is no model's


def begin_package(production: Path, manifest: Manifest, package: Path, version: str) -> Manifest:
    """Copy what stays production's into a new folder, and return the candidate's manifest."""
    durable.remove(package)
    replaced = [getattr(manifest, name) for name in OWN]
    left_out = {FILE_NAME, *(str(Path(name)) for name in replaced if name)}

    def ignored(folder: str, names: list[str]) -> set[str]:
        within = Path(folder).relative_to(production)
        return {one for one in names if str(within / one) in left_out or one.startswith(NO_PART)}

    shutil.copytree(production, package, ignore=ignored)
    candidate = manifest.model_copy(update={"version": version, **OWN})
    write_manifest(package, candidate)
    return candidate
