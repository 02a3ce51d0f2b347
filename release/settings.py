"""The release program's settings, from the environment."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from mongodb.settings import MongodbSettings
from release.plan import PLAN_FILE
from service.settings import FromText, ProgramSettings
from service.slots import CANDIDATE, STABLE
from service.token import TokenSettings

INTERNAL_PORT = 8002  # where a model server's container is told to reload

Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+:[0-9]{1,5}$")]
Addresses = Annotated[tuple[Address, ...], *FromText, Field(min_length=1)]


class ReleaseSettings(ProgramSettings, MongodbSettings, TokenSettings):
    """What the program reads from the environment.

    `split_file` is the one that people edit; the packages are the slots' folders, and the replicas their
    internal listeners, host and port each. `models` is a folder of packages, one in each folder of it.
    """

    slot: Literal["shared"] = "shared"
    notify_urls: SecretStr = SecretStr("")
    notify_interval_seconds: float = Field(5.0, gt=0)
    dashboards_url: Url = "http://localhost:3000"
    prometheus_url: Url = "http://prometheus:9090"
    nginx_url: Url = "http://nginx:8081"
    nginx_log_exporter_url: Url = "http://nginx_log_exporter:9114"
    split_file: Path = Path("nginx/default.conf")
    plan_file: Path = PLAN_FILE
    stable_package: Path = Path(STABLE, "model")
    candidate_package: Path = Path(CANDIDATE, "model")
    models: Path | None = None
    stable_replicas: Addresses = (f"{STABLE}:{INTERNAL_PORT}",)
    candidate_replicas: Addresses = (f"{CANDIDATE}:{INTERNAL_PORT}",)
