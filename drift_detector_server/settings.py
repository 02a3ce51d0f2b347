"""The drift detector's settings; an environment variable is a field's name in capitals."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from drift_detector_server.detectors.score import most_reached
from service.settings import ServiceSettings


class DetectorSettings(ServiceSettings):
    """What the program reads from the environment."""

    reference: Path = Path("drift_detector_server/artifacts/reference.safetensors")
    mongodb_uri: SecretStr = SecretStr("mongodb://127.0.0.1:27017/drift_detection")
    detector: Literal["alibi", "mmd"] = "alibi"
    p_value_threshold: float = Field(0.05, gt=0, lt=1)
    permutations: int = Field(500, ge=20, le=100_000)
    window_size: int = Field(100, ge=2)
    window_min_samples: int = Field(30, ge=2)
    window_max_wait_seconds: float = Field(30, gt=0)
    score_interval_seconds: float = Field(5, gt=0)
    max_batch_rows: int = Field(1000, ge=2, le=20_000)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if not self.window_min_samples <= self.window_size <= self.max_batch_rows:
            raise ValueError("must hold: WINDOW_MIN_SAMPLES <= WINDOW_SIZE <= MAX_BATCH_ROWS")
        most_reached(self.p_value_threshold, self.permutations)
        return self
