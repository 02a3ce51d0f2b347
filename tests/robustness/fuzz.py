"""Send mutated uploads and protocol cases to model servers, and keep each that one of them answers wrongly.

    python3 -m stack run tests -m tests.robustness.fuzz --minutes 10
    python3 -m stack run tests -m tests.robustness.fuzz --replay .local/fuzz/1-4711.http

Two model servers are started for it, of images and of rows, and end with it. Wrong is a 5xx but for a 503
that says when to try again, no answer, one later than 5 s, or an error in another form than the contract's.
"""

import argparse
import itertools
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread

from tqdm import tqdm

from tests.colour_model import write_colour_package
from tests.integration.model_server_program import ModelServerProgram
from tests.robustness.cases import UPLOAD, Case, make_case
from tests.robustness.figures import table
from tests.robustness.protocol_cases import Model
from tests.robustness.verdicts import SLOW_SECONDS, complaint
from tests.robustness.wire import FAILURES, Address, Connection
from tests.tensor_model import write_regressor

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / ".local/fuzz"
CASES = 150_000  # 100,000 uploads and 50,000 of the protocol
CONNECTIONS = 4
PATIENCE_SECONDS = 30.0
MOST_SHOWN = 60  # failures, each of which is tried again


class Target:
    """A server under test, at a URL, and the model that it serves."""

    def __init__(self, url: str, model: Model) -> None:
        self.address = Address.of(url)
        self.model = model

    def ensure_alive(self) -> bool:
        """Return whether the server lives; nothing can be done for one that somebody else has started."""
        return True


class OwnTarget(Target):
    """A model server of our own, started again when it dies."""

    def __init__(self, folder: Path, package: Path, model: Model) -> None:
        self._folder = folder
        self._package = package
        self._lock = Lock()
        self._program = self._start()
        super().__init__(self._program.url, model)

    def ensure_alive(self) -> bool:
        """Return whether the server has lived on; start another one if it has not."""
        with self._lock:
            if self._program.process.poll() is None:
                return True
            self._program = self._start()
            self.address = Address.of(self._program.url)
            return False

    def stop(self) -> None:
        """End the server."""
        with self._program:
            pass

    def _start(self) -> ModelServerProgram:
        environment = {"MODEL_PACKAGE": str(self._package), "SAMPLE_RATE": "0"}
        program = ModelServerProgram(self._folder, **environment)
        program.wait_until_ready()
        return program


@contextmanager
def own_targets() -> Iterator[Sequence[Target]]:
    """Run a model server of images and one of rows."""
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        packages = write_colour_package(folders[0] / "model"), write_regressor(folders[1] / "model")
        models = Model("colour", "1"), Model("regressor", "1")
        targets = [OwnTarget(*one) for one in zip(folders, packages, models, strict=True)]
        for target in targets:
            stack.callback(target.stop)
        yield targets


@dataclass(frozen=True)
class Failure:
    """A case that was answered wrongly: its number, what was wrong, where its bytes are, and who answered."""

    number: int
    complaint: str
    file: Path
    target: Target

    @property
    def line(self) -> str:
        """Return the failure in a line, with what comes of it alone: many only wait behind the guilty one."""
        return f"  case {self.number}: {self.complaint}; alone: {self.alone()}: {self.file}"

    def alone(self) -> str:
        """Send the case again, and return what is wrong now."""
        self.target.ensure_alive()
        return replay(self.file, self.target.address).splitlines()[-1]


