"""Lists in lists, as JSON has a tensor's elements."""

from collections.abc import Iterator
from typing import Any


def flatten(data: Any) -> Iterator[Any]:
    """Yield the elements of nested lists."""
    stack = [iter(data)]
    while stack:
        for one in stack[-1]:
            if isinstance(one, list):
                stack.append(iter(one))
                break
            yield one
        else:
            stack.pop()
