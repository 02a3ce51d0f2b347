"""Serve an app with uvicorn, one process."""

import uvicorn
from fastapi import FastAPI

from service.settings import ServiceSettings

DRAIN_SECONDS = 20


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight."""
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # nginx writes the access log
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
