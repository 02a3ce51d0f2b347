"""What is finished once it has begun, also where somebody has had enough meanwhile."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def finished(work: Awaitable[T]) -> T:
    """Wait until something is done, and return its result; be cancelled only then."""
    task = asyncio.ensure_future(work)
    was_cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            was_cancelled = True
        except Exception:  # noqa: S110 - the line below raises it
            pass
    result = task.result()
    if was_cancelled:
        raise asyncio.CancelledError
    return result
