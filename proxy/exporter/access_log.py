"""One line of nginx's access log, as it comes by syslog (`log_format counted` in access_log.conf)."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from service.slots import SLOTS

# Users' predictions by protocol, others by their traffic (traffic.conf), and what is no prediction.
Kind = Literal["predict", "infer", "direct", "forced", "test", "shadow", "platform", "other"]
Reason = Literal["timeout", "error", "refused"]

KINDS: tuple[Kind, ...] = get_args(Kind)
WITHOUT_A_CLIENT = frozenset({"platform", "test", "shadow"})
REASONS: tuple[Reason, ...] = get_args(Reason)
NOBODY = "shared"  # nginx's own answer: it is no slot's
REASON_OF: dict[str, Reason] = {"504": "timeout", "503": "refused"}

LINE = re.compile(
    rb"<\d{1,3}>[A-Z][a-z]{2} [ \d]\d [\d:]{8} nginx: "
    rb"(?P<kind>" + "|".join(KINDS).encode() + rb") (?P<status>[1-9]\d\d) "
    rb"(?P<slot>[^|]{0,200})\|(?P<patience>[a-z]{0,9})\|"
    rb"(?P<statuses>[\d,: -]{0,400})\|(?P<seconds>[\d.,: -]{0,400})\|(?P<servers>[^|\n]{0,1200})\n?"
)
TRIES = re.compile(rb" : |, ")


class Unreadable(ValueError):
    """This is no line of nginx's access log."""


@dataclass(frozen=True)
class Response:
    """One answer: whose, to what, after how long, and why the first server asked was not the last.

    `servers` are the addresses of all that were asked, in their order.
    """

    slot: str
    kind: Kind
    status: int
    seconds: float  # from the whole request to the answer: a slow sender's time is not in it
    retried: Reason | None
    servers: tuple[str, ...] = ()


def parse(datagram: bytes) -> Response:
    """Return what a line tells; raises Unreadable."""
    if not (found := LINE.fullmatch(datagram)):
        raise Unreadable
    try:
        times = [float(one) for one in TRIES.split(found["seconds"]) if one not in {b"-", b""}]
    except ValueError:
        raise Unreadable from None
    if min(times, default=0.0) < 0:
        raise Unreadable
    slot = found["slot"].decode("latin-1")
    return Response(
        slot=slot if slot in SLOTS else NOBODY,
        kind=next(kind for kind in KINDS if kind.encode() == found["kind"]),
        status=int(found["status"]),
        seconds=sum(times),
        retried=_retried(TRIES.split(found["statuses"]), found["patience"] == b"long"),
        servers=tuple(one.decode("latin-1") for one in TRIES.split(found["servers"]) if one),
    )


def _retried(statuses: list[bytes], is_patient: bool) -> Reason | None:
    if len(statuses) == 1:
        return None
    reason = REASON_OF.get(statuses[0].decode(), "error")
    # Who is asked again with more patience was sent back by the same slot, as agreed.
    return None if is_patient and reason == "refused" and len(statuses) == 2 else reason
