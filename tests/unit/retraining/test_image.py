"""The image has every module that the retraining and its commands import."""

import re
from pathlib import Path

import pytest

from tests.unit.release.test_image import copied, reached

PROJECT = Path(__file__).parents[3]
DOCKERFILE = (PROJECT / "retraining/Dockerfile").read_text("utf-8")
PROGRAMS = [*(PROJECT / "retraining").rglob("__main__.py"), PROJECT / "retraining/import_examples.py"]


@pytest.mark.parametrize("program", sorted(PROGRAMS), ids=lambda one: f"{one.parent.name}.{one.stem}")
def test_what_a_program_imports_is_copied(program: Path) -> None:
    """From its beginning on."""
    files, _ = reached(program)
    assert any(PROJECT / "retraining" in one.parents for one in files)
    assert files <= copied(DOCKERFILE), files - copied(DOCKERFILE)


def test_the_program_itself_starts_without_pytorch() -> None:
    """What learns is a process of its own, which gives its memory back."""
    _, others = reached(PROJECT / "retraining/__main__.py")
    assert not {"torch", "torchvision"} & others


def test_what_is_copied_reaches_the_builder() -> None:
    """The file of what Docker may see lets it through."""
    seen = (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
    sources = re.findall(r"^COPY ([^-/\s]+)", DOCKERFILE, flags=re.M)
    assert {"retraining", "training_data"} <= set(sources)
    assert {f"!{source}" for source in sources if "/" not in source} <= set(seen)
