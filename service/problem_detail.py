"""What a problem document tells who reads it. No web framework is needed for that."""

from typing import Any, Protocol


class Answer(Protocol):
    """An answer of whichever client."""

    def json(self) -> Any:
        """Return the body's JSON; ValueError where it is none."""


def detail_of(answer: Answer) -> str | None:
    """Return the document's `detail`, None where the answer is no problem document."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, LookupError, TypeError):
        return None
