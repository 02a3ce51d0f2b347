"""Runs as the program tells of them, and a program that is made up."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from retraining.runs.run import Outcome, Run, Step

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
RUN = "20261130T120000Z"
COLLECTED = {
    "dataset": 2,
    "production": "0" * 64,
    "candidate_version": "2",
    "records": {"train": {"apple": 300, "lemon": 200}, "held-out": {"apple": 120}, "golden": {"lemon": 90}},
}
CHECKS = [{"name": "accuracy", "set": "golden", "verdict": "pass", "why": "2 points better", "numbers": {}}]
JUDGED = {
    "verdict": "pass",
    "checks": CHECKS,
    "metrics": {
        "production": {"golden": {"n": 90, "accuracy": 0.9, "ece": 0.1}},
        "candidate": {"golden": {"n": 90, "accuracy": 0.92, "ece": 0.1}},
    },
}
PACKAGED = {"package": "ab" * 32, "model": "small-cnn", "version": "2"}


def step(result: dict[str, Any] | None = None, **changes: Any) -> Step:
    """Return a step that took 90 s; without a result it has not ended."""
    ended = None if result is None else NOON + timedelta(seconds=90)
    return Step(begun_at=NOON, ended_at=ended, result=result, **changes)


def run(outcome: Outcome | None = None, reason: str = "", **steps: Step) -> Run:
    """Return a run with these steps."""
    return Run(
        id=RUN,
        trigger="asked",
        who="ann",
        why="new packaging",
        begun_at=NOON,
        steps=steps,
        outcome=outcome,
        reason=reason,
        ended_at=NOON + timedelta(minutes=5) if outcome else None,
    )


def ok(one: Run | Sequence[Run]) -> httpx.Response:
    """Return an answer with a run, or with several."""
    if isinstance(one, Run):
        return httpx.Response(200, text=one.model_dump_json())
    return httpx.Response(200, text=f"[{','.join(each.model_dump_json() for each in one)}]")


def problem(status: int, detail: str) -> httpx.Response:
    """Return a refusal."""
    return httpx.Response(status, json={"detail": detail})


class FakeProgram:
    """Answers as told, the last answer again and again; remembers what was asked. Progress is `progress`."""

    def __init__(self, *answers: httpx.Response | Exception | type[BaseException]) -> None:
        self.answers = list(answers)
        self.progress = ""
        self.asked: list[tuple[str, str, Any, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/progress"):
            return httpx.Response(200, text=self.progress)
        sent = json.loads(request.content or b"null")
        token = request.headers.get("Authorization", "")
        self.asked.append((request.method, request.url.path, sent, token))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, httpx.Response):
            return answer
        raise answer
