"""Settings of the viewer, read from the environment."""

from pathlib import Path

from pydantic import AnyHttpUrl, DirectoryPath, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ViewerSettings(BaseSettings):
    """Where to listen, whom to ask, what to draw."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = "127.0.0.1"
    port: int = Field(3000, ge=1, le=65535)
    prometheus_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:9090")
    dashboards: DirectoryPath = Path("grafana/dashboards")
