"""Say which command to run where this Python lacks a package. Standard library only: it must run anywhere."""

import importlib.util
import sys

PACKAGES = ("torch", "torchvision", "numpy", "PIL", "pydantic", "safetensors", "requests", "tqdm")


def require_packages(command: str) -> None:
    """Exit with one line that names `command` unless the model server's packages are there."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"This Python has no {missing[0]}. Run `{command}`, which uses an environment that has it.")
