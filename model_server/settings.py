"""The model server's settings."""

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt, SecretStr

from inference.backend import BackendSettings
from model_server.batching.inference_mode import Inline
from service.settings import ServiceSettings


class ModelServerSettings(ServiceSettings):
    """What the environment says; see `.env.example` for each variable in a sentence."""

    model_package: Path = Path("model_server/model")
    mongodb_uri: SecretStr = SecretStr("mongodb://127.0.0.1:27017/drift_detection")
    sample_rate: float = Field(1.0, ge=0, le=1)
    sample_queue_size: PositiveInt = 1000
    max_body_bytes: PositiveInt = 10 * 2**20
    max_image_pixels: PositiveInt = BackendSettings.max_pixels
    batch_max_size: int = Field(16, ge=1, le=1024)
    queue_size: PositiveInt = 512
    queue_deadline_seconds: float = Field(5.0, gt=0, le=60)
    inline_inference: Inline = "auto"
    cpu_threads: PositiveInt | None = None
    torch_threads: PositiveInt = 1
    device: Literal["cpu", "cuda"] = "cpu"
    internal_host: str = "127.0.0.1"
    internal_port: int = Field(8002, ge=1, le=65535)
    fault_injection: bool = False
