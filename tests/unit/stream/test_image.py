"""The image has every module that the training stream's programs import."""

import re
from pathlib import Path

import pytest

from tests.unit.release.test_image import copied, reached

PROJECT = Path(__file__).parents[3]
DOCKERFILE = (PROJECT / "stream/Dockerfile").read_text("utf-8")


@pytest.mark.parametrize(
    "program", sorted((PROJECT / "stream").rglob("__main__.py")), ids=lambda program: program.parent.name
)
def test_what_a_program_imports_is_copied(program: Path) -> None:
    """From its beginning on."""
    files, _ = reached(program)
    assert PROJECT / "stream/settings.py" in files
    assert files <= copied(DOCKERFILE), files - copied(DOCKERFILE)


def test_what_is_copied_reaches_the_builder() -> None:
    """The file of what Docker may see lets it through."""
    seen = (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
    sources = re.findall(r"^COPY ([^-/\s]+)", DOCKERFILE, flags=re.M)
    assert "stream" in sources
    assert {f"!{source}" for source in sources} <= set(seen)
