"""The tables of the page, in Markdown."""

from collections.abc import Sequence

from benchmark.cases import MAIN, MATRIX, REGRESSOR, Case
from benchmark.figures import figures
from benchmark.measurement import DISTURBED, Description, Measurement
from benchmark.results import Results

YES, NO, UNKNOWN = "yes", "**no**", "-"


def figures_table(results: Results) -> str:
    """Return the figures with their verdicts."""
    verdicts = {True: YES, False: NO, None: UNKNOWN}
    rows = [(one.goal, one.found, verdicts[one.reached]) for one in figures(results)]
    return table(("goal", "found", "reached"), rows)


def case_table(results: Results, case: Case) -> str:
    """Return one case: a row for every system that it concerns, also for those that failed."""
    ours = results.cell("ours", case) or results.cell("ours-regressor", case)
    limit = results.limit("fast", case.payload) if case in MATRIX or case.requests else None
    rows = []
    for described in results.descriptions:
        cell = results.cell(described.name, case)
        if cell is not None:
            mark = " \\*" if cell.others > DISTURBED else ""
            rows.append((described.title + mark, *_numbers(cell, limit, ours)))
        elif described.name in results.complaints and _concerns(described, case):
            rows.append((described.title, "not measured", "", "", "", "", "", ""))
    if limit:
        rows.append(
            ("**limit: the bare loop**", f"{limit:.0f}", "", "", "", "", "100 %", _ratio(ours, limit))
        )
    if case == MAIN and (plain := results.limit("plain", case.payload)):
        share = f"{plain / limit:.0%}" if limit else ""
        rows.append(
            ("limit with the plain decoder", f"{plain:.0f}", "", "", "", "", share, _ratio(ours, plain))
        )
    heads = ("", "requests/s", "p50 ms", "p99 ms", "failures", "memory MB", "of the limit", "ours")
    return f"## {case.name}\n\n{table(heads, rows)}"


def starts_table(results: Results) -> str:
    """Return how long each took to be ready, and its memory in the main case and at its peak."""
    rows = []
    for described in results.descriptions:
        ready, peak = results.ready_seconds(described.name), results.peak_megabytes(described.name)
        cell = results.cell(described.name, MAIN)
        rows.append(
            (
                described.title,
                f"{ready:.1f}" if ready is not None else "-",
                f"{cell.memory_megabytes:.0f}" if cell else "-",
                f"{peak:.0f}" if peak is not None else "-",
            )
        )
    return table(("", "ready after s (slowest)", f"MB at {MAIN.name}", "MB at the most"), rows)


def limits_table(results: Results) -> str:
    """Return the bare loop's rates."""
    payloads = dict.fromkeys(one.payload for one in results.limits)
    rows = [
        (payload, *[f"{results.limit(decoder, payload) or 0:.0f}" for decoder in ("fast", "plain")])
        for payload in payloads
    ]
    return table(("images/s on all cores", "our decoder", "plain decoder"), rows)


def samples_table(results: Results) -> str:
    """Return how many samples our servers wrote and dropped, trial by trial."""
    rows = [(one.system, str(one.round), str(one.written), str(one.dropped)) for one in results.samples]
    return table(("", "round", "written", "dropped"), rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, numbers to the right."""
    rule = "| --- |" + " ---: |" * (len(heads) - 1)
    lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in (heads, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def _numbers(cell: Measurement, limit: float | None, ours: Measurement | None) -> tuple[str, ...]:
    mark = "≥ " if cell.requests < 2 * cell.case.concurrency else ""
    return (
        f"{cell.per_second:.1f}" if cell.per_second < 100 else f"{cell.per_second:.0f}",
        f"{mark}{cell.p50_milliseconds:.0f}",
        f"{mark}{cell.p99_milliseconds:.0f}",
        str(cell.failures),
        f"{cell.memory_megabytes:.0f}",
        f"{cell.per_second / limit:.0%}".replace("%", " %") if limit else "-",
        _ratio(ours, cell.per_second),
    )


def _ratio(ours: Measurement | None, other: float) -> str:
    return f"{ours.per_second / other:.2f}x" if ours and other else "-"


def _concerns(described: Description, case: Case) -> bool:
    regressor = described.name in {"ours-regressor", "torchserve"}
    variant = described.name.endswith("-fast-decoder")
    return regressor == (case.payload == REGRESSOR) and (case == MAIN or not variant)
