"""The image has every module that the server and its workers import, and Docker is given all of them."""

from pathlib import Path

import pytest

from tests.unit.release.test_image import copied, reached

PROJECT = Path(__file__).parents[3]
DOCKERFILE = (PROJECT / "job_server/Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("first", ["job_server/__main__.py", "job_server/worker/__main__.py"])
def test_what_the_programs_import_is_copied(first: str) -> None:
    """From their beginnings on."""
    files, _ = reached(PROJECT / first)
    assert PROJECT / "job_server/broker.py" in files
    assert files <= copied(DOCKERFILE), files - copied(DOCKERFILE)


def test_the_server_holds_no_model() -> None:
    """So it imports no torch, and needs little memory; the workers do."""
    _, others = reached(PROJECT / "job_server/__main__.py")
    assert not {"torch", "torchvision"} & others
    assert "torch" in reached(PROJECT / "job_server/worker/__main__.py")[1]


def test_docker_is_given_the_program() -> None:
    """The build's context has only what is listed."""
    assert "!job_server" in (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
