"""A program that runs as a plain process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A process to start, with what it needs to know."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None  # its working folder: the project's root where there is none
    stop_signal: str = "TERM"
    stop_seconds: int = 30  # until it is killed, with all that it has started
    stop_children: bool = True  # whether these are sent the signal too
