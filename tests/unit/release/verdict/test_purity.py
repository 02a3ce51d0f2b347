"""The verdicts know nothing of the world."""

import ast
from pathlib import Path

import pytest

import release.verdict

MODULES = sorted(Path(release.verdict.__file__).parent.glob("*.py"))
PURE = {"collections", "dataclasses", "enum", "functools", "itertools", "math", "operator", "random"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_verdict_has_no_input_or_output(module: Path) -> None:
    """It imports arithmetic and itself; `random` only draws from a seed that is given."""
    tree = ast.parse(module.read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert {
        name
        for name in imported
        if name and name.partition(".")[0] not in PURE and not name.startswith("release.verdict")
    } == set()
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not calls & {"open", "print", "input", "random.random", "random.sample"}
