"""The internal listener: `/v2/repository`, loading as in Triton's model repository extension."""

from typing import Any

from fastapi import Depends, FastAPI, Request

from inference.manifest import BadModelPackage
from model_server.batching.predictor import Predictor
from model_server.reload.reloader import Reloader
from service.admission import AdmissionMiddleware
from service.body import demand_type
from service.problems import Problem, install_problem_handlers
from service.token import SharedToken, token_demand


async def demand_json(request: Request) -> None:
    """Refuse a body of another type; without a body there is none."""
    demand_type(request, "application/json", "")


def create_internal_app(predictor: Predictor, reloader: Reloader, token: SharedToken) -> FastAPI:
    """Build the app that only the stack's own programs may reach; a change wants their token."""
    needs = [Depends(demand_json)]
    app = FastAPI(
        title="Model repository", docs_url=None, redoc_url=None, openapi_url=None, dependencies=needs
    )
    install_problem_handlers(app)
    app.add_middleware(AdmissionMiddleware, allowed_hosts=(), cors_origins=())

    @app.post("/v2/repository/index")
    async def index() -> list[dict[str, Any]]:
        info = predictor.backend.info
        model = {"name": info.manifest.name, "version": info.manifest.version, "sha256": info.sha256}
        return [{**model, "state": "READY", "reason": ""}]

    @app.post("/v2/repository/models/{name}/load", dependencies=[Depends(token_demand(token))])
    async def load(name: str) -> dict[str, Any]:
        try:
            loaded = (await reloader.reload(name)).info
        except BadModelPackage as error:
            raise Problem(400, "The model package cannot be served", str(error)) from error
        manifest = loaded.manifest
        return {"name": manifest.name, "version": manifest.version, "sha256": loaded.sha256}

    return app
