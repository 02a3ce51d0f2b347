"""The figures that our server is to reach, and whether this run's data say so.

A rate that was measured while others used the machine gets no verdict, nor does one above the limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.cases import MAIN, OF_REGRESSOR, TEN_THOUSAND, Case
from benchmark.measurement import DISTURBED, Measurement, disturbance
from benchmark.results import Results

PEERS = ("litserve", "bentoml", "mlserver")
LAB = "lab"


@dataclass(frozen=True)
class Figure:
    """A goal, what came out, and whether it is reached; None where this run's data cannot tell."""

    goal: str
    found: str
    reached: bool | None


def figures(results: Results) -> list[Figure]:
    """Return every figure in the order of the goals."""
    behind_nginx = "both slots behind nginx: at least 85 % of the server alone"
    sampling = "sampling at 1.0: at least 95 % of sampling at 0, and no sample dropped"
    return [
        _of_limit(results),
        _times("at least 4.5 times the lab's path", 4.5, results, (LAB,)),
        _times("at least 2.3 times the best peer", 2.3, results, PEERS),
        _latency(results),
        *[_regressor(results, case) for case in OF_REGRESSOR],
        _ten_thousand(results),
        _share(behind_nginx, 0.85, results, "ours-nginx", "ours"),
        _share(sampling, 0.95, results, "ours", "ours-unsampled", dropped=results.dropped("ours")),
        _memory(results),
        _ready(results),
    ]


def _unknown(goal: str) -> Figure:
    return Figure(goal, "not measured in this run", None)


def _judge(goal: str, found: str, others: Sequence[float], *, reached: bool) -> Figure:
    worst = max(others)
    return Figure(goal, found + disturbance(worst), None if worst > DISTURBED else reached)


def _of_limit(results: Results) -> Figure:
    goal = "at least 80 % of the bare loop, sampling on"
    limit, ours = results.limit("fast", MAIN.payload), results.cell("ours", MAIN)
    if not limit or ours is None:
        return _unknown(goal)
    share = ours.per_second / limit
    found = f"{ours.per_second:.0f}/s of {limit:.0f}/s: {share:.0%}"
    if share > 1:
        return Figure(goal, f"{found}, and nothing is faster than the limit: it was disturbed", None)
    return _judge(goal, found, (ours.others, results.limit_others(MAIN.payload)), reached=share >= 0.8)


def _times(goal: str, least: float, results: Results, names: Sequence[str]) -> Figure:
    ours = results.cell("ours", MAIN)
    theirs = _cells(results, names)
    if ours is None or len(theirs) < len(names):
        return _unknown(goal)
    best = max(theirs, key=lambda one: one.per_second)
    if not best.per_second:
        return Figure(goal, f"{best.system} answered nothing", None)
    times = ours.per_second / best.per_second
    found = f"{ours.per_second:.0f}/s against {best.per_second:.0f}/s ({best.system}): {times:.1f} times"
    return _judge(goal, found, [one.others for one in (ours, *theirs)], reached=times >= least)


def _latency(results: Results) -> Figure:
    goal = "a p99 no worse than the lab's and every peer's"
    ours, theirs = results.cell("ours", MAIN), _cells(results, (LAB, *PEERS))
    if ours is None or len(theirs) < len(PEERS) + 1:
        return _unknown(goal)
    best = min(theirs, key=lambda one: one.p99_milliseconds)
    found = f"{ours.p99_milliseconds:.0f} ms against {best.p99_milliseconds:.0f} ms ({best.system})"
    reached = ours.p99_milliseconds <= best.p99_milliseconds
    return _judge(goal, found, [one.others for one in (ours, *theirs)], reached=reached)


def _regressor(results: Results, case: Case) -> Figure:
    goal = f"{case.name}: no failure, and more 2xx answers/s than TorchServe"
    ours, theirs = results.cell("ours-regressor", case), results.cell("torchserve", case)
    if ours is None or theirs is None:
        return _unknown(goal)
    best, found = ours, f"alone {ours.per_second:.0f}/s"
    replicas = results.cell("ours-regressor-nginx", case)
    if replicas is not None:
        best = max(ours, replicas, key=lambda one: one.per_second)
        found += f", two replicas behind nginx {replicas.per_second:.0f}/s"
    found += f", {best.failures} failures; TorchServe {theirs.per_second:.0f}/s"
    reached = best.failures == 0 and best.per_second > theirs.per_second
    return _judge(goal, found, (best.others, theirs.others), reached=reached)


def _ten_thousand(results: Results) -> Figure:
    goal = f"{TEN_THOUSAND.name}: no failure, p99 at most 3 times p50"
    cell = results.cell("ours", TEN_THOUSAND)
    if cell is None:
        return _unknown(goal)
    found = f"{cell.failures} failures; {cell.p99_milliseconds:.0f} ms to {cell.p50_milliseconds:.0f} ms"
    reached = cell.failures == 0 and cell.p99_milliseconds <= 3 * cell.p50_milliseconds
    return _judge(goal, found, (cell.others,), reached=reached)


def _share(goal: str, least: float, results: Results, part: str, whole: str, *, dropped: int = 0) -> Figure:
    one, other = results.cell(part, MAIN), results.cell(whole, MAIN)
    if one is None or other is None or not other.per_second:
        return _unknown(goal)
    share = one.per_second / other.per_second
    lost = f", {dropped} samples dropped" if dropped else ""
    found = f"{one.per_second:.0f}/s of {other.per_second:.0f}/s: {share:.0%}{lost}"
    return _judge(goal, found, (one.others, other.others), reached=share >= least and not dropped)


def _memory(results: Results) -> Figure:
    goal = f"a model server's memory at most 450 MB ({MAIN.name})"
    cell = results.cell("ours", MAIN)
    if cell is None:
        return _unknown(goal)
    return Figure(goal, f"{cell.memory_megabytes:.0f} MB", cell.memory_megabytes <= 450)


def _ready(results: Results) -> Figure:
    goal = "ready within 6 s"
    seconds = results.ready_seconds("ours")
    return Figure(goal, f"{seconds:.1f} s", seconds <= 6) if seconds is not None else _unknown(goal)


def _cells(results: Results, names: Sequence[str]) -> list[Measurement]:
    return [cell for name in names if (cell := results.cell(name, MAIN))]
