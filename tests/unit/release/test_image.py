"""The image has every module that the program imports, and no framework of models."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[3]
DOCKERFILE = (PROJECT / "release/Dockerfile").read_text("utf-8")
OURS = (
    "examples",
    "inference",
    "job_server",
    "mongodb",
    "proxy",
    "release",
    "retraining",
    "service",
    "stack",
    "stream",
    "training_data",
)


def copied(dockerfile: str) -> set[Path]:
    """Return the Python files that a Dockerfile copies."""
    words = [line.split()[1:-1] for line in re.findall(r"^COPY (?!--).*$", dockerfile, flags=re.M)]
    found = {path for sources in words for word in sources for path in PROJECT.glob(word)}
    return {file for path in found for file in (path.rglob("*.py") if path.is_dir() else [path])}


def imported(file: Path) -> Iterator[str]:
    """Yield the names that a file imports, each also as the module that it may be of its package."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def reached(first: Path) -> tuple[set[Path], set[str]]:
    """Return our files that a file imports, by way of others too, and the names of others' packages."""
    files, others, waiting = {first}, set(), [first]
    while waiting:
        for name in imported(waiting.pop()):
            if name.partition(".")[0] not in OURS:
                others.add(name.partition(".")[0])
                continue
            place = PROJECT / name.replace(".", "/")
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                if file.exists() and file not in files:
                    files.add(file)
                    waiting.append(file)
    return files, others


def test_what_the_program_imports_is_copied() -> None:
    """From its beginning on, the commands and the server."""
    files, others = reached(PROJECT / "release/__main__.py")
    assert PROJECT / "inference/identity.py" in files
    assert PROJECT / "proxy/split.py" in files
    assert files <= copied(DOCKERFILE), files - copied(DOCKERFILE)
    assert not {"torch", "torchvision", "PIL", "safetensors"} & others
