"""The dashboard of releases: who gets which requests, what the gates say, and what was decided."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.generator.expressions import (
    BOTH_SLOTS,
    DECIDED_AT,
    or_else,
    per_second,
    share_served,
)
from grafana.generator.feedback import accuracy, labels
from grafana.generator.frame import Section, dashboard, fill
from grafana.generator.panel_kinds import Header, Panel, Query, labels_table, number, series, states
from grafana.generator.shadow import shadow

NO_RELEASE = "no release yet"
NOT_JUDGED = "nothing judged yet"
QUIET = "#8e96a5"  # nothing is wrong, and nothing goes on
# phase → its word and colour; the place in this order, from 1 on, is what the tile's query gives
PHASES = {
    "none": ("NO RELEASE", QUIET),
    "running": ("RUNNING", "blue"),
    "paused": ("PAUSED", "yellow"),
    "awaiting_approval": ("TO APPROVE", "purple"),
    "promoting": ("PROMOTING", "blue"),
    "aborting": ("ABORTING", "orange"),
    "rolling_back": ("ROLLING BACK", "orange"),
    "promoted": ("PROMOTED", "green"),
    "aborted": ("ABORTED", "red"),
    "rolled_back": ("ROLLED BACK", "red"),
}
PHASE_WORDS = {0: ("NOT KNOWN", QUIET)} | dict(enumerate(PHASES.values(), 1))
HELD_WORDS = {0: ("GOES ON", "green"), 1: ("HELD", "yellow"), 2: ("NOT RUNNING", QUIET)}
GATE_WORDS = {-1: ("FAIL", "red"), 0: ("TOO LITTLE", "yellow"), 1: ("PASS", "green"), 2: ("NONE", QUIET)}

SPLIT = (
    "Each slot's share of users' predictions: dashed what nginx/default.conf says, and what nginx had it "
    "answer. A gap: nobody asked."
)
VERDICTS = "What each gate of the plan says. TOO LITTLE: insufficient, neither pass nor fail is known yet."
NUMBERS = "What the verdicts follow from. docs/releases.md says what each gate looks at."
EVIDENCE = (
    "As a share of what makes the gate fail: at 100 % it does; shown up to 200 %. Of gates that count bad "
    "events."
)
LATENCY = (
    "Its mean latency divided by the stable slot's, with the bounds that hold at every look. The gate "
    "fails where even the lower one is above what is tolerated, and passes where the upper one is below."
)
DECISIONS = (
    "The last 20, with who decided and why; `make release DO=history` has all of them, GET /decisions "
    "with their numbers too. On every plot they are vertical lines."
)
RUNS = "Runs per second by outcome. What one that failed did not do, the next one does; the log says why."
LAST_RUN = (
    "How long ago the controller last ran without an error. The alert fires above two minutes, while a "
    "release is under way."
)
HELD = "What keeps a running release from going on. It is held until that is gone."
STEP = "The step of the plan that it is in, and how many there are; 0 of 0 where there is none."


def phase() -> str:
    """Give the place of the phase in PHASES, with the name of the candidate."""
    places = (f'{place} * release_phase{{phase="{name}"}}' for place, name in enumerate(PHASES, 1))
    place = f"max by (slot) ({' or '.join(places)})"
    return (
        f"{place} * on (slot) group_left (candidate) release_info "
        f'or on (slot) label_replace({place}, "candidate", "no candidate", "", "")'
    )


def held() -> str:
    """Give 1 with what holds a release, 0 where it goes on, 2 where none is running."""
    by = "max by (by) (release_held) == 1"
    running = 'label_replace(0 * (max(release_phase{phase="running"}) == 1), "by", "by nothing", "", "")'
    return or_else(f"{by} or on () {running}", "by", "no release is under way", 2)


def of_gates(number_of: str) -> str:
    """Give a number that gates have, by gate; what says that nothing was judged where none has it."""
    return or_else(number_of, "gate", NOT_JUDGED)


def newest() -> list[Panel]:
    """Say in one row what becomes of the newest release."""
    info = "max by (release, plan, stable, candidate) (release_info)"
    return [
        states(
            Header("Phase", "Where the newest release is, by the name of its candidate.", "none", 5, 5),
            Query(phase(), "{{candidate}}", instant=True),
            PHASE_WORDS,
        ),
        states(
            Header(
                "Held",
                HELD,
                "none",
                5,
                5,
            ),
            Query(held(), "{{by}}", instant=True),
            HELD_WORDS,
        ),
        number(
            Header(
                "Step",
                STEP,
                "none",
                4,
                5,
            ),
            Query("max by (slot) (release_step)", "this step", instant=True),
            Query("max by (slot) (release_steps)", "steps in all", instant=True),
            sparkline=False,
            decimals=0,
        ),
        labels_table(
            Header(
                "Newest release", "Its plan, and the packages of the two slots when it began.", "none", 10, 5
            ),
            or_else(info, "release", NO_RELEASE),
            ["release", "plan", "stable", "candidate"],
        ),
    ]


def split() -> list[Panel]:
    """Lay what is served over what is wanted."""
    return [
        series(
            Header(
                "Split wanted and served",
                SPLIT,
                "percentunit",
                16,
            ),
            Query("max by (slot) (release_weight) / 100", "{{slot}} wanted"),
            Query(share_served(), "{{slot}} served"),
            maximum=1,
            per_slot=True,
            dashed="wanted",
        ),
        series(
            Header(
                "Phase over time",
                "The phase that the newest release was in. none: there was none.",
                "none",
                8,
            ),
            Query("max by (phase) (release_phase) == 1", "{{phase}}"),
            maximum=1,
            stacked=True,
            colours={name: colour for name, (_, colour) in PHASES.items()},
        ),
    ]


def gates() -> list[Panel]:
    """Show each gate's verdict, and the numbers that it follows from."""
    evidence = (
        'max by (gate) (release_gate_number{number="evidence"}) '
        '/ max by (gate) (release_gate_number{number="threshold"})'
    )
    ratios = 'max by (number) (release_gate_number{gate="latency",number=~"ratio|lower|upper|tolerated"})'
    return [
        states(
            Header(
                "Verdicts",
                VERDICTS,
                "none",
                24,
                4,
            ),
            Query(or_else("max by (gate) (release_gate)", "gate", NOT_JUDGED, 2), "{{gate}}", instant=True),
            GATE_WORDS,
        ),
        labels_table(
            Header(
                "Numbers",
                NUMBERS,
                "short",
                8,
                10,
            ),
            of_gates("max by (gate, number) (release_gate_number)"),
            ["gate", "number", "Value"],
            value="value",
        ),
        series(
            Header(
                "Evidence against the candidate",
                EVIDENCE,
                "percentunit",
                8,
                10,
            ),
            Query(of_gates(f"clamp_max({evidence}, 2)"), "{{gate}}"),
            thresholds=((None, "transparent"), (1, "red")),
            filled=False,
        ),
        series(
            Header(
                "Latency of the candidate",
                LATENCY,
                "short",
                8,
                10,
            ),
            Query(or_else(ratios, "number", NOT_JUDGED), "{{number}}"),
            dashed="tolerated",
            filled=False,
        ),
    ]


