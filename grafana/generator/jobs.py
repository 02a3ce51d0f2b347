"""The dashboard of jobs: what waits, who works on it, and what became of the inputs."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.generator.alerts import ALERT_WORDS, BEHIND_JOBS, alert_states
from grafana.generator.expressions import USER_PATHS, per_second, quantile, selector, total
from grafana.generator.frame import Section, dashboard, fill
from grafana.generator.panel_kinds import Header, Panel, Query, note, number, series, states

JOBS = 'slot="jobs"'
NOT_KNOWN = "Not known"
NOTHING_ANSWERED = "No chunk was answered in this time."
NOBODY_ASKED = "Nobody asked in this time."
OLDEST_SECONDS = 1800  # as the alert JobBacklogTooOld has it
UP_WORDS = {0: ("DOWN", "red"), 1: ("UP", "green")}
ALARM_WORDS = {0: ("NO ALARM", "green"), 1: ("ALARM", "red")}
STREAMS = 'path!~".+/events"'  # one lasts as long as its job
HOW_TO_READ = """\
A job's inputs are cut into **chunks** of 32 images or 1000 rows. A chunk is **waiting** until the job server
gives it to RabbitMQ, and then **published** until a worker has answered it. Only a few are published at
a time, so what has to be done is mostly waiting.

Chunks wait and the age grows: start more workers. Nothing is answered: see the workers' log, and RabbitMQ
below.

