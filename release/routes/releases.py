"""Releases: start one, order what is to become of it, and read what was decided and why."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from mongodb.errors import StoreUnavailable
from release import lifecycle
from release.controller import Controller, Refused
from release.documents import release_document
from release.judge import Seen
from release.lifecycle import NotNow, Release
from release.plan import DEFAULT, WrongPlan
from release.registry.candidates import Candidates
from release.registry.versions import AmbiguousVersion, UnknownVersion
from release.split_file import CannotRead, CannotWrite
from release.store import Conflict, ReleaseStore
from service.problems import Problem
from service.slots import CANDIDATE

OrderName = Literal["pause", "resume", "promote", "abort", "rollback"]


class Order(BaseModel):
    """Who orders something, and why."""

    model_config = ConfigDict(extra="forbid")

    who: str = Field("somebody", min_length=1, max_length=100)
    why: str = Field("", max_length=500)


Asked = Annotated[str, Field(min_length=1, max_length=128)]  # as Registry.find reads it


class Start(Order):
    """Which plan the release follows, and which version it tries: else what is in the candidate's slot."""

    plan: str = Field(DEFAULT, min_length=1, max_length=100)
    package: Asked | None = None


def releases_router(
    controller: Controller,
    store: ReleaseStore,
    candidates: Candidates,
    *,
    check: Callable[[str], Awaitable[None]],
    prepare: Callable[[str], Awaitable[Release]],
    seen: Callable[[], Seen | None],
    now: Callable[[], datetime],
    demand_token: Callable[..., Any],
) -> APIRouter:
    """Build the routes; those that change something want the token.

    `prepare` makes a release that follows the plan of a name; it raises WrongPlan or NotNow, as `check` does,
    which does not look at the candidate. `seen` is what was seen of a release at the last look.
    """
    router = APIRouter(tags=["release"])
    changing = APIRouter(dependencies=[Depends(demand_token)])

    @router.get("/release")
    async def newest() -> dict[str, Any]:
        """Return the newest release, the last decision about it, and what was seen of it at the last look.

        Each is null before the first one; what was seen is forgotten when the program starts anew.
        """
        with problems():
            found = await store.current()
        if found is None:
            return {"release": None, "decision": None, "seen": None}
        release, decision = found
        latest = seen()
        return {
            "release": release_document(release),
            "decision": asdict(decision),
            "seen": asdict(latest) if latest and latest.release == release.id else None,
        }

    @router.get("/decisions")
    async def decisions(limit: int = Query(50, ge=1, le=1000)) -> Sequence[dict[str, Any]]:
        """Return the newest decisions, each with the numbers and the queries behind it."""
        with problems():
            return [asdict(one) for one in await store.decisions(limit)]

    @changing.post("/release", status_code=201)
    async def start(order: Start) -> dict[str, Any]:
        """Try the package in the candidate's slot by a plan; one that is named is put there first."""
        with problems():
            await candidates.resume()
            if order.package is not None:
                await check(order.plan)
                wanted = await candidates.put(order.package, order.who, order.why)
            release = await prepare(order.plan)
            if order.package is not None and release.candidate != wanted:
                raise NotNow("another package was put into the candidate's slot meanwhile: try again")
            reason = f"{release.reason}; {order.why}" if order.why else release.reason
            await controller.begin(replace(release, reason=reason), order.who)
        return await newest()

    @changing.post("/release/{name}")
    async def obey(name: OrderName, order: Order) -> dict[str, Any]:
        """Pause, resume, promote, abort or roll back."""
        why = order.why or f"{order.who} ordered it"
        with problems():
            await controller.order(lambda release: changed(name, release, why, now()), name, order.who, why)
        return await newest()

    router.include_router(changing)
    return router


def changed(name: OrderName, release: Release, why: str, now: datetime) -> Release:
    """Return the release as an order leaves it; raises NotNow."""
    match name:
        case "pause":
            return lifecycle.pause(release, why)
        case "resume":
            return lifecycle.resume(release, why, now)
        case "promote":
            return lifecycle.promote(release, why)
        case "abort":
            return lifecycle.abort(release, why)
        case "rollback":
            return lifecycle.roll_back(release, why)


@contextmanager
def problems() -> Iterator[None]:
    """Answer what cannot be done as a problem that says why."""
    try:
        yield
    except WrongPlan as error:
        raise Problem(422, "The plan cannot be used", str(error)) from error
    except NotNow as error:
        raise Problem(409, "Not now", str(error)) from error
    except Conflict as error:
        raise Problem(
            409, "Changed meanwhile", "The release was changed meanwhile. Look, and try again."
        ) from error
    except UnknownVersion as error:
        raise Problem(404, "No such version", str(error)) from error
    except AmbiguousVersion as error:
        raise Problem(409, "Several versions", str(error)) from error
    except Refused as error:
        raise Problem(409, "Not taken", f"{CANDIDATE} does not take the package: {error}") from error
    except (CannotRead, CannotWrite) as error:
        raise Problem(409, "The split cannot be changed", str(error)) from error
    except StoreUnavailable as error:
        detail = "MongoDB does not answer, and nothing is decided without it. Try again in a moment."
        raise Problem(503, "Service Unavailable", detail, {"Retry-After": "5"}) from error
