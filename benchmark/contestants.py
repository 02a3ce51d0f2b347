"""Who takes part: a name, what it is, and how it is started."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmark.measurement import About

Serves = Literal["images", "regressor"]


@dataclass(frozen=True)
class Ground:
    """What a contestant stands on: a folder of its own, ten free ports, and the models to serve."""

    folder: Path
    port: int
    cores: int
    image_package: Path
    regressor_package: Path
    mongodb_uri: str
    python: Callable[[str], Path]


@dataclass(frozen=True)
class Program:
    """A process to start; `ready` is the URL that answers 200 once it can serve."""

    name: str
    command: Sequence[str]
    variables: Mapping[str, str]
    ready: str


@dataclass(frozen=True)
class Lineup:
    """A contestant's processes in the order of their start, and where the load goes."""

    programs: Sequence[Program]
    url: str


@dataclass(frozen=True)
class Contestant:
    """A server under test. `main_case_only` is for variants that explain another's figures."""

    about: About
    serves: Serves
    form: str
    lineup: Callable[[Ground], Lineup]
    environments: Sequence[str]
    main_case_only: bool = False
    metrics_url: Callable[[Ground], str] | None = field(default=None)

    @property
    def name(self) -> str:
        """Return the short name that the command line and the tables use."""
        return self.about.name
