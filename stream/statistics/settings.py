"""What the statistics consumer reads from the environment."""

from pathlib import Path

from pydantic import Field

from stream.settings import StreamSettings


class StatisticsSettings(StreamSettings):
    """What it needs; images beyond `images_per_second` are passed over, as embedding them takes time."""

    port: int = Field(5302, ge=1, le=65535)
    statistics: Path = Path(".local/data/training/statistics.json")
    images_per_second: float = Field(20.0, gt=0, le=10_000)
    save_seconds: float = Field(5.0, gt=0, le=3600)
    max_image_pixels: int = Field(25_000_000, ge=1)
