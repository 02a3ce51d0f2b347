"""What the program is made of, beside its notifications."""

from collections.abc import Sequence
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from fastapi import APIRouter


class Jobs(Protocol):
    """Jobs on the program's scheduler."""

    def add_to(self, scheduler: AsyncIOScheduler) -> None:
        """Add the jobs; they run when the scheduler does."""

    async def stop(self) -> None:
        """Let what is under way end, for a few seconds at most; the scheduler begins nothing more."""


class Part(Jobs, Protocol):
    """Jobs, and routes of the program's API."""

    @property
    def routers(self) -> Sequence[APIRouter]:
        """Return the routes."""
