"""What is often done in place of the gates, to show what it costs. Nothing uses this but the figures."""

import numpy as np
from scipy.stats import hypergeom, norm  # type: ignore[import-untyped]

from release.simulation.single_gates import Counted


def fisher_at_each_look(counted: Counted, level: float = 0.05) -> int | None:
    """Return the first look at which Fisher's exact test of all requests so far is below the level."""
    one, one_bad = np.cumsum(counted.candidate), np.cumsum(counted.candidate_bad)
    two, two_bad = np.cumsum(counted.stable), np.cumsum(counted.stable_bad)
    p_values = hypergeom.sf(one_bad - 1, one + two, one_bad + two_bad, one)
    below = np.flatnonzero(p_values < level)
    return int(below[0]) if len(below) else None


def z_test_at_each_look(counted: Counted, level: float = 0.05, least: int = 200) -> int | None:
    """Return the first look with `least` of the candidate at which a z-test of shares is below the level."""
    one, one_bad = np.cumsum(counted.candidate), np.cumsum(counted.candidate_bad)
    two, two_bad = np.cumsum(counted.stable), np.cumsum(counted.stable_bad)
    pooled = (one_bad + two_bad) / (one + two)
    with np.errstate(divide="ignore", invalid="ignore"):  # no request or no bad one yet: NaN is below nothing
        error = np.sqrt(pooled * (1 - pooled) * (1 / one + 1 / two))
        p_values = norm.sf((one_bad / one - two_bad / two) / error)
    below = np.flatnonzero((p_values < level) & (one >= least))
    return int(below[0]) if len(below) else None
