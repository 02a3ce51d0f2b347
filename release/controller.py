"""The loop of a release: what is wanted is stored, then done, then confirmed. It may die at any instant."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from proxy.routing import Routing
from release import lifecycle
from release.documents import Decision
from release.effect import Effect
from release.judgement import Judgement
from release.lifecycle import CHANGING, CONTROLLER, OPEN, Phase, Release
from release.split_file import CannotRead, CannotWrite, SplitFile, as_people_say
from release.store import ReleaseStore

NOT_TAKEN = "nginx has not taken the split: its log, or nginx_config's, says why"

logger = logging.getLogger(__name__)


class Refused(Exception):
    """A slot has not taken a package; the message says why, and what has become of its own."""


class Packages(Protocol):
    """Puts packages into the stable slot; both may be repeated after a crash."""

    async def promote(self, release: Release) -> None:
        """Have the stable slot serve the candidate's package, or raise Refused."""

    async def roll_back(self, release: Release) -> None:
        """Have the stable slot serve what it served before the promotion, or raise Refused."""

    async def other(self, release: Release) -> str:
        """Say which slot's folder holds another package than the release's; empty where none does."""


class Judge(Protocol):
    """Looks at the numbers."""

    async def look(self, release: Release) -> Judgement:
        """Return what the numbers allow now."""


