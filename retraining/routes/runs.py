"""Runs: begin one, and read how far each is."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from retraining.processes import last_lines
from retraining.runs.folder import AnotherRun, Runs
from retraining.runs.run import Run
from retraining.starting import Starting
from service.problems import Problem


class Order(BaseModel):
    """Who begins a run, and why."""

    model_config = ConfigDict(extra="forbid")

    who: str = Field("somebody", min_length=1, max_length=100)
    why: str = Field("", max_length=500)


def runs_router(runs: Runs, starting: Starting, demand_token: Callable[..., Any]) -> APIRouter:
    """Build the routes; what changes something wants the token."""
    router = APIRouter(tags=["runs"])

    @router.get("/runs")
    def every() -> list[Run]:
        """Return every run, the newest first."""
        return runs.all()

    @router.get("/runs/{run_id}")
    def one(run_id: str) -> Run:
        """Return a run: its steps with what they found out, and how it ended."""
        return found(run_id)

    @router.get("/runs/{run_id}/progress", response_class=PlainTextResponse)
    def progress(run_id: str) -> str:
        """Return the last lines of what its process said last."""
        logs = sorted(runs.path(found(run_id).id).glob("*.log"), key=lambda path: path.stat().st_mtime)
        return last_lines(logs[-1]) if logs else ""

    @router.post("/runs", status_code=201, dependencies=[Depends(demand_token)])
    def begin(order: Order) -> Run:
        """Begin a run; there is one at a time."""
        try:
            return starting.begin("asked", order.who, order.why)
        except AnotherRun as error:
            raise Problem(409, "Conflict", str(error)) from None

    @router.post("/runs/{run_id}/stop", dependencies=[Depends(demand_token)])
    def stop(run_id: str, order: Order) -> Run:
        """Have a run end before its next step, or where it waits; what it has released stays released."""
        run = found(run_id)
        if run.outcome is not None:
            raise Problem(409, "Conflict", f"Run {run.id} has ended: {run.outcome}.")
        runs.stop(run.id, order.who, order.why)
        return run

    def found(run_id: str) -> Run:
        run = runs.find(run_id)
        if run is None:
            raise Problem(404, "Not Found", f"There is no run {run_id[:100]!r}. GET /runs has all.")
        return run

    return router