@dataclass
class Report:
    """What came of the cases, by kind and status."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    deaths: int = 0
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """Return how many cases were sent."""
        return self.counts.total()

    def text(self) -> str:
        """Return the figures as people read them."""
        statuses = sorted({status for _, status in self.counts})
        rows = [
            (
                kind,
                sum(self.counts[kind, one] for one in statuses),
                *(self.counts[kind, one] for one in statuses),
                "",
            )
            for kind in sorted({kind for kind, _ in self.counts})
        ]
        failures = [one.line for one in self.failures[:MOST_SHOWN]]
        wrong = f"{len(self.failures)} answered wrongly, {self.deaths} servers died"
        total = f"{self.total} cases in {self.seconds:.0f} s: {wrong}"
        return "\n".join([table(("cases", "sent", *statuses, ""), rows), total, *failures])


class Fuzzing:
    """Cases sent over several connections, until the numbers end."""

    def __init__(
        self,
        targets: Sequence[Target],
        seed: int,
        numbers: Iterator[int],
        *,
        folder: Path = FOLDER,
        slow_seconds: float = SLOW_SECONDS,
        sent: Callable[[], object] = lambda: None,
    ) -> None:
        self.report = Report()
        self._targets = targets
        self._seed = seed
        self._numbers = numbers
        self._folder = folder
        self._slow_seconds = slow_seconds
        self._sent = sent
        self._lock = Lock()

    def run(self, connections: int = CONNECTIONS) -> Report:
        """Send the cases, and return what came of them."""
        started = time.monotonic()
        threads = [Thread(target=self._send) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.report.seconds = time.monotonic() - started
        return self.report

    def _send(self) -> None:
        with ExitStack() as stack:
            opened: dict[Address, Connection] = {}
            while (number := self._next()) is not None:
                target, case = self._case(number)
                if target.address not in opened:
                    opened[target.address] = stack.enter_context(Connection(target.address, PATIENCE_SECONDS))
                self._try(number, case, target, opened[target.address])

    def _next(self) -> int | None:
        with self._lock:
            return next(self._numbers, None)

    def _case(self, number: int) -> tuple[Target, Case]:
        case = make_case(self._seed, number, self._targets[0].model)
        place = 0 if case.kind == UPLOAD else number % len(self._targets)
        target = self._targets[place]
        return target, case if place == 0 else make_case(self._seed, number, target.model)

    def _try(self, number: int, case: Case, target: Target, connection: Connection) -> None:
        try:
            answer = connection.exchange(case.request)
            status, wrong = str(answer.status), complaint(case.request, answer, self._slow_seconds)
        except FAILURES as error:
            status, wrong = type(error).__name__, f"no answer: {error!r}"
        died = status.isalpha() and not target.ensure_alive()
        with self._lock:
            self.report.counts[case.kind, status] += 1
            self.report.deaths += died
            if wrong:
                self.report.failures.append(self._keep(number, case, wrong, target))
        self._sent()

    def _keep(self, number: int, case: Case, wrong: str, target: Target) -> Failure:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{self._seed}-{number}.http"
        file.write_bytes(case.request)
        return Failure(number, wrong, file, target)


def until_time(numbers: Iterator[int], seconds: float) -> Iterator[int]:
    """Yield the numbers until so many seconds have passed."""
    deadline = time.monotonic() + seconds
    return itertools.takewhile(lambda _: time.monotonic() < deadline, numbers)


def replay(file: Path, address: Address) -> str:
    """Send a kept case again, and return what is answered."""
    request = file.read_bytes()
    with Connection(address, PATIENCE_SECONDS) as connection:
        try:
            answer = connection.exchange(request)
        except FAILURES as error:
            return f"no answer: {error!r}"
    said = f"{answer.status} after {answer.seconds:.2f} s: {answer.body[:400].decode('utf-8', 'replace')}"
    return f"{said}\n{complaint(request, answer) or 'nothing is wrong with it'}"


def main() -> None:
    """Fuzz, print the figures, and exit 1 where a case was answered wrongly."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.robustness.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, help=f"go on for so long, in place of {CASES} cases")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--url", help="a model server that runs already; its model is named by --model")
    parser.add_argument("--model", default="small-cnn/1", help="NAME/VERSION (%(default)s)")
    parser.add_argument(
        "--replay", type=Path, nargs="+", help="send these kept cases again, and nothing else"
    )
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.url:
            targets: Sequence[Target] = [Target(options.url, Model(*options.model.split("/", 1)))]
        else:
            targets = stack.enter_context(own_targets())
        if options.replay:
            for file in options.replay:
                print(f"{file}: " + "\n".join(replay(file, target.address) for target in targets))
            return
        print(f"seed {options.seed}", flush=True)
        numbers = itertools.count(options.first)
        ending = (
            until_time(numbers, 60 * options.minutes)
            if options.minutes
            else itertools.islice(numbers, options.cases)
        )
        total = None if options.minutes else options.cases
        with tqdm(total=total, unit="case", disable=None) as progress:
            report = Fuzzing(targets, options.seed, ending, sent=progress.update).run()
        print(report.text())
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
