"""The models that are served: the demo's small CNN, made when missing, and the lab's regressor."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import subprocess
from pathlib import Path

from stack.paths import Paths
from stack.plain.commands import make_models
from stack.settings import local_settings


def ensure_image_package(paths: Paths) -> Path:
    """Return the stable slot's package, whole."""
    package = paths.project / "model_server" / "model"
    if not list((package / "artifacts").glob("*.safetensors")):
        make_models(local_settings(paths.project), paths)
    return package


def ensure_regressor_package(paths: Paths, folder: Path) -> Path:
    """Return the regressor's package, written anew below the folder."""
    package = folder / "regressor"
    python = str(paths.python("model_server"))
    subprocess.run([python, "-m", "benchmark.regressor", str(package)], cwd=paths.project, check=True)
    return package
