"""The model server's settings."""

from pathlib import Path

from pydantic import Field, PositiveInt, SecretStr

from service.settings import ServiceSettings


class ModelServerSettings(ServiceSettings):
    """What the environment says; see `.env.example` for each variable in a sentence."""

    model_package: Path = Path("model_server/model")
    mongodb_uri: SecretStr = SecretStr("mongodb://127.0.0.1:27017/drift_detection")
    sample_rate: float = Field(1.0, ge=0, le=1)
    sample_queue_size: PositiveInt = 1000
    max_body_bytes: PositiveInt = 10 * 2**20
    max_image_pixels: PositiveInt = 25_000_000
    queue_size: PositiveInt = 128
    cpu_threads: PositiveInt | None = None
    fault_injection: bool = False
