"""Settings that every program reads from the environment."""

import sys
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.slots import PORT, STABLE, Slot


class ServiceSettings(BaseSettings):
    """What every program needs; an environment variable is a field's name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    slot: Slot = Field(STABLE, validate_default=True)
    host: str = "0.0.0.0"  # noqa: S104 - inside a container; what the host publishes is Compose's BIND_ADDRESS
    port: int = Field(PORT, ge=1, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"


Settings = TypeVar("Settings", bound=ServiceSettings)


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
        got = f", got {problem['input']!r}" if problem["loc"] else ""
        lines.append(f"{name}: {problem['msg']}{got}")
    return lines
