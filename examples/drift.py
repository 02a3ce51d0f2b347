"""Inject drift and watch it being found: clean traffic, then shifted, and what the detectors say of both."""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from requests import Request
from tqdm import tqdm

from examples.traffic import (
    LabelledRequest,
    StackError,
    choose_labels,
    read_json,
    send_labels,
    send_predictions,
)


class Score(BaseModel):
    """What a detector says of a window, or of one feature in it."""

    model_config = ConfigDict(frozen=True)

    p_value: float
    distance: float
    drift: bool


class FeatureScore(Score):
    """The score of one feature."""

    name: str


class Window(Score):
    """The score of a slot's window, and of each feature where the model takes rows of numbers."""

    slot: str
    threshold: float
    first_sample_at: datetime
    features: tuple[FeatureScore, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The score of a slot or a feature, with the distance above which there is drift."""

    score: Score
    threshold: float


Findings = Mapping[str, Finding]


@dataclass(frozen=True)
class Demonstration:
    """The traffic to send, the detectors to ask, and what is found in their windows (one of each detector).

    `subject` is what the findings are about: "slot" or "feature". A share `labels` of the true labels that
    are known is told to the stack at `url` afterwards.
    """

    subject: str
    url: str
    clean: Sequence[LabelledRequest]
    shifted: Sequence[LabelledRequest]
    detectors: Sequence[str]
    wait_seconds: float
    findings: Callable[[Sequence[Window]], Findings]
    labels: float

    def run(self) -> Findings:
        """Send both kinds of traffic and print the table; return what was found in the shifted one.

        Raises:
            StackError: the stack does not answer, or no window is scored in time.
        """
        before = self._send_and_wait(self.clean, "clean traffic")
        after = self._send_and_wait(self.shifted, "shifted traffic")
        print(table(self.subject, before, after))
        return after

    def _send_and_wait(self, requests: Sequence[LabelledRequest], title: str) -> Findings:
        started = datetime.now(UTC)
        predictions = send_predictions([one.request for one in requests], title)
        send_labels(self.url, choose_labels(requests, predictions, self.labels))
        return self.findings([self._wait_for_window(detector, started) for detector in self.detectors])

    def _wait_for_window(self, detector: str, started: datetime) -> Window:
        """Return the detector's first window that holds nothing older; ask once a second."""
        deadline = time.monotonic() + self.wait_seconds
        title = f"waiting for {detector}"
        with tqdm(total=round(self.wait_seconds), desc=title, unit="s", leave=False) as bar:
            while not (new := windows_since(detector, started)):
                if time.monotonic() > deadline:
                    raise StackError(f"{title}: nothing within {self.wait_seconds:.0f} s")
                time.sleep(1)
                bar.update(1)
        return new[-1]


def windows_since(detector: str, started: datetime) -> list[Window]:
    """Return the windows of a detector that began after `started`, the newest first."""
    results = read_json(Request("GET", f"{detector}/results", params={"limit": 50}))
    windows = [Window.model_validate(result) for result in results]
    return [window for window in windows if window.first_sample_at >= started]


def table(subject: str, before: Findings, after: Findings) -> str:
    """Render the p-values side by side, a line for each slot or feature."""
    lines = [f"{subject:<18} {'p before':>9} {'p after':>9} {'distance':>9} {'threshold':>10}  drift"]
    lines += [
        f"{name:<18} {before[name].score.p_value:>9.4f} {found.score.p_value:>9.4f} "
        f"{found.score.distance:>9.4f} {found.threshold:>10.4f}  {'yes' if found.score.drift else 'no'}"
        for name, found in after.items()
    ]
    return "\n".join(lines)


def add_options(parser: argparse.ArgumentParser, count: int) -> None:
    """Add the options that every demonstration has."""
    parser.add_argument("--url", help="where predictions are asked for (default: this clone's stack)")
    parser.add_argument(
        "--count", type=int, default=count, help="predictions of each kind (default: %(default)s)"
    )
    parser.add_argument(
        "--labels",
        type=float,
        default=0.5,
        help="share of the predictions whose true label is told afterwards (default: %(default)s)",
    )
    parser.add_argument("--wait-seconds", type=float, default=90, help="for a window (default: %(default)s)")
