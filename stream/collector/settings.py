"""What the collector reads from the environment."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from stream.settings import StreamSettings


class CollectorSettings(StreamSettings):
    """What the collector needs; a shard is written when it is full or its first record has waited."""

    port: int = Field(5301, ge=1, le=65535)
    rejected_topic: str = Field("training-data-rejected", pattern=r"^[A-Za-z0-9._-]{1,200}$")
    training_data: Path = Path(".local/data/training")
    shard_records: int = Field(1000, ge=1, le=100_000)
    shard_seconds: float = Field(5.0, gt=0, le=3600)
    max_image_pixels: int = Field(25_000_000, ge=1)
    bounds: Path | None = None

    @model_validator(mode="after")
    def _refused_records_go_elsewhere(self) -> Self:
        if self.topic == self.rejected_topic:
            raise ValueError("REJECTED_TOPIC is TOPIC: what is refused would come again for ever")
        return self
