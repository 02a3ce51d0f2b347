"""The models that are served: the demo's small CNN, made when missing, and the lab's regressor."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import subprocess
from pathlib import Path

from stack.paths import Paths
from stack.plain.deployment import PlainDeployment


def ensure_image_package(paths: Paths) -> Path:
    """Return the stable slot's package, whole."""
    package = paths.project / "model_server" / "model"
    if not list((package / "artifacts").glob("*.safetensors")):
        PlainDeployment(paths).make_models()
    return package


def ensure_regressor_package(paths: Paths, folder: Path) -> Path:
    """Return the regressor's package, written below the folder."""
    package = folder / "regressor"
    python = str(paths.python("model_server"))
    subprocess.run([python, "-m", "benchmark.regressor", str(package)], cwd=paths.project, check=True)
    return package
