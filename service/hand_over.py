"""What this slot cannot answer soon is handed over: nginx asks another slot, or asks again and waits longer.

nginx says with `X-Patience` how long it waits, and obeys `X-Accel-Redirect` in a 503 (proxy/retry.conf). A
client that asks a slot directly sends no such header, and nothing is handed over.
"""

import time
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request

from service.http_metrics import STARTED
from service.problems import Problem

PATIENCE = "x-patience"
ANSWER_SECONDS = {"short": 2.3, "last": 2.3, "long": 55.0}  # nginx gives up at 2.5 s and at 60 s
SENT_ON = ("short", "long")  # "last" has been refused by the other slot
REDIRECT = "X-Accel-Redirect"
ANOTHER_SLOT = "@another_slot"
PATIENT = "@patient"
RETRY = {"Retry-After": "1"}


def answer_seconds(request: Request) -> float | None:
    """Return within how many seconds from now an answer is of use, None where nobody says."""
    allowed = ANSWER_SECONDS.get(request.headers.get(PATIENCE, ""))
    return None if allowed is None else allowed + request.scope[STARTED] - time.perf_counter()


def refusal_headers(headers: Headers) -> Mapping[str, str]:
    """Return the headers of a 503 with which another slot may answer in this one's place."""
    return {**RETRY, REDIRECT: ANOTHER_SLOT} if headers.get(PATIENCE) in SENT_ON else RETRY


def waited_too_long(headers: Headers) -> Problem:
    """Return the answer to what had no turn in time."""
    detail = "The prediction waited too long for its turn. Try again in a second."
    return Problem(503, "Service Unavailable", detail, refusal_headers(headers))


def waits_briefly(headers: Headers) -> bool:
    """Tell whether nginx waits for this answer, and may be told to wait longer."""
    return headers.get(PATIENCE) in {"short", "last"}


def takes_longer(headers: Headers) -> Problem:
    """Return the answer to a request of many inputs that are not all predicted yet: it may have more time."""
    if waits_briefly(headers):
        return Problem(503, "Service Unavailable", "This takes longer.", {REDIRECT: PATIENT})
    detail = "These are more inputs than are predicted in the time of a request. Send fewer at once."
    return Problem(503, "Service Unavailable", detail, RETRY)


def costly_images_wait() -> Problem:
    """Return the answer to an image that takes long, behind others that do; another slot need not suffer."""
    detail = "The image takes long to decode, as do others before it. Try again, or send a smaller one."
    return Problem(429, "Too Many Requests", detail, RETRY)
