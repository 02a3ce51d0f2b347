"""Bad events are coins: whether the candidate has more than its share of them, however often one looks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

RATIOS = tuple(1.25 * (30 / 1.25) ** (step / 19) for step in range(20))
_LOG_RATIOS = tuple(math.log(ratio) for ratio in RATIOS)


@dataclass(frozen=True)
class Arm:
    """A slot's requests, and the bad ones among them; ValueError where that cannot be."""

    requests: int
    bad: int

    def __post_init__(self) -> None:
        if not 0 <= self.bad <= self.requests < math.inf:
            raise ValueError(
                f"{self.bad} bad of {self.requests} requests: "
                "count from 0 upwards, and take differences of counters only where none was reset between"
            )

    def __add__(self, other: "Arm") -> "Arm":
        return Arm(self.requests + other.requests, self.bad + other.bad)

    @property
    def rate(self) -> float:
        """Return the share of bad ones; NaN without requests."""
        return self.bad / self.requests if self.requests else math.nan


@dataclass(frozen=True)
class Look:
    """What was served since the look before; a request counts in one look only."""

    candidate: Arm
    stable: Arm


@dataclass(frozen=True)
class Coins:
    """What looks showed: the requests of both slots, and the logarithm of the evidence for each of RATIOS.

    Coins of several looks add up, in any order; so a controller keeps one sum for each step, or all looks.
    """

    candidate: Arm = Arm(0, 0)
    stable: Arm = Arm(0, 0)
    log_factors: tuple[float, ...] = (0.0,) * len(RATIOS)

    def __add__(self, other: "Coins") -> "Coins":
        log_factors = tuple(map(add, self.log_factors, other.log_factors))
        return Coins(self.candidate + other.candidate, self.stable + other.stable, log_factors)

    def after(self, look: Look) -> "Coins":
        """Add a look.

        A bad event falls on the candidate with its share π of the look's requests if both slots are alike,
        and with q = πr / (1 - π + πr) if the candidate's are r times as likely. So x₁ bad events of the
        candidate and x₀ of the stable slot have the likelihood ratio (q/π)^x₁ ((1-q)/(1-π))^x₀, which is
        r^x₁ / (1 - π + πr)^(x₁+x₀). Lindon & Malek (2022), "Anytime-valid inference for multinomial count
        data", NeurIPS. Each look has its own π, so the share may change between looks, and so may the rate of
        bad events: only who they fall on is judged. Where only one slot served, nothing is.

        Given π the count x₁ is hypergeometric if the slots are alike; the ratio's expectation is then at
        most that of coins, which is 1: Hoeffding (1963), "Probability inequalities for sums of bounded random
        variables", section 6.
        """
        candidate, stable = look.candidate, look.stable
        bad = candidate.bad + stable.bad
        log_factors = self.log_factors
        if bad and candidate.requests and stable.requests:
            share = candidate.requests / (candidate.requests + stable.requests)
            log_factors = tuple(
                before + candidate.bad * log_ratio - bad * math.log1p(share * (ratio - 1))
                for before, log_ratio, ratio in zip(log_factors, _LOG_RATIOS, RATIOS, strict=True)
            )
        return Coins(self.candidate + candidate, self.stable + stable, log_factors)

    @property
    def evidence(self) -> float:
        """Return the mean over the ratios: an e-value.

        If the candidate is no worse, it ever reaches 1/alpha with probability alpha at most: Ville (1939),
        "Étude critique de la notion de collectif".
        """
        return _mean_of_exponentials(self.log_factors)


def coins(looks: Iterable[Look]) -> Coins:
    """Return what these looks show together."""
    return reduce(Coins.after, looks, Coins())


def _mean_of_exponentials(logarithms: tuple[float, ...]) -> float:
    """Return the mean of e to these powers, at most e^700: a float holds no more."""
    largest = max(logarithms)
    spread = sum(math.exp(one - largest) for one in logarithms) / len(logarithms)
    return math.exp(min(largest + math.log(spread), 700.0))
