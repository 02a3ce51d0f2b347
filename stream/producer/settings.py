"""What the producer reads from the environment."""

from pydantic import Field

from stream.producer.conditions import MOST_PER_SECOND
from stream.settings import StreamSettings


class ProducerSettings(StreamSettings):
    """What the producer needs: `producer_rate` is how many records a second it makes from the start."""

    port: int = Field(5300, ge=1, le=65535)
    producer_rate: float = Field(0.0, ge=0, le=MOST_PER_SECOND)
    most_waiting: int = Field(1000, ge=1, le=100_000)  # records that the broker has not taken
