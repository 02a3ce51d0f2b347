"""POST /messages: another program of the stack has people told something, by the same outbox."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mongodb.errors import StoreUnavailable
from mongodb.outbox import Outbox
from release.notifications.messages import LONGEST_LINE, LONGEST_SUBJECT, told_message
from service.clock import utc_now
from service.problems import Problem

MOST_LINES = 100

Line = Annotated[str, StringConstraints(max_length=LONGEST_LINE)]


class Told(BaseModel):
    """What people are told; one of the same `key` is told once."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(pattern=r"^[a-z]+:[A-Za-z0-9._:-]{1,200}$")
    subject: str = Field(min_length=1, max_length=LONGEST_SUBJECT)
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MOST_LINES)]


def messages_router(outbox: Outbox, dashboards_url: str, demand_token: Callable[..., Any]) -> APIRouter:
    """Build the route, which wants the token."""
    router = APIRouter(tags=["notifications"])

    @router.post("/messages", dependencies=[Depends(demand_token)])
    async def tell(told: Told) -> dict[str, int]:
        """Write a message into the outbox; of what was told before, none."""
        message = told_message(told.key, told.subject, told.lines, dashboards_url)
        try:
            written = await outbox.put(message, utc_now())
        except StoreUnavailable as error:
            detail = "The database does not answer now, so nothing was written. Try again."
            raise Problem(503, "Service Unavailable", detail, {"Retry-After": "1"}) from error
        return {"messages": int(written)}

    return router
