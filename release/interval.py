"""What a share may be in truth, of which a number of cases were seen."""

import math

SURE_99 = 2.576  # standard deviations: 99 % of the intervals hold the truth


def share_interval(part: int, whole: int, deviations: float = SURE_99) -> tuple[float, float]:
    """Return the bounds between which the share lies; 0 and 1 where nothing was seen.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22: unlike
    part/whole ± an error it holds at shares near 0 and 1, too. It is for one look at numbers that are there,
    not for one look after another until they please (release/verdict has what holds at every look).

    Raises:
        ValueError: `part` is not from 0 to `whole`.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole} is no share")
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, deviations**2
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    spread = math.sqrt(share * (1 - share) / whole + square / (4 * whole**2))
    half = deviations / (1 + square / whole) * spread
    low = 0.0 if part == 0 else middle - half  # what is exact, without a float's last digit
    high = 1.0 if part == whole else middle + half
    return low, high
