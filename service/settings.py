"""Settings that every program reads from the environment."""

import sys
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.hosts import checked_host
from service.origins import checked_origin
from service.slots import PORT, STABLE, Slot

SECRET = ("_PASSWORD", "_URI", "_TOKEN", "_URLS")  # how the names of variables end that hold a secret


def _split_at_commas(value: object) -> object:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


FromText = (NoDecode, BeforeValidator(_split_at_commas))
Hosts = Annotated[tuple[Annotated[str, AfterValidator(checked_host)], ...], *FromText]
Origins = Annotated[tuple[Annotated[str, AfterValidator(checked_origin)], ...], *FromText]


class ProgramSettings(BaseSettings):
    """What every program needs; an environment variable is a field's name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    slot: str
    host: str = "0.0.0.0"  # noqa: S104 - inside a container; what the host publishes is Compose's BIND_ADDRESS
    port: int = Field(PORT, ge=1, le=65535)
    allowed_hosts: Hosts = ()
    cors_origins: Origins = ()
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class ServiceSettings(ProgramSettings):
    """What a program of one slot needs."""

    slot: Slot = Field(STABLE, validate_default=True)


Settings = TypeVar("Settings", bound=ProgramSettings)


def load_settings(cls: type[Settings]) -> Settings:
    """Read the settings, or exit 2 with one line for each variable that is wrong."""
    try:
        return cls()
    except ValidationError as error:
        print(*problems(error), sep="\n", file=sys.stderr)
        raise SystemExit(2) from None


def problems(error: ValidationError) -> list[str]:
    """Return a line for each setting that is wrong."""
    lines = []
    for problem in error.errors():
        name = "_".join(str(part) for part in problem["loc"]).upper() or "settings"
        # What does not concern one variable has all of them as its input, passwords too.
        shown = problem["loc"] and not name.endswith(SECRET)
        got = f", got {problem['input']!r}" if shown else ""
        lines.append(f"{name}: {problem['msg']}{got}")
    return lines
