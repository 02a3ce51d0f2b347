"""What a server may answer, and what is a fault of its own."""

import json
from collections.abc import Mapping

import pytest

from tests.robustness.verdicts import complaint
from tests.robustness.wire import Answer

PREDICT = b"POST /predict HTTP/1.1\r\n\r\n"
INFER = b"POST /v2/models/m/infer HTTP/1.1\r\n\r\n"
PROBLEM = {"type": "about:blank", "title": "No", "status": 400, "detail": "no"}


def answer(
    status: int, document: object = None, headers: Mapping[str, str] | None = None, seconds: float = 0.1
) -> Answer:
    typed = {"content-type": "application/problem+json", **(headers or {})}
    return Answer(status, typed, json.dumps(document).encode(), seconds)


@pytest.mark.parametrize(
    ("request_bytes", "given"),
    [
        (PREDICT, answer(200)),
        (PREDICT, answer(422, PROBLEM)),
        (INFER, answer(400, {"error": "no"})),
        (PREDICT, answer(503, PROBLEM, {"retry-after": "1"})),
        (b"HEAD /v2 HTTP/1.1\r\n\r\n", answer(405)),
    ],
)
def test_answers_of_the_contract_are_no_fault(request_bytes: bytes, given: Answer) -> None:
    """Also a refusal in the right form, and a 503 that says when to try again."""
    assert complaint(request_bytes, given) is None


@pytest.mark.parametrize(
    ("request_bytes", "given", "why"),
    [
        (PREDICT, answer(500, PROBLEM), "answered 500"),
        (PREDICT, answer(503, PROBLEM), "answered 503"),
        (PREDICT, answer(200, seconds=5.1), "took 5.1 s"),
        (PREDICT, answer(422, {"error": "no"}), "answered 422 without type, title, status, detail"),
        (
            PREDICT,
            answer(422, PROBLEM, {"content-type": "text/html"}),
            "answered 422 of the type text/html",
        ),
        (PREDICT, answer(422, []), "answered 422 with other JSON than an object"),
        (PREDICT, Answer(400, {}, b"Bad Request", 0.1), "answered 400 without JSON"),
        (INFER, answer(400, PROBLEM), "answered 400 without `error`"),
    ],
)
def test_all_else_is(request_bytes: bytes, given: Answer, why: str) -> None:
    """A 5xx, a late answer, and an error in another form than its path's."""
    assert complaint(request_bytes, given) == why
