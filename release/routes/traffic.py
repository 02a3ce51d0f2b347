"""The traffic between releases: see where requests go, split them anew, swap production, shadow."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field, model_validator

from release.lifecycle import candidates_share
from release.routes.releases import Order, problems
from release.split_file import EditedMeanwhile
from release.traffic import orders as traffic
from release.traffic.orders import NothingToSwap, Situation, Traffic
from release.traffic.views import TrafficView
from service.problems import Problem
from service.slots import CANDIDATE, STABLE

MOST_WEIGHT = 1000


class Split(Order):
    """The slots' weights: such as 80 and 20, or 100 and 0."""

    stable: int = Field(ge=0, le=MOST_WEIGHT)
    candidate: int = Field(ge=0, le=MOST_WEIGHT)

    @model_validator(mode="after")
    def _has_a_weight(self) -> "Split":
        if not self.stable + self.candidate:
            raise ValueError("one slot needs a weight above 0")
        return self


class Shadow(Order):
    """The share of the users' predictions that is copied, in percent; 0 is none."""

    percent: Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]


def traffic_router(orders: Traffic, demand_token: Callable[..., Any]) -> APIRouter:
    """Build the routes; those that change something want the token."""
    router = APIRouter(tags=["traffic"], prefix="/traffic")
    changing = APIRouter(dependencies=[Depends(demand_token)])

    @router.get("")
    async def view() -> TrafficView:
        """Return where requests go, whether nginx has it in effect, and how many each slot has answered."""
        with problems():
            return traffic_view(await orders.view())

    async def obey(order: traffic.Order) -> TrafficView:
        with problems():
            try:
                await orders.obey(order)
            except NothingToSwap as error:
                raise Problem(409, "Nothing to swap", str(error)) from error
            except EditedMeanwhile as error:
                raise Problem(409, "Edited meanwhile", f"{error}. Look, and try again.") from error
        return await view()

    @changing.post("/split")
    async def split(order: Split) -> TrafficView:
        """Give the slots these weights."""
        why = order.why or f"{STABLE} {order.stable}, {CANDIDATE} {order.candidate}"
        change = traffic.split(order.stable, order.candidate)
        return await obey(traffic.Order("split", change, order.who, why))

    @changing.post("/swap")
    async def swap(order: Order) -> TrafficView:
        """Make the tested slot production, and production the tested one."""
        why = order.why or "the other slot becomes production"
        return await obey(traffic.Order("swap", traffic.swapped, order.who, why))

    @changing.post("/shadow")
    async def shadow(order: Shadow) -> TrafficView:
        """Copy this share of the users' predictions to the slot that is not production."""
        copied = f"{order.percent.normalize():f} % of the predictions are" if order.percent else "nothing is"
        why = order.why or f"{copied} copied"
        return await obey(traffic.Order("shadow", traffic.shadowed(order.percent), order.who, why))

    router.include_router(changing)
    return router


def traffic_view(found: Situation) -> TrafficView:
    """Return where requests go as the routes answer it."""
    return TrafficView(
        production=found.production,
        tested=found.tested,
        weights=dict(found.routing.weights),
        candidate_share=candidates_share(found.routing.weights),
        draws=found.routing.draws,
        experiment=found.routing.experiment,
        shadow_percent=float(found.routing.shadow_percent),
        in_effect=found.in_effect,
        answered=found.answered,
    )
