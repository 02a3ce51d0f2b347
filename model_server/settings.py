"""The model server's settings."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveInt
from pydantic_settings import NoDecode

from inference.backend import BackendSettings
from inference.image_limits import ALLOWED_FORMATS, DEFAULT_FORMATS
from model_server.batching.inference_mode import Inline
from mongodb.settings import MongodbSettings
from service.settings import ServiceSettings
from service.token import TokenSettings

SMALLEST_IMAGE_LIMIT, LARGEST_IMAGE_LIMIT = 10_000, 250_000_000


def read_formats(written: object) -> object:
    """Read format names separated by commas, in any case; ValueError names those that there are."""
    if not isinstance(written, str):
        return written
    names = tuple(dict.fromkeys(name.strip().upper() for name in written.split(",") if name.strip()))
    if not names or not set(names) <= set(ALLOWED_FORMATS):
        raise ValueError(f"write some of {','.join(ALLOWED_FORMATS)}, separated by commas")
    return names


class ModelServerSettings(ServiceSettings, MongodbSettings, TokenSettings):
    """What the environment says; see `.env.example` for each variable in a sentence."""

    model_package: Path = Path("model_server/model")
    sample_rate: float = Field(1.0, ge=0, le=1)
    sample_queue_size: PositiveInt = 1000
    max_body_bytes: int = Field(10 * 2**20, ge=1, le=64 * 2**20)
    max_image_pixels: int = Field(BackendSettings.max_pixels, ge=SMALLEST_IMAGE_LIMIT, le=LARGEST_IMAGE_LIMIT)
    image_formats: Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_formats)] = DEFAULT_FORMATS
    image_seconds: float = Field(BackendSettings.image_seconds, ge=0.1, le=2)
    batch_max_size: int = Field(16, ge=1, le=1024)
    queue_size: PositiveInt = 512
    queue_deadline_seconds: float = Field(2.0, gt=0, le=60)
    inline_inference: Inline = "auto"
    cpu_threads: PositiveInt | None = None
    torch_threads: PositiveInt = 1
    device: Literal["cpu", "cuda"] = "cpu"
    internal_host: str = "127.0.0.1"
    internal_port: int = Field(8002, ge=1, le=65535)
    fault_injection: bool = False
