"""What can be set is written down where people look."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[3]


def test_every_variable_of_compose_is_explained_with_its_default() -> None:
    """.env.example names each variable that docker-compose.yml reads, and the same default."""
    compose = (PROJECT / "docker-compose.yml").read_text("utf-8")
    read = dict(re.findall(r"\$\{([A-Z_]+):-([^${}]*)\}", compose))
    read |= {"MONGODB_URI": "mongodb://drift:drift@mongodb:27017/drift_detection"}
    example = (PROJECT / ".env.example").read_text("utf-8")
    assert dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, flags=re.M)) == read
