"""What the shadow's pairs say of the candidate."""

from dataclasses import asdict

from fastapi import APIRouter, Query

from release.routes.releases import problems
from release.shadow.comparison import Tally
from release.shadow.pairs import PairStore
from release.traffic.views import CellView, ComparisonView, ShadowView
from release.views import PackageView


def shadow_router(store: PairStore) -> APIRouter:
    """Build the route."""
    router = APIRouter(tags=["traffic"])

    @router.get("/shadow")
    async def shadow(cells: int = Query(100, ge=0, le=1024)) -> ShadowView:
        """Return for each two packages how often they disagree and how far apart they are, the newest first.

        `cells` is the most pairs of labels that each one's confusion table is to have.
        """
        with problems():
            comparison = await store.comparison()
        views = tuple(comparison_view(one, cells) for one in comparison.tallies)
        return ShadowView(comparisons=views, unpaired=dict(comparison.totals.unpaired))

    return router


def comparison_view(tally: Tally, most_cells: int) -> ComparisonView:
    """Return a tally as the route answers it."""
    cells = tuple(
        CellView(production=one, candidate=other, pairs=pairs)
        for (one, other), pairs in tally.most_frequent[:most_cells]
    )
    return ComparisonView(
        production=PackageView(**asdict(tally.production)),
        candidate=PackageView(**asdict(tally.candidate)),
        first_at=tally.first_at,
        last_at=tally.last_at,
        pairs=tally.pairs,
        disagreements=tally.disagreements,
        disagreement_rate=tally.rate,
        disagreement_rate_interval=tally.interval,
        mean_probability_distance=tally.mean_distance,
        confusion=cells,
        pairs_elsewhere=tally.pairs - sum(cell.pairs for cell in cells),
    )
