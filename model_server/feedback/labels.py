"""The labels of a request's body: one as JSON, or many as JSON lines; what is no label says why."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.request_id import SANE

MOST_BYTES = 2**20
MOST_LABEL_BYTES = 16 * 2**10
MOST_LINES = 1000
EXAMPLE = '{"request_id": "26c2b497d13392b3b040105779811241", "label": "lemon"}'

RequestId = Annotated[str, Field(pattern=rf"^(?:{SANE.pattern})$")]


class WrongLabel(Exception):
    """The text is no label; the message says what is wrong and what one looks like."""


class TooManyLabels(Exception):
    """There are more than are taken at once."""


class Label(BaseModel):
    """The true label of the prediction that was answered under this request id; other members are ignored."""

    model_config = ConfigDict(frozen=True, strict=True)

    request_id: RequestId
    label: str = Field(min_length=1)


def read_label(text: bytes) -> Label:
    """Read one label.

    Raises:
        WrongLabel: it is none.
    """
    if len(text) > MOST_LABEL_BYTES:
        raise WrongLabel(f"It has {len(text)} bytes, more than a label takes. Send {EXAMPLE}.")
    try:
        return Label.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))[:64]
        raise WrongLabel(f"{f'{place}: ' if place else ''}{first['msg']}. Send {EXAMPLE}.") from error


def read_lines(body: bytes) -> list[tuple[int, Label | WrongLabel]]:
    """Read JSON lines: each line's number from 1 on, and its label or what is wrong with it.

    Raises:
        TooManyLabels: there are more than MOST_LINES.
    """
    if body.count(b"\n") > 2 * MOST_LINES:
        raise TooManyLabels
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise TooManyLabels
    return [(number, _read(line)) for number, line in lines]


def _read(line: bytes) -> Label | WrongLabel:
    try:
        return read_label(line)
    except WrongLabel as error:
        return error