def decisions() -> list[Panel]:
    """List what was decided."""
    newest_ones = f"max by (release, revision, decision, who, why) ({DECIDED_AT})"
    return [
        labels_table(
            Header(
                "Newest decisions",
                DECISIONS,
                "dateTimeAsIso",
                24,
                9,
            ),
            or_else(newest_ones, "decision", NO_RELEASE),
            ["Value", "decision", "why", "who", "release", "revision"],
            value="when",
            words={0: "never"},
            newest_first=True,
        )
    ]


def controller() -> list[Panel]:
    """Show that somebody looks."""
    return [
        series(
            Header(
                "Runs of the controller",
                RUNS,
                "cps",
                12,
                6,
            ),
            Query(per_second("release_ticks_total", "outcome"), "{{outcome}}"),
        ),
        number(
            Header(
                "Last run",
                LAST_RUN,
                "s",
                6,
                6,
            ),
            Query("time() - max by (slot) (release_last_tick_timestamp_seconds)", "{{slot}}"),
            thresholds=((None, "green"), (30, "yellow"), (120, "red")),
            decimals=0,
        ),
        number(
            Header("Looks", "How often the numbers of the newest release were looked at.", "locale", 6, 6),
            Query("max(release_looks)", "looks", instant=True),
            sparkline=False,
            decimals=0,
        ),
    ]


def release() -> Dashboard:
    """Build the dashboard."""
    description = "The newest release: who gets which requests, what the gates say, and what was decided."
    frame = dashboard("release", "Release", description, BOTH_SLOTS)
    sections = [
        Section("", newest()),
        Section("Split", split()),
        Section("Gates", gates()),
        Section("Shadow", shadow()),
        Section("Decisions", decisions()),
        Section("Feedback", [panel(BOTH_SLOTS, 12) for panel in (accuracy, labels)]),
        Section("Controller", controller()),
    ]
    return fill(frame, sections)
