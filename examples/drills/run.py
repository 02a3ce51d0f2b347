"""One drill, from the candidate's package to everything as it was before."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from examples.drills import before
from examples.drills.before import Places
from examples.drills.candidate import put_candidate
from examples.drills.drills import Drill, Then
from examples.drills.images import Images
from examples.drills.outcome import Ended, Outcome, Requests, Seen, ended, outcome
from examples.drills.releases import Releases
from examples.drills.traffic import Traffic
from examples.drills.uninterrupted import finished
from examples.traffic import StackError
from service.slots import CANDIDATE

AGAIN_SECONDS = 1.0


class Stack(Protocol):
    """The running stack's services; each method raises StackError where that cannot be done."""

    async def kill(self, service: str) -> None:
        """Have a service die; it stays away."""

    async def start(self, service: str) -> None:
        """Have a service that was killed run again; one that runs is left alone."""

    async def reload(self, slot: str) -> None:
        """Have a slot serve the package in its folder."""

    async def wait_for_split(self) -> None:
        """Wait until the stable slot answers all requests."""


@dataclass
class Progress:
    """What is to be shown of a drill."""

    drill: Drill
    doing: str = "looking at what is there"
    seen: Seen | None = None
    traffic: Traffic | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def requests(self) -> Requests:
        """Return what was sent so far."""
        return self.traffic.requests if self.traffic else Requests()


@dataclass(frozen=True)
class Surroundings:
    """What a drill runs in; `show` is told of each change."""

    stack: Stack
    releases: Releases
    places: Places
    url: str
    images: Images
    show: Callable[[Progress], None]


async def run(drill: Drill, around: Surroundings) -> Outcome:
    """Run a drill and put back all that it changed, also where it fails or is cancelled.

    Raises:
        StackError: the stack does not do what a drill needs.
    """
    progress = Progress(drill)
    if before.is_kept(around.places):
        say(around, progress, "what an interrupted drill has left is put back")
        await put_back(around)
    async with Traffic(around.url, drill.load, around.images) as traffic:
        progress.traffic = traffic
        try:
            await _prepare(drill, around, progress)
            end = await _watch(drill, around, progress)
        finally:
            if before.is_kept(around.places):
                say(around, progress, "everything is put back as it was")
                await finished(put_back(around))
    return outcome(drill, end, traffic.requests)


async def _prepare(drill: Drill, around: Surroundings, progress: Progress) -> None:
    """Have the candidate's slot serve the drill's package, and nobody served by it."""
    before.keep(around.places)
    say(around, progress, "the stable slot gets all requests")
    before.give_all_to_stable(around.places)
    await around.stack.wait_for_split()
    say(around, progress, "the candidate's package is loaded")
    put_candidate(drill, around.places.stable, around.places.candidate)
    await around.stack.reload(CANDIDATE)
    say(around, progress, "the release is started")


async def _watch(drill: Drill, around: Surroundings, progress: Progress) -> Ended | None:
    """Start the release, let happen what is to happen, and return the end; None where none comes in time."""
    await around.releases.start(drill.plan)
    say(around, progress, "the release goes on")
    try:
        async with asyncio.timeout(drill.most_seconds):
            return await _end(drill, around, progress)
    except TimeoutError:
        return None


async def _end(drill: Drill, around: Surroundings, progress: Progress) -> Ended:
    """Look at the release until it has come to the drill's end."""
    began = asyncio.get_running_loop().time()
    then = drill.then
    while True:
        try:
            async with aclosing(around.releases.watch()) as watched:
                async for seen in watched:
                    progress.seen = seen
                    around.show(progress)
                    if end := ended(drill, seen, datetime.now(UTC)):
                        return end
                    if then and asyncio.get_running_loop().time() >= began + then.after_seconds:
                        await _let_happen(then, around, progress)
                        then = None
        except StackError as error:  # a busy machine; the release goes on, and is looked at again
            say(around, progress, str(error))
        await asyncio.sleep(AGAIN_SECONDS)


async def _let_happen(then: Then, around: Surroundings, progress: Progress) -> None:
    if then.kill:
        say(around, progress, f"{then.kill} is killed")
        await around.stack.kill(then.kill)
    if progress.traffic:
        progress.traffic.choice.dirty = then.dirty


async def put_back(around: Surroundings) -> None:
    """Put back all that a drill has changed; done twice it does no harm."""
    for service in ("prometheus", CANDIDATE):
        await around.stack.start(service)
    await around.releases.end()
    before.put_back_candidate(around.places)
    await around.stack.reload(CANDIDATE)
    before.put_back_rest(around.places)


def say(around: Surroundings, progress: Progress, doing: str) -> None:
    """Show what is being done now."""
    progress.doing = doing
    around.show(progress)
