"""`POST /feedback`: the true label of a past prediction, or many of them as JSON lines."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from model_server.feedback.joiner import LabelJoiner, TooManyWaiting
from model_server.feedback.judgement import Outcome, Refusal
from model_server.feedback.labels import (
    MOST_BYTES,
    MOST_LINES,
    Label,
    TooManyLabels,
    WrongLabel,
    read_label,
    read_lines,
)
from mongodb.errors import StoreUnavailable
from mongodb.feedback import Feedback
from service.body import BodyParser, demand_type, media_type
from service.hand_over import RETRY, answer_seconds, refusal_headers, takes_longer, waits_briefly
from service.problems import Problem

JSON, LINES = "application/json", "application/x-ndjson"
LONGEST_SECONDS = 5.0
AT_ONCE = 200  # labels of a batch that are joined in one go: others get their turn in between
REQUEST_BODY = {
    "required": True,
    "content": {JSON: {"schema": Label.model_json_schema()}, LINES: {"schema": {"type": "string"}}},
}
TITLES = {404: "Not Found", 422: "Invalid request"}


class FeedbackResponse(BaseModel):
    """What is stored: the label, and of the prediction that it is about what was predicted by which model."""

    request_id: str
    label: str
    predicted: str
    correct: bool
    slot: str
    model: str
    version: str
    received_at: datetime


class RefusedLine(BaseModel):
    """A line that was not taken, counted from 1, and why."""

    line: int
    status: int
    detail: str


class BatchResponse(BaseModel):
    """How many lines were taken and how many were not, and why not."""

    accepted: int
    refused: int
    errors: list[RefusedLine]


def feedback_router(joiner: LabelJoiner) -> APIRouter:
    """Build the route."""
    router = APIRouter(tags=["feedback"])
    parser = BodyParser(most_bytes=MOST_BYTES)

    @router.post(
        "/feedback",
        summary="Give the true label of a past prediction, or of many as JSON lines; the last one counts",
        openapi_extra={"requestBody": REQUEST_BODY},
        responses={200: {"model": FeedbackResponse | BatchResponse}},
    )
    async def feedback(request: Request) -> JSONResponse:
        demand_type(request, JSON, LINES)
        if media_type(request) == LINES:
            return JSONResponse((await take_lines(request)).model_dump())
        return JSONResponse((await take_label(request)).model_dump(mode="json"))

    async def take_label(request: Request) -> FeedbackResponse:
        try:
            label = await parser.parse(request, read_label)
        except WrongLabel as error:
            raise Problem(422, "Invalid request", str(error)) from error
        with errors_as_problems(request):
            async with asyncio.timeout(answer_seconds(request) or LONGEST_SECONDS):
                (outcome,) = await joiner.join([label])
        if isinstance(outcome, Refusal):
            raise Problem(outcome.status, TITLES[outcome.status], outcome.detail)
        return response_of(outcome)

    async def take_lines(request: Request) -> BatchResponse:
        try:
            lines = await parser.parse(request, read_lines)
        except TooManyLabels as error:
            detail = f"There are more than {MOST_LINES} lines. Send at most so many at once."
            raise Problem(413, "Content Too Large", detail) from error
        if waits_briefly(request.headers):
            raise takes_longer(request.headers)
        labels = [(number, one) for number, one in lines if isinstance(one, Label)]
        outcomes: list[tuple[int, Outcome | WrongLabel]] = [
            (number, one) for number, one in lines if isinstance(one, WrongLabel)
        ]
        for start in range(0, len(labels), AT_ONCE):
            some = labels[start : start + AT_ONCE]
            with errors_as_problems(request):
                joined = await joiner.join([label for _, label in some])
            outcomes += zip((number for number, _ in some), joined, strict=True)
        return batch_response(outcomes)

    return router


@contextmanager
def errors_as_problems(request: Request) -> Iterator[None]:
    """Turn what joining raises into a problem that says what to do."""
    try:
        yield
    except TooManyWaiting as error:
        detail = "Too many labels are waiting. Try again in a second."
        headers = refusal_headers(request.headers)
        raise Problem(503, "Service Unavailable", detail, headers) from error
    except (StoreUnavailable, TimeoutError) as error:
        detail = "The database is away, so the label is not stored. Send it again in some seconds."
        raise Problem(503, "Service Unavailable", detail, {**RETRY, "Retry-After": "5"}) from error


def response_of(feedback: Feedback) -> FeedbackResponse:
    """Return what is answered to a label that was taken."""
    predicted = feedback.prediction
    return FeedbackResponse(
        request_id=predicted.request_id,
        label=feedback.label,
        predicted=predicted.label,
        correct=feedback.is_correct,
        slot=predicted.slot,
        model=predicted.model,
        version=predicted.version,
        received_at=feedback.received_at,
    )


def batch_response(outcomes: Sequence[tuple[int, Any]]) -> BatchResponse:
    """Return what is answered to many: outcomes, or what was wrong, by the numbers of their lines."""
    errors = []
    for number, one in sorted(outcomes, key=lambda each: each[0]):
        if isinstance(one, Refusal):
            errors.append(RefusedLine(line=number, status=one.status, detail=one.detail))
        elif isinstance(one, WrongLabel):
            errors.append(RefusedLine(line=number, status=422, detail=str(one)))
    return BatchResponse(accepted=len(outcomes) - len(errors), refused=len(errors), errors=errors)
