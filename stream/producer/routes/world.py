"""`/world`: how the world is now, and how it is to be from now on."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from service.body import demand_type, read_body
from service.problems import Problem
from stream.producer.conditions import BadConditions, Conditions
from stream.producer.production import Production
from stream.producer.sender import Sender
from stream.producer.worlds import NoWorld


class WorldAnswer(BaseModel):
    """The conditions; which world is played; how many records were made, and what became of them.

    `records` says how many are still to be made (null: no end), `waiting` how many Kafka has not taken yet,
    and `fault` why none are made or taken now.
    """

    world: str | None
    rate: float
    drift: float
    noise: float
    damage: float
    records: int | None
    made: int
    damaged: int
    mislabelled: int
    sent: int
    waiting: int
    failed: int
    fault: str | None


def world_router(production: Production, sender: Sender) -> APIRouter:
    """Build the routes."""
    router = APIRouter(prefix="/world", tags=["world"])
    body = {"requestBody": {"content": {"application/json": {"schema": Conditions.model_json_schema()}}}}

    @router.get("", summary="How the world is, and how many records were sent")
    async def look() -> WorldAnswer:
        return answer()

    # The body is read by hand: what is wrong with it is said together with what to send.
    @router.put("", summary="Change rate, drift, noise, damage, records; the others stay", openapi_extra=body)
    async def change(request: Request) -> WorldAnswer:
        demand_type(request, "application/json")
        text = await read_body(request)
        try:
            production.change(production.conditions.changed(text))
        except BadConditions as error:
            raise Problem(422, "Unprocessable Content", str(error)) from None
        except NoWorld as error:
            raise Problem(409, "Conflict", str(error)) from None
        return answer()

    def answer() -> WorldAnswer:
        counts = production.counts
        return WorldAnswer(
            world=production.world,
            **production.conditions.model_dump(),
            made=counts.made,
            damaged=counts.damaged,
            mislabelled=counts.mislabelled,
            sent=sender.sent,
            waiting=sender.waiting,
            failed=sender.failed,
            fault=production.fault or sender.fault,
        )

    return router
