"""`model.toml` of a manifest."""

import json
from pathlib import Path
from typing import Any

from inference.manifest import FILE_NAME, Manifest
from service import durable


def write_manifest(package: Path, manifest: Manifest) -> None:
    """Write `model.toml`."""
    durable.write(package / FILE_NAME, render(manifest.model_dump(exclude_none=True, mode="json")).encode())


def render(members: dict[str, Any]) -> str:
    """Return members and tables of them as TOML: a string or a list is written as JSON writes it."""
    plain = {name: value for name, value in members.items() if not isinstance(value, dict)}
    tables = {name: value for name, value in members.items() if isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items()]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join([*lines, ""])
