"""What the training stream's programs read from the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from service.settings import ProgramSettings
from service.slots import STABLE, TRAINING


class StreamSettings(ProgramSettings):
    """What all of them need: the broker, the topic, and the package whose model the records are for."""

    slot: Literal["training"] = TRAINING
    kafka_brokers: str = Field("127.0.0.1:9092", min_length=1)
    topic: str = Field("training-data", pattern=r"^[A-Za-z0-9._-]{1,200}$")
    partitions: int = Field(1, ge=1, le=64)  # of a topic that is not there yet
    model_package: Path = Path(STABLE, "model")
