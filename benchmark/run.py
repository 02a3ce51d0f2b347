"""One run of the benchmark: only one system at a time, raw results saved after each cell."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmark.bare_loop import run_bare_loop
from benchmark.cases import MAIN, SIZES
from benchmark.checking import WrongAnswer
from benchmark.config import BenchmarkConfig
from benchmark.counters import read_samples
from benchmark.interference import read_cpu, share_of_others
from benchmark.load.outcome import LoadFailed
from benchmark.measurement import Limit, Measurement, Start, disturbance
from benchmark.plan import Trial, plan
from benchmark.results import Results
from benchmark.running import DidNotStart, Running, running
from benchmark.systems import Server, SystemUnderTest, Testbed
from benchmark.trial_runner import RunningSystem, TrialRunner
from stack.plain.mongodb import mongodb
from stack.plain.probes import mongodb_complaint
from stack.ports import free_ports
from stack.say import say

PORTS = 10
BATCHES = (1, 8, 16)
LIMIT_SECONDS = 5


class BenchmarkRun:
    """Measures one system after the other and keeps the measurements in `results`."""

    def __init__(self, config: BenchmarkConfig, results: Results) -> None:
        self.config = config
        self.results = results
        self._labels: dict[str, Mapping[str, str]] = {}

    def measure_all(self, systems: Sequence[SystemUnderTest]) -> None:
        """Measure the limit and every system, round by round."""
        self.results.descriptions = [system.description for system in systems]
        trials = plan(systems, self.config.rounds, quick=self.config.quick)
        for number, trial in enumerate(trials, 1):
            if number == 1 or trials[number - 2].round != trial.round:
                self.measure_limits(trial.round)
            say(f"[{number} of {len(trials)}, round {trial.round}] {trial.system.description.title}")
            self.measure(trial)

    def measure_limits(self, round_number: int) -> None:
        """Run the bare loop; it also says what is on each image."""
        every = round_number == 1 and not self.config.quick
        for payload in SIZES if every else (MAIN.payload,):
            for decoder in ("plain", "fast"):
                for batch in BATCHES:
                    self._measure_limit(payload, decoder, batch, round_number)
        self.results.save(self.config.raw)

    def measure(self, trial: Trial) -> None:
        """Start a system, check it, measure its cases, stop it; a failure becomes its complaint."""
        with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
            folder = Path(name)
            folder.chmod(0o711)  # nginx's workers pass through it
            testbed = self._testbed(folder)
            try:
                with running([self._database(testbed)], folder) as database:
                    self._measure_started(trial, testbed, database)
            except (DidNotStart, WrongAnswer, LoadFailed) as error:
                self.results.complaints[trial.system.name] = str(error)
                say(f"  FAILED: {error}")
        self.results.save(self.config.raw)

    def _measure_started(self, trial: Trial, testbed: Testbed, database: Sequence[Running]) -> None:
        system = trial.system
        target = system.target(testbed)
        started = time.monotonic()
        with running(target.servers, testbed.folder) as servers:
            self.results.starts.append(Start(system.name, time.monotonic() - started))
            ready = RunningSystem(target.url, servers, database)
            try:
                TrialRunner(self.config, self._labels).cases(trial, ready, self._keep)
            except (WrongAnswer, LoadFailed) as error:
                logs = " / ".join(f"{one.name}: {one.last_lines()}" for one in servers)
                raise type(error)(f"{error}; {logs}") from error
            if system.metrics_url:
                samples = read_samples(system.metrics_url(testbed), system.name, trial.round)
                self.results.samples.append(samples)

    def _keep(self, measured: Measurement) -> None:
        self.results.measurements.append(measured)
        self.results.save(self.config.raw)
        say(f"  {measured.line}")

    def _measure_limit(self, payload: str, decoder: str, batch: int, round_number: int) -> None:
        before = read_cpu()
        loop = run_bare_loop(
            self.config.paths.python("model_server"),
            self.config.image_package,
            self.config.images[payload],
            decoder=decoder,
            batch=batch,
            seconds=min(LIMIT_SECONDS, self.config.seconds),
            cores=self.config.cores,
        )
        others = share_of_others(before, read_cpu(), self.config.cores)
        self._labels.setdefault(payload, loop.labels)  # the first are the plain path's
        self.results.limits.append(Limit(decoder, payload, batch, round_number, loop.per_second, others))
        rate = f"{loop.per_second:.0f}/s{disturbance(others)}"
        say(f"limit, {payload}, {decoder} decoder, batches of {batch}: {rate}")

    def _database(self, testbed: Testbed) -> Server:
        host, port = "127.0.0.1", testbed.port + PORTS
        files = {name: testbed.folder / f"nx.{name}" for name in ("database", "pid", "log")}
        return Server(mongodb(self.config.paths, host, port, **files), partial(mongodb_complaint, host, port))

    def _testbed(self, folder: Path) -> Testbed:
        port = free_ports(PORTS + 1)
        return Testbed(
            folder=folder,
            port=port,
            cores=self.config.cores,
            image_package=self.config.image_package,
            regressor_package=self.config.regressor_package,
            mongodb_uri=f"mongodb://127.0.0.1:{port + PORTS}/drift_detection",
            python=self.config.paths.python,
        )
