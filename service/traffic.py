"""Whose request it is: nginx says so, in the header `X-Traffic`.

What came by a slot's own port (`direct`) is a user's too. Only what is a user's counts as one: in the metrics
of requests, in the inputs' statistics, for drift and for the accuracy. The rest is trial traffic.
"""

from typing import Final, Literal, get_args

from starlette.types import Scope

Traffic = Literal["user", "forced", "test", "shadow"]

TRAFFIC: Final[tuple[Traffic, ...]] = get_args(Traffic)
USER, FORCED, TEST, SHADOW = TRAFFIC
TRIALS: Final = (FORCED, TEST, SHADOW)  # a slot that somebody chose, the other slot by its path, a copy
HEADER = b"x-traffic"  # as ASGI has it
KEY = "traffic"  # where a request's scope keeps it

_OF_HEADER: Final[dict[bytes, Traffic]] = {kind.encode(): kind for kind in TRAFFIC}


def traffic_of(scope: Scope) -> Traffic:
    """Return what the request's header says; a user's where it says nothing, or nothing that is known."""
    for name, value in scope["headers"]:  # lower-case bytes, as ASGI has them
        if name == HEADER:
            return _OF_HEADER.get(value, USER)
    return USER
