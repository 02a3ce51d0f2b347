"""What can be set is written down where people look."""

import re
from pathlib import Path

import pytest

from job_server.settings import JobServerSettings, WorkerSettings
from model_server.settings import ModelServerSettings
from stack.settings import INNER_PORTS

PROJECT = Path(__file__).parents[3]


def test_every_variable_of_compose_is_explained_with_its_default() -> None:
    """.env.example names each variable that the Compose files read, and the same default."""
    without_docker = {"INNER_PORTS": str(INNER_PORTS)}
    compose = "".join(path.read_text("utf-8") for path in PROJECT.glob("docker-compose*.yml"))
    read = dict(re.findall(r"\$\{([A-Z_]+):-([^${}]*)\}", compose))
    example = (PROJECT / ".env.example").read_text("utf-8")
    assert dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, flags=re.M)) == read | without_docker


@pytest.mark.parametrize(
    "name",
    [
        "batch_max_size",
        "queue_size",
        "queue_deadline_seconds",
        "image_seconds",
        "inline_inference",
        "torch_threads",
        "device",
    ],
)
def test_the_model_servers_own_defaults_are_shown(name: str) -> None:
    """A server started by hand behaves as one of the stack's."""
    example = (PROJECT / ".env.example").read_text("utf-8")
    shown = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, flags=re.M))[name.upper()]
    default = ModelServerSettings.model_fields[name].default
    assert type(default)(shown) == default


@pytest.mark.parametrize(
    ("program", "name"),
    [
        (JobServerSettings, "max_job_bytes"),
        (JobServerSettings, "max_job_inputs"),
        (JobServerSettings, "max_open_jobs"),
        (WorkerSettings, "input_seconds"),
        (WorkerSettings, "max_image_pixels"),
    ],
)
def test_the_jobs_own_defaults_are_shown(
    program: type[JobServerSettings | WorkerSettings], name: str
) -> None:
    """As those of the model servers are."""
    example = (PROJECT / ".env.example").read_text("utf-8")
    shown = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, flags=re.M))[name.upper()]
    default = program.model_fields[name].default
    assert type(default)(shown) == default