class Controller:
    """Works on the newest release: `tick` again and again, and what people order in between."""

    def __init__(
        self,
        *,
        store: ReleaseStore,
        split_file: SplitFile,
        in_effect: Callable[[], Awaitable[bool]],
        packages: Packages,
        judge: Judge,
        announce: Callable[[Release, Decision], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._split_file = split_file
        self._effect = Effect(in_effect, now)
        self._packages = packages
        self._judge = judge
        self._announce = announce
        self._now = now
        self._turn = asyncio.Lock()
        self.latest: tuple[Release, Decision] | None = None
        self._published = ""
        self._rolled_back = ""
        self._other = ""

    async def tick(self) -> None:
        """Do what is to do now; StoreUnavailable where the database is away, and then nothing was done."""
        async with self._turn:
            self.latest = await self._store.current()
            if self.latest is not None:
                release, decision = self.latest
                await self._publish(release, decision)
                await self._work(release, decision)

    async def order(self, change: Callable[[Release], Release], decided: str, who: str, why: str) -> Release:
        """Change the newest release as a person says, and do at once what follows.

        Raises:
            NotNow: it is in no phase for that, or there is none.
        """
        async with self._turn:
            found = await self._store.current()
            if found is None:
                raise lifecycle.NotNow("there is no release: start one with `canary start`")
            before, last = found
            await self._publish(before, last)  # what a failure kept from it would be replaced unseen
            after = lifecycle.overrule(change(before), self._split_file.read())
            decision = await self._change(before, after, self._decision(after, decided, who, why))
            await self._work(after, decision)
            return after

    async def begin(self, release: Release, who: str) -> None:
        """Start a release.

        Raises:
            NotNow: another one has not ended.
        """
        async with self._turn:
            found = await self._store.current()
            if found is not None:
                lifecycle.demand_ended(found[0])
            if found is not None and found[0].id == release.id:
                raise lifecycle.NotNow(f"release {release.id} was there within this very second: try again")
            if found is not None:
                await self._publish(*found)
            decision = self._decision(release, "start", who, release.reason)
            await self._change(found[0] if found else None, release, decision)
            await self._work(release, decision)

    @asynccontextmanager
    async def between_releases(
        self, demand: Callable[[Release], None] = lifecycle.demand_no_say
    ) -> AsyncIterator[None]:
        """Let a person change where requests go: no release looks at it meanwhile, or wants it otherwise.

        `demand` raises NotNow where the newest release does not let them.

        Raises:
            NotNow: a release decides over it.
        """
        async with self._turn:
            found = await self._store.current()
            if found is not None:
                demand(found[0])
            yield

    async def _work(self, release: Release, decision: Decision) -> None:
        if release.phase in CHANGING:
            await self._finish(release, decision)
        elif release.phase in OPEN - {Phase.PAUSED}:
            try:
                is_as_wanted = await self._bring_split(release, decision)
            except (CannotRead, CannotWrite, OSError) as error:
                await self._hold(release, Judgement.hold("split", str(error)))
                return
            if is_as_wanted:
                await self._judge_step(release)
        else:
            self._effect.begin_anew()

    async def _bring_split(self, release: Release, decision: Decision) -> bool:
        """Tell whether the file has the wanted routing.

        It is written where the file still has the one before; a person's pauses the release.
        """
        found = self._split_file.read()
        if found == release.in_file == release.routing:
            return True
        if found not in (release.in_file, release.routing):
            await self._pause_for(release, found)
            return False
        await self._write(release, decision)
        return False

    async def _write(self, release: Release, decision: Decision) -> Release:
        self._split_file.write(release.routing)
        self._effect.begin_anew()
        after = lifecycle.split_written(release, self._now())
        await self._store.change(release, after, decision)
        return after

    async def _pause_for(self, release: Release, found: Routing) -> None:
        why = f"nginx/default.conf was edited by hand: {as_people_say(found)}. `canary resume` goes on"
        after = lifecycle.pause(release, why)
        await self._change(release, after, self._decision(after, "pause", CONTROLLER, why))

    async def _judge_step(self, release: Release) -> None:
        """Do what the numbers allow; while a person's approval is awaited they may only end the release."""
        if not await self._effect.is_there():
            if self._effect.is_late:
                await self._hold(release, Judgement.hold("nginx", NOT_TAKEN))
            return
        judgement = await self._judge.look(release)
        if judgement.action == "roll_back":
            await self._decide(release, lifecycle.abort(release, judgement.why), "abort", judgement)
            return
        other = await self._packages.other(release)
        is_settled, self._other = other == self._other, other  # while it is copied it is half of each
        if other:
            if is_settled:
                await self._hold(release, replace(judgement, held_by="package", why=other))
            return
        match judgement.action:
            case "stay":
                return
            case "advance" if release.phase is Phase.RUNNING:
                after = lifecycle.advance(release, judgement.why, self._now())
                decided = "promote" if after.phase is Phase.PROMOTING else "advance"
                await self._decide(release, after, decided, judgement)
            case "hold":
                await self._hold(release, judgement)
            case _:
                await self._hold(release, None)

    async def _hold(self, release: Release, judgement: Judgement | None) -> None:
        """Store what keeps a running release where it is, when that has changed: not at each look."""
        by = judgement.held_by if judgement else ""
        if by == release.held_by or release.phase is not Phase.RUNNING:
            return
        why = judgement.why if judgement else "it goes on"
        after = lifecycle.hold(release, by, why)
        await self._decide(release, after, "hold" if judgement else "go_on", judgement)

    async def _decide(
        self, release: Release, after: Release, decided: str, judgement: Judgement | None
    ) -> None:
        decision = self._decision(after, decided, CONTROLLER, after.reason, judgement)
        await self._change(release, after, decision)
        if after.phase in CHANGING or after.percent != release.percent:
            await self._work(after, decision)

    async def _finish(self, release: Release, decision: Decision) -> None:
        """Do what was decided: the packages first, then the split, and say so when nginx has taken it."""
        if release.phase is Phase.PROMOTING and release.percent:
            release, decision = await self._promote(release, decision)
        elif release.phase is Phase.ROLLING_BACK and not await self._roll_back(release):
            return
        try:
            found = self._split_file.read()
            if found == release.in_file != release.routing:
                release = await self._write(release, decision)
                found = release.routing
        except (CannotRead, CannotWrite, OSError) as error:
            await self._hold_end(release, decision, "split", str(error))
            return
        if await self._effect.is_there():
            await self._end(release, decision, found)
        elif self._effect.is_late:
            await self._hold_end(release, decision, "nginx", NOT_TAKEN)

    async def _hold_end(self, release: Release, decision: Decision, by: str, why: str) -> None:
        """Store what keeps the release from the end that was decided, when that has changed."""
        if by != release.held_by:
            after = lifecycle.hold(release, by, why)
            await self._change(release, after, self._following(decision, after, "hold", why))

    async def _end(self, release: Release, decision: Decision, found: Routing) -> None:
        why = release.reason
        if found != release.routing:
            why = f"{why}; nginx/default.conf was edited by hand, and stays so: {as_people_say(found)}"
        after = lifecycle.finish(release, found, why, self._now())
        await self._change(release, after, self._following(decision, after, after.phase, why))

    async def _promote(self, release: Release, decision: Decision) -> tuple[Release, Decision]:
        try:
            await self._packages.promote(release)
        except Refused as refused:
            why = f"the stable slot does not take the package: {refused}"
            after = lifecycle.give_up_promotion(release, why)
            return after, await self._change(release, after, self._following(decision, after, "abort", why))
        after = lifecycle.packages_changed(release)
        await self._store.change(release, after, decision)
        return after, decision

    async def _roll_back(self, release: Release) -> bool:
        """Tell whether the stable slot has the previous package: else the release stays promoted."""
        if self._rolled_back == release.id:  # nginx is waited for
            return True
        try:
            await self._packages.roll_back(release)
        except Refused as refused:
            why = f"the stable slot does not take the previous package: {refused}"
            after = lifecycle.give_up_rollback(release, why, self._now())
            await self._change(release, after, self._decision(after, "rollback_refused", CONTROLLER, why))
            return False
        self._rolled_back = release.id
        return True

    async def _change(self, before: Release | None, after: Release, decision: Decision) -> Decision:
        await self._store.change(before, after, decision)
        logger.info(
            "release decided",
            extra={
                "release": after.id,
                "decision": decision.decision,
                "who": decision.who,
                "why": decision.why,
            },
        )
        await self._publish(after, decision)
        return decision

    async def _publish(self, release: Release, decision: Decision) -> None:
        """Log and announce a decision; again changes nothing, so a crash before it only delays it."""
        self.latest = release, decision
        if decision.id == self._published:
            return
        await self._store.record(decision)
        await self._announce(release, decision)
        self._published = decision.id

    def _following(self, last: Decision, release: Release, decided: str, why: str) -> Decision:
        """Return what follows from the last decision, with the numbers that led to that."""
        decision = self._decision(release, decided, CONTROLLER, why)
        return replace(decision, gates=last.gates, queries=last.queries)

    def _decision(
        self, release: Release, decided: str, who: str, why: str, judgement: Judgement | None = None
    ) -> Decision:
        return Decision(
            release=release.id,
            revision=release.revision,
            decision=decided,
            who=who,
            why=why,
            at=self._now(),
            phase=release.phase,
            percent=release.percent,
            gates=judgement.gates if judgement else (),
            queries=judgement.queries if judgement else (),
        )
