"""The systems under test: a name, what each is, and how it is started."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmark.measurement import Description
from stack.plain.probes import Probe
from stack.plain.program import Program

Serves = Literal["images", "regressor"]


@dataclass(frozen=True)
class Testbed:
    """What a system is given: a folder of its own, ten free ports, a database, and the models to serve."""

    folder: Path
    port: int
    cores: int
    image_package: Path
    regressor_package: Path
    mongodb_uri: str
    python: Callable[[str], Path]


@dataclass(frozen=True)
class Server:
    """A process to start, and the probe that finds it ready."""

    program: Program
    probe: Probe


@dataclass(frozen=True)
class Target:
    """A system's servers in the order of their start, and the URL that is loaded."""

    servers: Sequence[Server]
    url: str


@dataclass(frozen=True)
class SystemUnderTest:
    """A server under test. `main_case_only` is for variants that explain another's figures."""

    description: Description
    serves: Serves
    form: str
    target: Callable[[Testbed], Target]
    environments: Sequence[str]
    main_case_only: bool = False
    metrics_url: Callable[[Testbed], str] | None = field(default=None)

    @property
    def name(self) -> str:
        """Return the short name that the command line and the tables use."""
        return self.description.name
