"""What the retraining program reads from the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from service.settings import ProgramSettings
from service.slots import STABLE, TRAINING
from service.token import TokenSettings


class RetrainingSettings(ProgramSettings, TokenSettings):
    """What it needs: where the data are, what a run collects, what its processes may take."""

    slot: Literal["training"] = TRAINING
    port: int = Field(5400, ge=1, le=65535)
    model_package: Path = Path(STABLE, "model")
    training_data: Path = Path(".local/data/training")
    models: Path = Path(".local/data/models")
    gate: Path = Path("retraining/gate.toml")
    training: Path = Path("retraining/training.toml")
    dvc: str = "dvc"
    dvc_remote: str | None = None
    release_url: str = Field("http://127.0.0.1:19090", pattern=r"^https?://[^\s\[\]]+$")
    reports_url: str = ""  # where people reach this program; left out: the port on this machine
    release_plan: str = Field("default", min_length=1, max_length=100)
    code_commit: str = Field("", max_length=100)

    golden_examples: Path | None = None  # a folder of images by class, or a CSV file with a column `label`
    trained_examples: Path | None = None  # the same, of what production was trained on

    collect_records: int = Field(1000, ge=1)
    collect_minutes: float = Field(10.0, gt=0, le=100_000)
    least_records: int = Field(200, ge=1)
    most_records: int = Field(20_000, ge=1)
    prometheus_url: str = ""  # where it is asked for drift; empty: no run begins by that
    rest_minutes: float = Field(30.0, ge=0, le=100_000)  # after a run none begins by drift
    every_days: float = Field(2.0, ge=0, le=10_000)  # 0: never by the clock
    learning_seconds: float = Field(3600.0, gt=0, le=1_000_000)
    learning_memory_mib: int = Field(2048, ge=256, le=1_000_000)
    look_seconds: float = Field(1.0, gt=0, le=3600)
