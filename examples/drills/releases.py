"""The release program, by its commands: what becomes of a release, and what a drill orders."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from pydantic import ValidationError

from examples.drills.outcome import Decision, Gate, Seen
from examples.traffic import StackError
from release.views import GateView, Newest

PLANS = "drill"  # how the names of the drills' plans begin
END_SECONDS = 90.0
POLL_SECONDS = 1.0


def read_status(text: str) -> tuple[str, Seen] | None:
    """Return the newest release's plan, and the release; None before the first one.

    Raises:
        StackError: this is no release program's answer.
    """
    try:
        newest = Newest.model_validate_json(text)
    except ValidationError as error:
        raise StackError(f"the release program's answer cannot be read: {error}") from error
    release, decision = newest.release, newest.decision
    if release is None or decision is None:
        return None
    seen = Seen(
        id=release.id,
        phase=release.phase,
        step=release.step,
        steps=release.plan.steps,
        percent=release.percent,
        held_by=release.held_by,
        started_at=release.started_at,
        decision=Decision(decision.decision, decision.why, decision.at, _gates(decision.gates)),
        gates=_gates(newest.seen.gates if newest.seen else ()),
    )
    return release.plan_name, seen


def _gates(views: Sequence[GateView]) -> list[Gate]:
    return [Gate(one.name, one.verdict, one.why) for one in views]


class Releases:
    """Asks and orders by the words of one of the release program's commands.

    `run` returns what it prints, and `lines` yields it line by line.
    """

    def __init__(self, run: Callable[..., Awaitable[str]], lines: Callable[..., AsyncGenerator[str]]) -> None:
        self._run = run
        self._lines = lines

    async def start(self, plan: str) -> None:
        """Start a release by a plan; StackError where another one has not ended."""
        await self._run("canary", "start", "--plan", plan, "--why", "a drill")

    async def watch(self) -> AsyncGenerator[Seen]:
        """Yield the newest release each second, until it has ended; StackError where nobody answers."""
        async with aclosing(self._lines("status", "--watch", "--json")) as lines:
            async for line in lines:
                if found := read_status(line):
                    yield found[1]

    async def end(self) -> None:
        """Take back the newest release if a drill started it, and wait until it is over; else do nothing.

        Raises:
            StackError: it is not over in time.
        """
        deadline = asyncio.get_running_loop().time() + END_SECONDS
        complaint = "make release DO=status"
        while asyncio.get_running_loop().time() < deadline:
            try:
                order = to_do(read_status(await self._run("status", "--json")))
                if not order:
                    return
                if order != WAIT:
                    await self._run(*order)
            except StackError as error:  # it was decided meanwhile, or the machine is busy
                complaint = str(error)
            await asyncio.sleep(POLL_SECONDS)
        raise StackError(f"the release is not over after {END_SECONDS:.0f} s: {complaint}")


WAIT: Sequence[str] = ("wait",)
ABORT: Sequence[str] = ("canary", "abort", "--why", "the drill is over")
ROLLBACK: Sequence[str] = ("rollback", "--why", "the drill is over")


def to_do(found: tuple[str, Seen] | None) -> Sequence[str]:
    """Return the order that ends a drill's release, or to wait; nothing where it is over or a person's."""
    if found is None or not found[0].startswith(PLANS):
        return ()
    match found[1].phase:
        case "running" | "paused" | "awaiting_approval":
            return ABORT
        case "promoted":
            return ROLLBACK
        case "aborted" | "rolled_back":
            return ()
        case _:
            return WAIT
