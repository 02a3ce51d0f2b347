"""What a server may answer to anything at all, and what is a fault of its own."""

import json
from typing import Any

from tests.robustness.wire import Answer

SLOW_SECONDS = 5.0
PROTOCOL = "/v2"
PROBLEM = "application/problem+json"
PROBLEM_MEMBERS = {"type": str, "title": str, "status": int, "detail": str}


def complaint(request: bytes, answer: Answer, slow_seconds: float = SLOW_SECONDS) -> str | None:
    """Return what is wrong with the answer to a request; None where it is one that a server may give."""
    method, path = (word.decode("latin-1") for word in request.split(b" ", 2)[:2])
    is_declared_overload = answer.status == 503 and "retry-after" in answer.headers
    if answer.status >= 500 and not is_declared_overload:
        return f"answered {answer.status}"
    if answer.seconds > slow_seconds:
        return f"took {answer.seconds:.1f} s"
    if answer.status >= 400 and method != "HEAD":
        return body_complaint(path, answer)
    return None


def body_complaint(path: str, answer: Answer) -> str | None:
    """Return what is wrong with an error's body: RFC 9457's form, below /v2 the Open Inference Protocol's."""
    try:
        document: Any = json.loads(answer.body)
    except ValueError:
        return f"answered {answer.status} without JSON"
    if not isinstance(document, dict):
        return f"answered {answer.status} with other JSON than an object"
    if path == PROTOCOL or path.startswith(f"{PROTOCOL}/"):
        return None if isinstance(document.get("error"), str) else f"answered {answer.status} without `error`"
    if not answer.headers.get("content-type", "").startswith(PROBLEM):
        return f"answered {answer.status} of the type {answer.headers.get('content-type')}"
    wrong = [name for name, kind in PROBLEM_MEMBERS.items() if not isinstance(document.get(name), kind)]
    return f"answered {answer.status} without {', '.join(wrong)}" if wrong else None