Nothing here? This needs the profile `jobs`: `make up PROFILES=jobs`."""
WORKERS = "Workers that RabbitMQ gives chunks to. Not known while the broker is down."
CHUNKS = "Chunks without answers: those that the job server has, and those that RabbitMQ or a worker has."
OLDEST = "Time since the oldest job with such chunks was handed in. The alert fires above half an hour."
ANSWERED = "Inputs answered per second, those with an error too."
DEAD = "Chunks that RabbitMQ gave up after 200 deliveries. Their jobs wait; the alert fires at the first."
BROKER = "Whether RabbitMQ answers the job server, and takes the chunks that it has."
OUTCOMES = "Inputs per second by what became of them, counted when their chunk is closed."
CHUNK_SECONDS = "Time from a chunk's first try to its answers, by half and by 95 % of the chunks."
RETRIES = "Further tries per second of chunks whose worker ended: an input crashes the model, or hangs."
MESSAGES = "Messages of all its queues: ready for a worker, or in a worker's hand."
MEMORY_OF_RABBITMQ = "What RabbitMQ holds, and above what it raises its alarm and takes no message."
ROOM = "What the disk of its queues has left, and below what it raises its alarm and takes no message."
REQUESTS = "Users' requests to the job server per second by status."
WAITING = "Time from a request to the end of its answer, but for streams of events, by 50 % and 99 %."


def most(metric: str, *matchers: str) -> str:
    """Select a gauge that one program has."""
    return f"max by (slot) ({selector(metric, JOBS, *matchers)})"


def overview() -> list[Panel]:
    """Say in two rows whether jobs are answered."""
    answered = selector("job_inputs_total", JOBS, 'outcome!="cancelled"')
    chunks = total(selector("job_chunks", JOBS), "state")
    return [
        states(
            Header("Alerts", "Each alert about jobs and their programs.", "none", 24, 4, nothing=NOT_KNOWN),
            Query(alert_states(BEHIND_JOBS, JOBS), "{{alertname}}", instant=True),
            ALERT_WORDS,
        ),
        number(
            Header("Workers now", WORKERS, "short", 4, 5, nothing=NOT_KNOWN),
            Query(most("job_workers"), "workers", instant=True),
            thresholds=((None, "red"), (1, "green")),
            sparkline=False,
            decimals=0,
        ),
        number(
            Header("Chunks now", CHUNKS, "short", 4, 5, nothing=NOT_KNOWN),
            Query(chunks, "{{state}}", instant=True),
            sparkline=False,
        ),
        number(
            Header("Oldest chunk now", OLDEST, "s", 4, 5, nothing=NOT_KNOWN),
            Query(most("job_oldest_chunk_age_seconds"), "age", instant=True),
            thresholds=((None, "green"), (OLDEST_SECONDS / 3, "yellow"), (OLDEST_SECONDS, "red")),
            sparkline=False,
        ),
        number(
            Header("Inputs answered", ANSWERED, "cps", 4, 5, nothing=NOT_KNOWN),
            Query(per_second(answered, "outcome"), "{{outcome}}"),
        ),
        number(
            Header("Dead letters", DEAD, "short", 4, 5, nothing=NOT_KNOWN),
            Query(most("job_dead_letters"), "chunks", instant=True),
            thresholds=((None, "green"), (1, "red")),
            sparkline=False,
            decimals=0,
        ),
        states(
            Header("Broker", BROKER, "none", 4, 5, nothing=NOT_KNOWN),
            Query(most("job_broker_up"), "RabbitMQ", instant=True),
            UP_WORDS,
        ),
    ]


def inputs() -> list[Panel]:
    """Plot what came of the inputs, and what is still to be done."""
    age = most("job_oldest_chunk_age_seconds")
    return [
        series(
            Header("Inputs by outcome", OUTCOMES, "cps"),
            Query(per_second(selector("job_inputs_total", JOBS), "outcome"), "{{outcome}}"),
            stacked=True,
            colours={"succeeded": "green", "failed": "red", "cancelled": "#8e96a5"},
        ),
        series(
            Header("Backlog", CHUNKS, "short"),
            Query(total(selector("job_chunks", JOBS), "state"), "{{state}}"),
            stacked=True,
            colours={"waiting": "blue", "published": "orange"},
        ),
        series(
            Header("Age of the oldest chunk", OLDEST, "s"),
            Query(age, "oldest chunk"),
            Query(f"{OLDEST_SECONDS} + 0 * {age}", "alert"),
            colours={"alert": "red"},
            dashed="alert",
        ),
        note(Header("How to read this", "What the words of this page mean.", "none"), HOW_TO_READ),
    ]


def work() -> list[Panel]:
    """Plot how the workers get on."""
    return [
        series(
            Header("Time of a chunk", CHUNK_SECONDS, "s", 8, nothing=NOTHING_ANSWERED),
            *(
                Query(quantile(share, "job_chunk_seconds", JOBS), name)
                for name, share in {"p50": 0.5, "p95": 0.95}.items()
            ),
        ),
        series(
            Header("Retries", RETRIES, "cps", 8),
            Query(per_second(selector("job_chunk_retries_total", JOBS)), "retries"),
        ),
        series(
            Header("Workers", WORKERS, "short", 8, nothing=NOT_KNOWN), Query(most("job_workers"), "workers")
        ),
    ]


def rabbitmq() -> list[Panel]:
    """Plot what RabbitMQ holds, and what may run out."""
    return [
        states(
            Header("Alarms", "While one is raised RabbitMQ takes no message.", "none", 4, nothing=NOT_KNOWN),
            Query(f"slot_alarm:rabbitmq_alarm:max{{{JOBS}}}", "{{alarm}}", instant=True),
            ALARM_WORDS,
        ),
        series(
            Header("Messages", MESSAGES, "short", 6),
            Query(most("rabbitmq_queue_messages_ready"), "ready"),
            Query(most("rabbitmq_queue_messages_unacked"), "in hand"),
        ),
        series(
            Header("Memory of RabbitMQ", MEMORY_OF_RABBITMQ, "bytes", 7),
            Query(most("rabbitmq_process_resident_memory_bytes"), "used"),
            Query(most("rabbitmq_resident_memory_limit_bytes"), "alarm"),
            colours={"alarm": "red"},
            dashed="alarm",
        ),
        series(
            Header("Room on its disk", ROOM, "bytes", 7),
            Query(most("rabbitmq_disk_space_available_bytes"), "left"),
            Query(most("rabbitmq_disk_space_available_limit_bytes"), "alarm"),
            colours={"alarm": "red"},
            dashed="alarm",
        ),
    ]


def server() -> list[Panel]:
    """Plot what clients of the job server see, and what it costs."""
    requests = selector("http_requests_total", JOBS, USER_PATHS)
    return [
        series(
            Header("Requests", REQUESTS, "reqps", 8, nothing=NOBODY_ASKED),
            Query(per_second(requests, "status"), "{{status}}"),
        ),
        series(
            Header("Time of a request", WAITING, "s", 8, nothing=NOBODY_ASKED),
            *(
                Query(quantile(share, "http_request_duration_seconds", JOBS, USER_PATHS, STREAMS), name)
                for name, share in {"p50": 0.5, "p99": 0.99}.items()
            ),
        ),
        series(
            Header("Memory of the job server", "What its process holds, without the workers.", "bytes", 8),
            Query(most("process_resident_memory_bytes", 'job="job_server"'), "used"),
        ),
    ]


def jobs() -> Dashboard:
    """Build the dashboard."""
    description = "Thousands of inputs at once: what waits, and what came of them. Needs the profile jobs."
    sections = [
        Section("", overview()),
        Section("Inputs", inputs()),
        Section("Work", work()),
        Section("RabbitMQ", rabbitmq()),
        Section("Job server", server()),
    ]
    return fill(dashboard("jobs", "Jobs", description, JOBS), sections)
