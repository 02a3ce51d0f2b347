"""What the job server and its workers read from the environment."""

from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr

from mongodb.settings import MongodbSettings
from service.settings import ProgramSettings
from service.slots import JOBS, STABLE


def _address(told: dict[str, Any]) -> SecretStr:
    """Return the broker's address, in which user and password are quoted: they may have any characters."""
    user, password = told["rabbitmq_user"], told["rabbitmq_password"].get_secret_value()
    return SecretStr(f"amqp://{quote(user, safe='')}:{quote(password, safe='')}@{told['rabbitmq_host']}//")


class SharedSettings(ProgramSettings, MongodbSettings):
    """What both need: the broker, the package that answers, and the folder of the packages that jobs keep."""

    slot: Literal["jobs"] = JOBS
    rabbitmq_host: str = "127.0.0.1:5672"
    rabbitmq_user: str = "guest"
    rabbitmq_password: SecretStr = SecretStr("guest")
    rabbitmq_uri: SecretStr = Field(default_factory=_address)  # an address goes before the three above
    rabbitmq_queue: str = Field("job_chunks", pattern=r"^[A-Za-z0-9_.-]{1,100}$")
    model_package: Path = Path(STABLE, "model")
    kept_packages: Path = Path(".local/jobs/packages")


class JobServerSettings(SharedSettings):
    """What the server needs; bodies are kept in `spool` while they are read."""

    port: int = Field(5100, ge=1, le=65535)
    spool: Path = Path(".local/jobs/spool")
    max_job_bytes: int = Field(256 * 2**20, ge=1)
    max_job_inputs: int = Field(20_000, ge=1)
    max_input_bytes: int = Field(10 * 2**20, ge=1, le=12 * 2**20)  # a document of MongoDB has 16 MB
    rows_per_chunk: int = Field(1000, ge=1, le=10_000)
    jobs_kept_days: float = Field(7.0, gt=0)
    max_open_jobs: int = Field(100, ge=1)
    least_free_bytes: int = Field(2**30, ge=0)
    publish_interval_seconds: float = Field(0.2, gt=0)


class WorkerSettings(SharedSettings):
    """What a worker needs."""

    cpu_threads: int = Field(1, ge=1)
    max_image_pixels: int = Field(25_000_000, ge=1)
    input_seconds: float = Field(10.0, gt=0)
    job_sample_rate: float = Field(0.0, ge=0, le=1)
