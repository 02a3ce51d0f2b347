"""Write the tables and plots of docs/releases.md anew; some minutes of one core."""

import argparse
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from release.simulation import figures
from release.simulation.chart import Points, line_chart
from release.simulation.naive import fisher_at_each_look
from release.simulation.single_gates import Requests, repeat, until_coins_fail
from release.verdict.coins import Coins
from release.verdict.gate import FAIL_ALPHA

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- figures: python -m release.simulation -->", "<!-- end of figures -->"
PERCENT = {share / 100: f"{share} %" for share in (0, 25, 50, 75, 100)}
RATES = (0.02, 0.03, 0.05, 0.1)


def main() -> None:
    """Play, and write what was seen."""
    parser = argparse.ArgumentParser(prog="python -m release.simulation", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=1000, help="releases of each kind; of bad whole ones a fifth"
    )
    runs = parser.parse_args().runs
    page = DOCS / "releases.md"
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{tables(runs)}\n\n{END}{after}", "utf-8")
    for name, svg in plots(runs).items():
        (DOCS / "images" / f"release_{name}.svg").write_text(svg, "utf-8")


def tables(runs: int) -> str:
    """Return all tables, as Markdown."""
    return "\n\n".join([whole_releases(runs), single_gates(runs), contrasts(runs), power(runs)])


def whole_releases(runs: int) -> str:
    """Return how whole releases end; of the first kind, where a wrong end is rare, all runs are played."""
    rows = []
    for kind in figures.KINDS:
        count = runs if kind is figures.KINDS[0] else max(1, runs // 5)
        played = figures.releases(*kind, count)
        ends = "; ".join(f"{end} {_percent(one / count)}" for end, one in played.ends.most_common())
        rows.append((played.played, str(count), ends, f"{played.seconds:.0f}"))
    return "Whole releases:\n\n" + _table(("the candidate", "releases", "ends", "median s"), rows)


def single_gates(runs: int) -> str:
    """Return how often one gate says so."""
    found = [
        *figures.of_coins(runs),
        *figures.of_accuracy(runs),
        *figures.of_latency(max(1, runs // 2)),
        *figures.of_routing(runs),
    ]
    rows = [
        (
            one.played,
            one.verdict,
            _percent(one.share),
            "" if math.isnan(one.median) else f"{one.median:.0f} {one.unit}",
        )
        for one in found
    ]
    heads = ("candidate and stable slot", "verdict", "of releases", "median until then, both slots")
    return f"One gate, looked at again and again ({runs} releases; latency half as many):\n\n" + _table(
        heads, rows
    )


def contrasts(runs: int) -> str:
    """Return how often common tests are wrong beside the coins."""
    rows = [
        (one.played, f"{one.naive}: {_percent(one.naive_share)}", _percent(one.gate_share))
        for one in figures.contrasts(runs)
    ]
    heads = ("no difference", "p < 0.05 at each look", "the gate, alpha 0.05")
    return "Candidates that are no worse, and are blamed:\n\n" + _table(heads, rows)


def power(runs: int) -> str:
    """Return how many requests of the candidate a fault takes to be found."""
    rows = []
    for stable in (0.001, 0.01):
        for rate in RATES:
            found = figures.found_within(rate, stable, runs)
            middle, most = (found[math.ceil(share * runs) - 1] for share in (0.5, 0.95))
            rows.append((f"{_percent(rate)} and {_percent(stable)}", _number(middle), _number(most)))
    heads = ("bad, candidate and stable slot", "found in half of the releases by", "in 95 % by")
    return "Requests of the candidate, at a share of 20 %, until bad ones are found:\n\n" + _table(
        heads, rows
    )


def plots(runs: int) -> dict[str, str]:
    """Return the plots by name, as SVG."""
    return {"evidence": _evidence(), "peeking": _peeking(runs), "power": _power(runs)}


def _evidence() -> str:
    random = np.random.default_rng(figures.SEED)
    kinds = {"10 % errors": 0.10, "3 % errors": 0.03, "1 %, as the stable slot": 0.01}
    lines = {name: _path(Requests(rate, 0.01, 100, 20), random) for name, rate in kinds.items()}
    threshold = math.log10(1 / FAIL_ALPHA)
    most = max(x for points in lines.values() for x, _ in points)
    lines["enough to fail"] = [(0, threshold), (most, threshold)]
    ticks = {-2.0: "0.01", 0.0: "1", 2.0: "100", 4.0: "10⁴", 6.0: "10⁶"}
    return line_chart("Evidence against three candidates", "requests of both slots", "evidence", lines, ticks)


def _path(requests: Requests, random: np.random.Generator) -> Points:
    coins, points = Coins(), [(0.0, 0.0)]
    for look in requests.draw(random).looks():
        coins = coins.after(look)
        points.append((coins.candidate.requests + coins.stable.requests, math.log10(coins.evidence)))
    return points


def _peeking(runs: int) -> str:
    requests = figures.EQUAL_ERRORS
    fisher = repeat(figures.SEED, runs, lambda random: fisher_at_each_look(requests.draw(random)))
    gate = repeat(
        figures.SEED, runs, lambda random: until_coins_fail(requests.draw(random), figures.LOOSE_ALPHA)
    )
    looks = [None if one is None else one / requests.requests_a_look for one in gate]
    lines = {"Fisher's test, p < 0.05": _risen(fisher, 200), "the gate, alpha 0.05": _risen(looks, 200)}
    ticks = {share / 100: f"{share} %" for share in (0, 10, 20, 30)}
    return line_chart(
        "A good candidate is blamed (1 % errors on both)", "looks", "of releases, by then", lines, ticks
    )


def _power(runs: int) -> str:
    lines = {}
    for rate in RATES:
        found = figures.found_within(rate, 0.01, runs)
        lines[f"{_percent(rate)} errors"] = _risen(
            [one if math.isfinite(one) else None for one in found], 2000
        )
    title = "A bad candidate is found (stable slot: 1 % errors)"
    return line_chart(title, "requests of the candidate", "of releases, by then", lines, PERCENT)


def _risen(endings: Sequence[float | None], most: float) -> Points:
    """Return the share that has ended, after each hundredth of `most`."""
    ended = [ending for ending in endings if ending is not None]
    ticks = [most * hundredth / 100 for hundredth in range(101)]
    return [(tick, sum(ending <= tick for ending in ended) / len(endings)) for tick in ticks]


def _percent(share: float) -> str:
    return f"{round(share * 100, 1):g} %"


def _number(count: float) -> str:
    return f"{count:.0f}" if math.isfinite(count) else "more than 4000"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    main()
