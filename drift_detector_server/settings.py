"""The drift detector's settings: the slot's choice in `detector.toml`, the environment before it."""

import logging
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from drift_detector_server.detectors.detector import most_reached
from mongodb.settings import MongodbSettings
from service.settings import ProgramSettings, problems
from service.slots import STABLE, Slot

logger = logging.getLogger(__name__)

OF_THE_SLOT = frozenset(
    {"detector", "p_value_threshold", "permutations", "window_size", "drifted_windows", "recent_windows"}
)


class WrongSettings(Exception):
    """The settings cannot be used; the message has a line for each that is wrong."""


class DetectorSettings(ProgramSettings, MongodbSettings):
    """What the program reads from the environment, and from the file that DETECTOR_CONFIG names."""

    slot: Slot | Literal["jobs"] = Field(STABLE, validate_default=True)
    model_package: Path = Path("model_server/model")
    artifacts: Path = Path("drift_detector_server/artifacts")
    detector_config: Path | None = None
    detector: Literal["alibi", "mmd"] = "alibi"
    p_value_threshold: float = Field(0.05, gt=0, lt=1)
    permutations: int = Field(500, ge=20, le=100_000)
    window_size: int = Field(100, ge=2)
    drifted_windows: int = Field(3, ge=1)
    recent_windows: int = Field(5, ge=1, le=100)
    window_min_samples: int = Field(30, ge=2)
    window_max_wait_seconds: float = Field(30, gt=0)
    score_interval_seconds: float = Field(5, gt=0)
    max_batch_rows: int = Field(1000, ge=2, le=20_000)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if not self.window_min_samples <= self.window_size <= self.max_batch_rows:
            raise ValueError("must hold: WINDOW_MIN_SAMPLES <= WINDOW_SIZE <= MAX_BATCH_ROWS")
        if self.drifted_windows > self.recent_windows:
            raise ValueError("must hold: DRIFTED_WINDOWS <= RECENT_WINDOWS")
        most_reached(self.p_value_threshold, self.permutations)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment before the slot's file."""
        path = init_settings().get("detector_config") or env_settings().get("detector_config")
        if path is None:
            return init_settings, env_settings
        return init_settings, env_settings, SlotFile(settings_cls, Path(path))


class SlotFile(PydanticBaseSettingsSource):
    """The settings in a slot's `detector.toml`.

    Raises:
        WrongSettings: it cannot be read, or has a key that is not the slot's to choose.
    """

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        super().__init__(settings_cls)
        try:
            self._settings = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise WrongSettings(f"{path}: {error}") from error
        if unknown := ", ".join(sorted(set(self._settings) - OF_THE_SLOT)):
            known = ", ".join(sorted(OF_THE_SLOT))
            raise WrongSettings(f"{path}: {unknown}: not a setting of a slot. These are: {known}")

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - as above
        """Return one setting."""
        return self._settings.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return all of them."""
        return self._settings


def read_settings() -> DetectorSettings:
    """Read environment and file.

    Raises:
        WrongSettings: one of the values cannot be used.
    """
    try:
        return DetectorSettings()
    except ValidationError as error:
        raise WrongSettings("\n".join(map(located, problems(error)))) from error


def located(problem: str) -> str:
    """Add to a line about a setting the slot's file, where that is what gave the value."""
    name, path = problem.partition(":")[0], os.environ.get("DETECTOR_CONFIG")
    from_file = path and name.lower() in OF_THE_SLOT and not os.environ.get(name)
    return f"{problem}, in {path}" if from_file else problem


class LiveSettings:
    """The settings as the slot's file has them now; a file that is wrong changes nothing."""

    def __init__(
        self, settings: DetectorSettings, read: Callable[[], DetectorSettings] = read_settings
    ) -> None:
        self._settings = settings
        self._read = read
        self._seen = self._content()

    def _content(self) -> bytes | None:
        path = self._settings.detector_config
        try:
            return path.read_bytes() if path else None
        except OSError:
            return None

    def current(self) -> DetectorSettings:
        """Return the settings; an edit since is read, or logged once and left alone."""
        content = self._content()
        if content != self._seen:
            self._seen = content
            try:
                self._settings = self._read()
                logger.info("detector.toml has changed, and counts from now on")
            except WrongSettings as error:
                logger.error("detector.toml is wrong, the old settings stay in effect: %s", error)  # noqa: TRY400 - no fault of ours
        return self._settings
