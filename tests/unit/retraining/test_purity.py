"""The gate and the dataset's checks know nothing of the world."""

import ast
from pathlib import Path

import pytest

import retraining

ROOM = Path(retraining.__file__).parent
MODULES = sorted([ROOM / "check.py", *(ROOM / "gate").glob("*.py"), *(ROOM / "dataset_checks").glob("*.py")])
PURE = {
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "itertools",
    "math",
    "numpy",
    "statistics",
    "typing",
}
OF_THE_FILE = {"pathlib", "pydantic", "tomllib"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_check_has_no_input_or_output(module: Path) -> None:
    """It imports arithmetic and its own room; only the thresholds are read from a file."""
    tree = ast.parse(module.read_text("utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    allowed = PURE | {"retraining"} | (OF_THE_FILE if module.stem == "thresholds" else set())
    assert {name.partition(".")[0] for name in imported} <= allowed
