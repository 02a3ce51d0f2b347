"""Versions of a model: the numbers that retraining gives."""

import re
from pathlib import Path

from inference.manifest import BadModelPackage, read_manifest

NUMBER = re.compile(r"[0-9]{1,9}")


def next_version(models: Path, model: str, production: str) -> str:
    """Return the number after the highest that this model has had, among `models` and in production."""
    found = [production]
    for folder in models.glob("*"):
        if folder.name.startswith("."):
            continue
        try:
            manifest = read_manifest(folder)
        except BadModelPackage:
            continue
        if manifest.name == model:
            found.append(manifest.version)
    return str(max((int(one) for one in found if NUMBER.fullmatch(one)), default=1) + 1)
