"""JSON as its standard has it: no NaN, no name twice; and within bounds, so that parsing it costs little."""

import json
from typing import Any, NoReturn

from inference.json_bounds import JsonBounds


class BadJson(Exception):
    """It is no JSON, or more of it than is read; the message says why."""


def parse(document: bytes, bounds: JsonBounds) -> Any:
    """Return what the document holds.

    Raises:
        BadJson: it is not UTF-8, not JSON, beyond the bounds or nested too deep.
    """
    if not bounds.hold(document):
        raise BadJson("it holds more values than are taken")
    try:
        text = document.decode("utf-8")
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse_constant)
    except UnicodeDecodeError as error:
        raise BadJson("it is not in UTF-8") from error
    except RecursionError as error:
        raise BadJson("it is nested too deep") from error
    except ValueError as error:  # also an integer of thousands of digits
        raise BadJson(str(error)[:200]) from error


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; ValueError when it has a name twice, as nobody knows which one counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice")
    return found


def refuse_constant(name: str) -> NoReturn:
    """Raise ValueError: NaN and Infinity are no JSON."""
    raise ValueError(f"{name} is no number of JSON")
