"""The internal listener: `/v2/repository`, loading as in Triton's model repository extension."""

from typing import Any

from fastapi import FastAPI

from inference.manifest import BadModelPackage
from model_server.batching.predictor import Predictor
from model_server.reload.reloader import Reloader
from service.problems import Problem, install_problem_handlers


def create_internal_app(predictor: Predictor, reloader: Reloader) -> FastAPI:
    """Build the app that only this machine may reach."""
    app = FastAPI(title="Model repository", docs_url=None, redoc_url=None, openapi_url=None)
    install_problem_handlers(app)

    @app.post("/v2/repository/index")
    async def index() -> list[dict[str, Any]]:
        manifest = predictor.backend.info.manifest
        return [{"name": manifest.name, "version": manifest.version, "state": "READY", "reason": ""}]

    @app.post("/v2/repository/models/{name}/load")
    async def load(name: str) -> dict[str, Any]:
        try:
            loaded = (await reloader.reload(name)).info
        except BadModelPackage as error:
            raise Problem(400, "The model package cannot be served", str(error)) from error
        manifest = loaded.manifest
        return {"name": manifest.name, "version": manifest.version, "sha256": loaded.sha256}

    return app
