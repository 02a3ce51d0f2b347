"""A document's values are bounded by counting bytes, whatever it holds."""

import json
import random
from typing import Any

import pytest

from inference.json_bounds import JsonBounds


def values(one: Any) -> int:
    inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return 1 + sum(map(values, inner))


def containers(one: Any) -> int:
    inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return isinstance(one, list | dict) + sum(map(containers, inner))


def made_up(source: random.Random, depth: int) -> Any:
    kind = source.randrange(6 if depth else 4)
    if kind < 4:
        return [1.5, "a", None, True][kind]
    size = source.randrange(4)
    if kind == 4:
        return [made_up(source, depth - 1) for _ in range(size)]
    return {str(number): made_up(source, depth - 1) for number in range(size)}


@pytest.mark.parametrize("seed", range(50))
def test_no_document_within_the_bounds_has_more_values(seed: int) -> None:
    """Nor more arrays and objects; and what it has is never more than the count says by its containers."""
    made = made_up(random.Random(seed), 4)
    document = json.dumps(made).encode()
    assert not JsonBounds(values(made) - 1, 1000).hold(document)
    assert not JsonBounds(1000, containers(made) - 1).hold(document)
    assert JsonBounds(values(made) + containers(made), containers(made)).hold(document)


@pytest.mark.parametrize("document", [b"[],", b"[", b"{", b",", b'{"":', b"[1],", b"1,", b'"",'])
def test_what_is_repeated_without_end_is_out_of_bounds(document: bytes) -> None:
    """Also what is no JSON: the parser is never asked."""
    assert not JsonBounds(1000, 1000).hold(document * 1001)
    assert JsonBounds(10, 10).hold(document)
