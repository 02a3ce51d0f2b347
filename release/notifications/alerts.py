"""POST /alerts: Alertmanager's webhook, turned into messages in the outbox.

Alertmanager tells of a group again and again: at every change, and every few hours. A message is written of
what was not told before: an alert is known by its labels' fingerprint, when it began, and whether it ended.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from mongodb.errors import StoreUnavailable
from mongodb.outbox import Outbox
from release.notifications.messages import Alert, alerts_message
from service.clock import utc_now
from service.problems import Problem

logger = logging.getLogger(__name__)

MOST_ALERTS, MOST_LABELS = 100, 64  # alertmanager.yml's max_alerts is as many

Name = Annotated[str, StringConstraints(max_length=256)]
Value = Annotated[str, StringConstraints(max_length=4096)]
Labels = Annotated[dict[Name, Value], Field(max_length=MOST_LABELS)]
Status = Literal["firing", "resolved"]


class WebhookAlert(BaseModel):
    """One alert of a group."""

    status: Status
    labels: Labels
    annotations: Labels
    startsAt: AwareDatetime  # noqa: N815 - Alertmanager's name
    endsAt: AwareDatetime  # noqa: N815 - as above
    fingerprint: Annotated[str, StringConstraints(pattern="^[0-9a-f]{1,64}$")]

    @property
    def event(self) -> str:
        """Return what tells this from any other beginning or end of an alert."""
        return f"alert:{self.fingerprint}:{self.startsAt.astimezone(UTC).isoformat()}:{self.status}"

    def to_alert(self) -> Alert:
        """Return what a message says of it."""
        name = self.labels.get("alertname", "an alert without a name")
        return Alert(
            name=name,
            severity=self.labels.get("severity", "warning"),
            summary=self.annotations.get("summary", name),
            description=self.annotations.get("description", "It has no description."),
            starts_at=self.startsAt,
            ends_at=self.endsAt if self.status == "resolved" else None,
        )


class AlertGroup(BaseModel):
    """What Alertmanager posts, in the version "4" of its webhook."""

    version: Literal["4"]
    groupKey: Annotated[str, StringConstraints(max_length=4096)]  # noqa: N815 - Alertmanager's name
    truncatedAlerts: Annotated[int, Field(ge=0)] = 0  # noqa: N815 - as above
    alerts: Annotated[list[WebhookAlert], Field(max_length=MOST_ALERTS)]


class Told(BaseModel):
    """How many messages were written."""

    messages: int


def create_alert_webhook(outbox: Outbox, dashboards: str, now: Callable[[], datetime] = utc_now) -> APIRouter:
    """Build the route; `dashboards` is the URL that messages point to."""
    router = APIRouter(tags=["notifications"])

    @router.post("/alerts", summary="Alertmanager's webhook: tell people of a group of alerts")
    async def alerts(group: AlertGroup) -> Told:
        firing = [one for one in group.alerts if one.status == "firing"]
        resolved = [one for one in group.alerts if one.status == "resolved"]
        try:
            told = [
                await _tell(outbox, firing, group.truncatedAlerts, dashboards, now()),
                await _tell(outbox, resolved, 0, dashboards, now()),
            ]
        except StoreUnavailable as error:  # Alertmanager tries again
            detail = f"The database is away ({error}). Try again."
            raise Problem(503, "No database", detail, {"Retry-After": "5"}) from None
        return Told(messages=sum(told))

    return router


async def _tell(
    outbox: Outbox, alerts: Sequence[WebhookAlert], left_out: int, dashboards: str, now: datetime
) -> bool:
    """Put one message of the alerts that none was about before; False where there are none."""
    by_event = {one.event: one for one in alerts}
    untold = await outbox.untold(sorted(by_event)) if by_event else []
    if not untold:
        return False
    # Of the events themselves: should the same be posted twice at once, the second finds the first's message.
    key = f"alerts:{hashlib.sha256(' '.join(untold).encode()).hexdigest()[:32]}"
    named = [by_event[event].to_alert() for event in untold]
    message = alerts_message(key, named, untold, left_out=left_out, dashboards=dashboards)
    is_new = await outbox.put(message, now)
    if is_new:
        logger.info("a message is put: %s", message.subject, extra={"about": untold})
    return is_new
