"""Results as Markdown: what was measured, on what, the tables, and the figures."""

from benchmark.cases import EVERY, MAIN, Case
from benchmark.measurement import Description
from benchmark.results import Results
from benchmark.tables import case_table, figures_table, limits_table, samples_table, starts_table

HEADING = """# Benchmark

`make bench` wrote this page: every server below ran on one machine in one go, one at a time, in turns.
"""
READING = """## How to read the tables

- wrk (one thread) loads for a fixed time; hey sends a fixed number of requests. Both share the cores.
- Requests/s counts 2xx answers only. Failures are all other answers, lost connections and timeouts, over all
  rounds.
- p50 and p99 are those of the answers that came in time. With `≥`, fewer answers came than two for each
  connection: the slowest had no time to come.
- Memory is the proportional share (PSS) of all the server's processes, at its peak in that case.
- The limit is decode and inference in a bare loop on all cores, with our decoder, without HTTP; of batches of
  1, 8 and 16 the best one. "Ours" says how many times as many requests our server answers.
- {rounds}
- Every server's answers are checked before it is measured: the label of each image, the regressor's number.
- A server that could not be measured is in the tables, with the reason.
- `*` marks what was measured while others took more than 5 % of the cores: such a rate says nothing, and a
  figure that needs it gets no verdict. Of several rounds only the undisturbed ones count, if there are any.
"""


def render(results: Results) -> str:
    """Return the page."""
    rounds = sum(1 for one in results.measurements if one.system == "ours" and one.case == MAIN)
    note = (
        f"{MAIN.name}: the median of {rounds} rounds; other cases: one round." if rounds > 1 else "One round."
    )
    parts = [
        HEADING,
        "## Figures\n\n" + figures_table(results),
        "## Machine\n\n" + "\n".join(f"- {name}: {value}" for name, value in results.machine.items()),
        READING.format(rounds=note),
        failures(results),
        *[case_table(results, case) for case in EVERY if _measured(results, case)],
        "## Start and memory\n\n" + starts_table(results),
        "## The bare loop\n\n" + limits_table(results),
        "## Samples\n\n" + samples_table(results),
        "## Systems under test\n\n" + "\n\n".join(map(_describe, results.descriptions)),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def failures(results: Results) -> str:
    """Return why somebody could not be measured, "" where everybody was."""
    titles = {one.name: one.title for one in results.descriptions}
    reasons = [f"- {titles.get(name, name)}: {reason}" for name, reason in results.complaints.items()]
    return "\n".join(["## Failed\n", *reasons]) if reasons else ""


def _describe(one: Description) -> str:
    settings = ", ".join(f"`{name}={value}`" for name, value in one.settings.items())
    return "\n".join(
        filter(
            None,
            [
                f"**{one.title}** ({one.name}): {one.what}",
                f"Settings: {settings}." if settings else "",
                one.why,
            ],
        )
    )


def _measured(results: Results, case: Case) -> bool:
    return any(one.case == case for one in results.measurements)
