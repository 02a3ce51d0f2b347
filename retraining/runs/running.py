"""Go on with a run: its next step, until it has ended. Killed anywhere, it goes on at its step."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retraining.runs.folder import Runs
from retraining.runs.run import Outcome, Run, Step

MOST_FAILURES = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Done:
    """The step is done."""

    result: Mapping[str, Any]


@dataclass(frozen=True)
class Waits:
    """The step is not done yet: it is to be asked again."""

    waits_for: str


@dataclass(frozen=True)
class Ends:
    """The step is done and the run ends with it."""

    outcome: Outcome
    reason: str
    result: Mapping[str, Any]


Do = Callable[[Run], Done | Waits | Ends]


class NotNow(Exception):
    """What the step needs is away: try again, however often."""


class Running:
    """Does the steps of runs in their order, then tells people how it ended."""

    def __init__(
        self,
        runs: Runs,
        steps: Sequence[tuple[str, Do]],
        tell: Callable[[Run], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._runs = runs
        self._steps = steps
        self._tell = tell
        self._clock = clock

    def go_on(self) -> bool:
        """Do what comes next of the run that is under way; False where there is nothing to do now."""
        run = self._runs.open()
        if run is None:
            return False
        if run.outcome is not None:
            try:
                self._tell(run)
            except NotNow as away:
                logger.warning("waits: %s", away, extra={"run": run.id})
                return False
            self._runs.save(run.model_copy(update={"told": True}))
            return True
        if (stopped := self._runs.stopped(run.id)) is not None:
            self._runs.save(self._ended(run, Outcome.STOPPED, stopped))
            return True
        name, do = next((name, do) for name, do in self._steps if not self._is_done(run, name))
        return self._do(run, name, do)

    def _is_done(self, run: Run, name: str) -> bool:
        return name in run.steps and run.steps[name].ended_at is not None

    def _do(self, run: Run, name: str, do: Do) -> bool:
        step = run.steps.get(name)
        if step is None:
            step = Step(begun_at=self._clock())
            logger.info("step begins", extra={"run": run.id, "step": name})
            self._runs.save(run := run.with_step(name, step))
        try:
            found = do(run)
        except (NotNow, OSError) as away:  # a full disk is no fault of the run's
            found = Waits(str(away))
        except Exception as error:
            logger.exception("step failed", extra={"run": run.id, "step": name})
            return self._failed(run, name, step, error)
        if isinstance(found, Waits):
            if found.waits_for != step.waits_for:
                logger.info("waits: %s", found.waits_for, extra={"run": run.id, "step": name})
                self._runs.save(run.with_step(name, step.model_copy(update={"waits_for": found.waits_for})))
            return False
        now = self._clock()
        ended = step.model_copy(
            update={"ended_at": now, "waits_for": None, "fault": None, "result": dict(found.result)}
        )
        run = run.with_step(name, ended)
        seconds = (now - step.begun_at).total_seconds()
        logger.info("step done", extra={"run": run.id, "step": name, "seconds": seconds})
        if isinstance(found, Ends):
            run = self._ended(run, found.outcome, found.reason)
        self._runs.save(run)
        return True

    def _failed(self, run: Run, name: str, step: Step, error: Exception) -> bool:
        failures, fault = step.failures + 1, f"{type(error).__name__}: {error}"[:2000]
        run = run.with_step(name, step.model_copy(update={"failures": failures, "fault": fault}))
        if failures >= MOST_FAILURES:
            run = self._ended(run, Outcome.FAILED, f"the step {name!r} failed {failures} times: {fault}")
        self._runs.save(run)
        return failures >= MOST_FAILURES

    def _ended(self, run: Run, outcome: Outcome, reason: str) -> Run:
        logger.info("run ended: %s", reason, extra={"run": run.id, "outcome": outcome})
        return run.model_copy(update={"outcome": outcome, "reason": reason, "ended_at": self._clock()})
