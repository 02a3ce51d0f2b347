"""The dashboard of training: what the stream brings, what is kept of it, and what is made of that."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.generator.alerts import ALERT_WORDS, BEHIND_TRAINING, alert_states
from grafana.generator.expressions import per_second, selector
from grafana.generator.frame import Section, dashboard, fill
from grafana.generator.panel_kinds import Header, Panel, Query, bars, note, number, series, states

TRAINING = 'slot="training"'
NOT_KNOWN = "Not known"
NO_RECORD = "No record has been counted yet."
LAG_RECORDS = 1000  # as the alert CollectorLags has it
REJECTED_SHARE = 0.2  # as the alert TooManyRejectedRecords has it
UP_WORDS = {0: ("DOWN", "red"), 1: ("UP", "green")}
RUN_WORDS = {0: ("NO RUN", "#8e96a5"), 1: ("UNDER WAY", "blue")}
NO_RUN = "no run yet"
HOW_TO_READ = """\
A **record** is one labelled example. The **producer** plays the world that records come from, the
**statistics** look at them, and the **collector** keeps each good one, once; what it refuses goes to the
topic `training-data-rejected` with the reason.

Records wait until a **run** (a retraining) makes a **data set** of them. A run has steps, and one outcome.

Nothing comes? `make produce RATE=50`. Nothing here? This needs the profile `training`:
`make up PROFILES=training`."""
KAFKA = "Whether Kafka answers the consumer, and it can keep what it reads."
MESSAGES = "Messages of the training stream per second, good or not, as the statistics read them."
REJECTED = (
    "Share of the last five minutes' records that the collector refused. Of fewer than 50 none is told."
)
LAG = (
    "Messages in Kafka that the consumer has not read. The collector's alert fires above 1000 for 10 minutes."
)
WAITING = "Stored records that no data set has taken yet. The next run takes them."
RUN = "Whether a retraining is under way."
PRODUCED = "Records per second that the producer is to make, that Kafka has taken, and that failed."
DRIFT = "How far the producer's world has drifted: at 0 it is what the examples' models were trained on."
COLLECTED = "Records per second that the collector has stored, and those that it has refused."
REASONS = "Refused records per second by the reason that stands in their headers."
OBSERVED = "Messages per second, and records whose features were counted: of images no more than 20 a second."
MEAN = (
    "Mean of each feature over all that the stream has brought; of an image, of its embedding's first eight."
)
VARIANCE = "Variance of each feature over the same records, what the z-scores of the slots are made with."
OUTCOMES = "All runs that have ended, by how. Refused by the gate or by the checks of the data is no failure."
STEPS = "Time that each step of the newest run took; a step that is not done is not there."
BEGAN = "How long ago the newest run began."


def most(metric: str, *matchers: str) -> str:
    """Select a gauge that one program has."""
    return f"max by (slot) ({selector(metric, TRAINING, *matchers)})"


def rate(counter: str, by: str = "slot") -> str:
    """Give the rate of a counter of the training stream."""
    return per_second(selector(counter, TRAINING), by)


def of_newest_run(expression: str, label: str) -> str:
    """Say in words that there has been no run, as long as the retraining answers."""
    nothing = f"0 * max({selector('retraining_running', TRAINING)})"
    return f'({expression}) or on () label_replace({nothing}, "{label}", "{NO_RUN}", "", "")'


def overview() -> list[Panel]:
    """Say in two rows whether records come and are kept, and whether a run is under way."""
    return [
        states(
            Header("Alerts", "Each alert about training and its programs.", "none", 24, 4, nothing=NOT_KNOWN),
            Query(alert_states(BEHIND_TRAINING, TRAINING), "{{alertname}}", instant=True),
            ALERT_WORDS,
        ),
        states(
            Header("Kafka", KAFKA, "none", 6, 5, nothing=NOT_KNOWN),
            Query(f"job_slot:stream_connected:min{{{TRAINING}}}", "{{job}}", instant=True),
            UP_WORDS,
        ),
        number(
            Header("Messages", MESSAGES, "cps", 4, 5, nothing=NOT_KNOWN),
            Query(rate("stream_messages_total"), "messages"),
        ),
        number(
            Header("Refused", REJECTED, "percentunit", 4, 5, nothing=NOT_KNOWN),
            Query(f"slot:collector_rejected:ratio_increase5m{{{TRAINING}}}", "of all records"),
            thresholds=((None, "green"), (REJECTED_SHARE / 2, "yellow"), (REJECTED_SHARE, "red")),
        ),
        number(
            Header("Collector's lag", LAG, "short", 4, 5, nothing=NOT_KNOWN),
            Query(most("collector_lag_records"), "records", instant=True),
            thresholds=((None, "green"), (LAG_RECORDS / 2, "yellow"), (LAG_RECORDS, "red")),
            sparkline=False,
            decimals=0,
        ),
        number(
            Header("Records waiting", WAITING, "short", 3, 5, nothing=NOT_KNOWN),
            Query(most("retraining_waiting_records"), "records", instant=True),
            sparkline=False,
            decimals=0,
        ),
        states(
            Header("Run", RUN, "none", 3, 5, nothing=NOT_KNOWN),
            Query(most("retraining_running"), "retraining", instant=True),
            RUN_WORDS,
        ),
    ]


def stream() -> list[Panel]:
    """Plot what the world sends, and how it changes."""
    failed = f"sum by (slot) ({rate('producer_failures_total')}) or 0 * {most('producer_rate')}"
    return [
        series(
            Header("Producer", PRODUCED, "cps", 9),
            Query(most("producer_rate"), "wanted"),
            Query(rate("producer_records_total"), "sent"),
            Query(failed, "failed"),
            colours={"failed": "red"},
            dashed="wanted",
        ),
        series(
            Header("Drift of the producer's world", DRIFT, "short", 6),
            Query(most("producer_drift"), "drift"),
            maximum=1,
        ),
        note(Header("How to read this", "What the words of this page mean.", "none", 9), HOW_TO_READ),
    ]


def collected() -> list[Panel]:
    """Plot what is kept, what is refused and why, and what waits."""
    lag = most("collector_lag_records")
    return [
        series(
            Header("Records by outcome", COLLECTED, "cps", 8),
            Query(rate("collector_records_total", "outcome"), "{{outcome}}"),
            stacked=True,
            colours={"stored": "green", "rejected": "red"},
        ),
        series(
            Header("Refused by reason", REASONS, "cps", 8),
            Query(rate("collector_rejected_total", "reason"), "{{reason}}"),
            stacked=True,
        ),
        series(
            Header("Lag of the consumers", LAG, "short", 8),
            Query(lag, "collector"),
            Query(most("statistics_lag_records"), "statistics"),
            Query(f"{LAG_RECORDS} + 0 * {lag}", "alert"),
            colours={"alert": "red"},
            dashed="alert",
        ),
    ]


def statistics() -> list[Panel]:
    """Plot what the records are like."""
    of_each = "max by (feature) ({})"
    mean, variance = (selector(f"stream_feature_{one}", TRAINING) for one in ("mean", "variance"))
    return [
        series(
            Header("Messages and records counted", OBSERVED, "cps", 8),
            Query(rate("stream_messages_total"), "messages"),
            Query(rate("stream_records_observed_total"), "counted"),
        ),
        series(
            Header("Mean of each feature", MEAN, "short", 8, nothing=NO_RECORD),
            Query(of_each.format(mean), "{{feature}}"),
            minimum=None,
            filled=False,
        ),
        series(
            Header("Variance of each feature", VARIANCE, "short", 8, nothing=NO_RECORD),
            Query(of_each.format(variance), "{{feature}}"),
            filled=False,
        ),
    ]


def retraining() -> list[Panel]:
    """Show what became of the runs, and where the newest one's time went."""
    began = f"time() - {most('retraining_last_began_timestamp_seconds')}"
    steps = f"max by (step) ({selector('retraining_step_seconds', TRAINING)})"
    outcomes = f"max by (outcome) ({selector('retraining_runs_total', TRAINING)})"
    return [
        series(
            Header("Records waiting for the next data set", WAITING, "short", 8),
            Query(most("retraining_waiting_records"), "records"),
        ),
        bars(Header("Runs by outcome", OUTCOMES, "short", 6), Query(outcomes, "{{outcome}}")),
        bars(
            Header("Steps of the newest run", STEPS, "s", 6), Query(of_newest_run(steps, "step"), "{{step}}")
        ),
        number(
            Header("Newest run", BEGAN, "s", 4, nothing=NOT_KNOWN),
            Query(
                of_newest_run(f'label_replace({began}, "run", "ago", "", "")', "run"), "{{run}}", instant=True
            ),
            sparkline=False,
        ),
    ]


def training() -> Dashboard:
    """Build the dashboard."""
    description = (
        "The training stream, what is kept of it, and what is made of that. Needs the profile training."
    )
    sections = [
        Section("", overview()),
        Section("The stream", stream()),
        Section("Collector", collected()),
        Section("Statistics", statistics()),
        Section("Retraining", retraining()),
    ]
    return fill(dashboard("training", "Training", description, TRAINING), sections)
