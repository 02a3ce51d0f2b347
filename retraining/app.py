"""The wiring: the steps of runs, what begins one, and an HTTP app that tells of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from fastapi import FastAPI

from inference.kept_packages import KeptPackages
from retraining.drift_alert import DriftAlert
from retraining.gate.thresholds import Gate
from retraining.learning.work import INSPECTED, PACKED, PREDICTIONS, TRAINING
from retraining.metrics import RetrainingMetrics
from retraining.only_one import OnlyOne
from retraining.preparation import Preparation, prepare
from retraining.processes import Processes
from retraining.release_program import ReleaseProgram
from retraining.report.keeping import Reports
from retraining.repository.error import RepositoryError
from retraining.repository.repository import Repository
from retraining.routes.pages import beginnings, pages_router
from retraining.routes.runs import runs_router
from retraining.runs.folder import Runs
from retraining.runs.run import Run
from retraining.runs.running import Do, Done, Ends, NotNow, Running, Waits
from retraining.settings import RetrainingSettings
from retraining.starting import Starting
from retraining.steps.check import Check
from retraining.steps.collect import Amount, Collect
from retraining.steps.judge import Judge
from retraining.steps.learn import Learn
from retraining.steps.package import Package
from retraining.steps.push import Push
from retraining.steps.release import Decide, Release
from retraining.telling import Telling
from retraining.versions import next_version
from service.app import create_service, process_registry
from service.clock import utc_now
from service.running_jobs import RunningJobs
from service.token import token_demand
from training_data.index import BadIndex
from training_data.intake import REPOSITORY, BadShard, Intake
from training_data.task import Task

STOP_SECONDS = 8.0
CLOCK_SECONDS = 30.0
DRIFT_SECONDS = 10.0


@dataclass(frozen=True)
class Means:
    """What the steps work with."""

    intake: Intake
    runs: Runs
    repository: Repository
    gate: Gate
    processes: Processes
    program: ReleaseProgram


def create_app(
    settings: RetrainingSettings, task: Task, gate: Gate, environment: Mapping[str, str]
) -> FastAPI:
    """Build the app; nothing runs before its lifespan begins.

    `environment` is what DVC is run with: a remote may want its own variables.
    """
    intake = Intake(settings.training_data, task)
    runs = Runs(intake.folder / "runs")
    repository = Repository(intake.folder / REPOSITORY, settings.dvc, environment, remote=settings.dvc_remote)
    processes = Processes()
    program = ReleaseProgram(settings.release_url, settings.shared_token)
    means = Means(intake, runs, repository, gate, processes, program)
    steps = steps_of_a_run(settings, means)
    reports = Reports(runs, task, utc_now)
    telling = Telling(program, settings.reports_url or f"http://127.0.0.1:{settings.port}")

    def tell(run: Run) -> None:
        reports.keep(run)  # first, so that the message leads to it
        telling(run)

    running = Running(runs, steps, tell, utc_now)
    starting = Starting(
        runs,
        utc_now,
        every_days=settings.every_days,
        least_records=settings.least_records,
        rest_minutes=settings.rest_minutes,
    )
    alert = DriftAlert(settings.prometheus_url) if settings.prometheus_url else None
    registry = process_registry()
    metrics = RetrainingMetrics(registry, settings.slot)
    only_one = OnlyOne(intake.folder)

    def prepare_alone() -> None:
        only_one.hold()
        prepare_data(settings, intake, repository)

    work = Preparation(prepare_alone)

    def go_on() -> None:
        if not work.done():
            return
        goes_on = True
        while goes_on:
            goes_on = running.go_on()
            metrics.note(runs.all(), intake.waiting())

    def begin_by_the_clock() -> None:
        if work.done():
            starting.begin_by_the_clock()

    def begin_by_drift() -> None:
        if alert is not None and work.done():
            starting.begin_by_drift(alert.slots(), intake.waiting())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        scheduler, jobs = AsyncIOScheduler(timezone="UTC"), RunningJobs()
        jobs.repeat(scheduler, "go on", settings.look_seconds, partial(asyncio.to_thread, go_on))
        jobs.repeat(scheduler, "the clock", CLOCK_SECONDS, partial(asyncio.to_thread, begin_by_the_clock))
        jobs.repeat(scheduler, "drift", DRIFT_SECONDS, partial(asyncio.to_thread, begin_by_drift))
        scheduler.start()
        yield
        scheduler.pause()
        processes.stop()
        await jobs.wait(STOP_SECONDS)
        scheduler.shutdown(wait=False)

    return create_service(
        settings,
        title="Retraining",
        registry=registry,
        routers=[
            runs_router(runs, starting, token_demand(settings.shared_token)),
            pages_router(
                reports,
                [name for name, _ in steps],
                settings.model_package,
                beginnings(settings.every_days, by_drift=alert is not None),
                utc_now,
            ),
        ],
        not_ready=lambda: work.fault,
        lifespan=lifespan,
        max_body_bytes=10_000,
    )


def prepare_data(settings: RetrainingSettings, intake: Intake, repository: Repository) -> None:
    """Make what the first run needs."""
    prepare(
        intake,
        repository,
        golden=settings.golden_examples,
        trained=settings.trained_examples,
        most_records=settings.most_records,
        now=utc_now(),
    )


def waiting_for_data(step: Do) -> Do:
    """Return the step so that it waits where the data cannot be read or kept now."""

    def do(run: Run) -> Done | Waits | Ends:
        try:
            return step(run)
        except (BadIndex, BadShard, RepositoryError) as error:
            raise NotNow(str(error)) from error

    return do


def steps_of_a_run(settings: RetrainingSettings, means: Means) -> list[tuple[str, Do]]:
    """Return the steps in their order."""
    amount = Amount(
        settings.collect_records, settings.least_records, settings.collect_minutes, settings.most_records
    )
    learn = partial(
        Learn,
        means.runs,
        means.processes,
        seconds=settings.learning_seconds,
        memory_mib=settings.learning_memory_mib,
    )
    collect = Collect(
        runs=means.runs,
        intake=means.intake,
        repository=means.repository,
        packages=KeptPackages(means.intake.folder / "packages"),
        production=settings.model_package,
        training=settings.training,
        amount=amount,
        next_version=partial(next_version, settings.models),
        clock=utc_now,
        code_commit=settings.code_commit,
    )
    return [
        ("collect", waiting_for_data(collect)),
        ("inspect", learn(step="inspect", makes=INSPECTED)),
        ("check", Check(means.runs, means.gate)),
        ("train", learn(step="fit", makes=TRAINING)),
        ("predict", learn(step="predict", makes=PREDICTIONS)),
        ("judge", Judge(means.runs, means.gate)),
        ("pack", learn(step="pack", makes=PACKED)),
        ("package", Package(means.runs, settings.models)),
        ("push", Push(means.runs, settings.models, means.repository)),
        ("release", Release(means.program, settings.release_plan)),
        ("decide", Decide(means.program)),
    ]
