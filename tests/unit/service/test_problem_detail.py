"""service/problem_detail.py: what a problem document tells."""

import json
from typing import Any

import pytest

from service.problem_detail import detail_of


class Body:
    """An answer with a body."""

    def __init__(self, text: str) -> None:
        self._text = text

    def json(self) -> Any:
        return json.loads(self._text)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"detail": "too large", "status": 413}', "too large"),
        ('{"detail": [1]}', "[1]"),
        ('{"title": "x"}', None),
        ("[]", None),
        ("7", None),
        ("<html>", None),
    ],
)
def test_the_detail_is_read_where_there_is_one(body: str, detail: str | None) -> None:
    """Whoever answers: also what is no program of ours."""
    assert detail_of(Body(body)) == detail
