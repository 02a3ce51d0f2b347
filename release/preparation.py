"""Whether a release may start: what both slots serve, and where their requests go."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from inference.identity import identify
from inference.manifest import BadModelPackage, Manifest
from proxy.routing import Routing
from release import lifecycle
from release.lifecycle import NotNow, Package, Release
from release.packages import package_in
from release.plan import read_plan
from release.replicas import Replica
from release.split_file import SplitFile, as_people_say
from service.slots import CANDIDATE, SLOTS, STABLE


class Looks(Protocol):
    """Asks a slot's replicas what they serve; see Replicas."""

    async def look(self) -> list[Replica]:
        """Return each replica's answer."""


@dataclass(frozen=True)
class Preparation:
    """Makes a release of what there is; `folders` and `replicas` are the slots'."""

    plan_file: Path
    folders: Mapping[str, Path]
    replicas: Mapping[str, Looks]
    split_file: SplitFile
    in_effect: Callable[[], Awaitable[bool]]
    now: Callable[[], datetime]

    async def check(self, plan_name: str) -> None:
        """Look at what a release needs beside its candidate; raises what `prepare` does."""
        await asyncio.to_thread(read_plan, plan_name, self.plan_file)
        await self._routing()

    async def prepare(self, plan_name: str) -> Release:
        """Return a release by a plan, which has not begun.

        Raises:
            WrongPlan: there is none of that name, or it has a mistake.
            NotNow: a slot serves another package than its folder holds, the two take different inputs, or the
                split is not as it should be.
            CannotRead, CannotWrite: the split's file has no place for shares.
        """
        plan = await asyncio.to_thread(read_plan, plan_name, self.plan_file)
        routing = await self._routing()
        stable, candidate = [await self._package(slot) for slot in SLOTS]
        await asyncio.to_thread(self._demand_same_inputs)
        now = self.now()
        release = lifecycle.start(
            name=f"{now:%Y%m%d-%H%M%S}",
            plan_name=plan_name,
            plan=plan,
            stable=stable,
            candidate=candidate,
            in_file=routing,
            now=now,
        )
        self.split_file.demand_place_for(release.routing)
        if stable == candidate:
            return replace(release, reason=f"{release.reason}; both slots serve the same package")
        return release

    async def _routing(self) -> Routing:
        found = self.split_file.read()
        if found.weights[CANDIDATE] > found.weights[STABLE]:
            raise NotNow(
                f"{CANDIDATE} is production ({as_people_say(found)}): a release tries it beside {STABLE}, "
                "so give that the larger weight in nginx/default.conf first"
            )
        if not await self.in_effect():
            raise NotNow(
                "nginx has not taken nginx/default.conf as it is now: its log, or nginx_config's, says why; "
                "after an edit, wait three seconds"
            )
        return found

    def _demand_same_inputs(self) -> None:
        """Refuse two models of which no request fits both: one of them would answer it with an error."""
        stable, candidate = (identify(self.folders[slot]).manifest for slot in SLOTS)
        if inputs_of(stable) != inputs_of(candidate):
            raise NotNow(
                f"{STABLE} takes {inputs_of(stable)} and {CANDIDATE} {inputs_of(candidate)}: "
                "no request fits both, so neither can take the other's place"
            )

    async def _package(self, slot: str) -> Package:
        """Return the package that a slot's folder holds and all of its replicas serve."""
        try:
            package = await asyncio.to_thread(package_in, self.folders[slot])
        except BadModelPackage as error:
            raise NotNow(f"{slot}'s folder holds no package that could be served: {error}") from error
        answers = await self.replicas[slot].look()
        if not answers:
            raise NotNow(f"no replica of {slot} is found: start it, and try again")
        if away := [one for one in answers if one.state == "away"]:
            raise NotNow(f"{slot} at {away[0].address} does not answer: {away[0].reason}")
        if other := [one for one in answers if one.sha256 != package.sha256]:
            raise NotNow(
                f"{slot} serves package {other[0].sha256[:12]}, and its folder holds {package.sha256[:12]} "
                f"({package.model} {package.version}): `make reload SLOT={slot}` has it served"
            )
        return package


def inputs_of(manifest: Manifest) -> str:
    """Return what a model takes, in words."""
    if manifest.tensor is None:
        return "images"
    return f"rows of {', '.join(manifest.tensor.features)}"
