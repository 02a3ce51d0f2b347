"""What the traffic's routes answer, and its commands read."""

from collections.abc import Mapping
from datetime import datetime

from release.traffic.confirmation import Answered
from release.views import PackageView, View


class TrafficView(View):
    """Where requests go: as the file says it, and what nginx has made of it.

    `candidate_share` is from 0 to 1. `answered` counts users' predictions by the slot that answered them,
    since these began to be counted; null while nobody can say.
    """

    production: str
    tested: str
    weights: Mapping[str, int]
    candidate_share: float
    draws: bool
    experiment: str | None
    shadow_percent: float
    in_effect: bool
    answered: Answered | None


class CellView(View):
    """How many pairs have these two labels."""

    production: str
    candidate: str
    pairs: int


class ComparisonView(View):
    """What the pairs of two packages say.

    Both bounds of `disagreement_rate_interval` hold in 99 % of cases. `confusion` has the labels with the
    most pairs; the others' pairs are `pairs_elsewhere`.
    """

    production: PackageView
    candidate: PackageView
    first_at: datetime
    last_at: datetime
    pairs: int
    disagreements: int
    disagreement_rate: float
    disagreement_rate_interval: tuple[float, float]
    mean_probability_distance: float | None
    confusion: tuple[CellView, ...]
    pairs_elsewhere: int


class ShadowView(View):
    """The comparisons, that with the newest pairs first, and the answers to copies that make no pair."""

    comparisons: tuple[ComparisonView, ...]
    unpaired: Mapping[str, int]
