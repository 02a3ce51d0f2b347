"""One run of the benchmark: only one contestant at a time, raw results saved after each cell."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.bare_loop import run_bare_loop
from benchmark.cases import MAIN, SIZES
from benchmark.checking import WrongAnswer
from benchmark.contestants import Contestant, Ground
from benchmark.counters import read_samples
from benchmark.database import free_ports, mongodb_program
from benchmark.load.outcome import LoadFailed
from benchmark.measurement import Limit, Measurement, Start, disturbance
from benchmark.measuring import Measuring, Started
from benchmark.plan import Stint, plan
from benchmark.quiet import read_cpu, share_of_others
from benchmark.results import Results
from benchmark.running import DidNotStart, Running, running
from benchmark.setting import Setting
from stack.say import say

PORTS = 10
BATCHES = (1, 8, 16)
LIMIT_SECONDS = 5


class Session:
    """Measures one after the other and keeps what it finds in `results`."""

    def __init__(self, setting: Setting, results: Results) -> None:
        self.setting = setting
        self.results = results
        self._labels: dict[str, Mapping[str, str]] = {}

    def run(self, contestants: Sequence[Contestant]) -> None:
        """Measure the limit and every contestant, round by round."""
        self.results.abouts = [contestant.about for contestant in contestants]
        stints = plan(contestants, self.setting.rounds, quick=self.setting.quick)
        for number, stint in enumerate(stints, 1):
            if number == 1 or stints[number - 2].round != stint.round:
                self.measure_limits(stint.round)
            say(f"[{number} of {len(stints)}, round {stint.round}] {stint.contestant.about.title}")
            self.measure(stint)

    def measure_limits(self, round_number: int) -> None:
        """Run the bare loop; it also says what is on each image."""
        every = round_number == 1 and not self.setting.quick
        for payload in SIZES if every else (MAIN.payload,):
            for decoder in ("plain", "fast"):
                for batch in BATCHES:
                    self._measure_limit(payload, decoder, batch, round_number)
        self.results.save(self.setting.raw)

    def measure(self, stint: Stint) -> None:
        """Start a contestant, check it, measure its cases, stop it; a failure becomes its complaint."""
        with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
            folder = Path(name)
            folder.chmod(0o711)  # nginx's workers pass through it
            ground = self._ground(folder)
            try:
                with running([mongodb_program(folder, ground.port + PORTS)], folder) as database:
                    self._measure_started(stint, ground, database)
            except (DidNotStart, WrongAnswer, LoadFailed) as error:
                self.results.complaints[stint.contestant.name] = str(error)
                say(f"  FAILED: {error}")
        self.results.save(self.setting.raw)

    def _measure_started(self, stint: Stint, ground: Ground, database: Sequence[Running]) -> None:
        contestant = stint.contestant
        lineup = contestant.lineup(ground)
        started = time.monotonic()
        with running(lineup.programs, ground.folder) as servers:
            self.results.starts.append(Start(contestant.name, time.monotonic() - started))
            ready = Started(lineup.url, servers, database)
            try:
                Measuring(self.setting, self._labels).cases(stint, ready, self._keep)
            except (WrongAnswer, LoadFailed) as error:
                logs = " / ".join(f"{one.program.name}: {one.last_lines()}" for one in servers)
                raise type(error)(f"{error}; {logs}") from error
            if contestant.metrics_url:
                samples = read_samples(contestant.metrics_url(ground), contestant.name, stint.round)
                self.results.samples.append(samples)

    def _keep(self, measured: Measurement) -> None:
        self.results.measurements.append(measured)
        self.results.save(self.setting.raw)
        say(f"  {measured.line}")

    def _measure_limit(self, payload: str, decoder: str, batch: int, round_number: int) -> None:
        before = read_cpu()
        said = run_bare_loop(
            self.setting.paths.python("model_server"),
            self.setting.image_package,
            self.setting.images[payload],
            decoder=decoder,
            batch=batch,
            seconds=min(LIMIT_SECONDS, self.setting.seconds),
            cores=self.setting.cores,
        )
        others = share_of_others(before, read_cpu(), self.setting.cores)
        self._labels.setdefault(payload, said.labels)  # the first are the plain path's
        self.results.limits.append(Limit(decoder, payload, batch, round_number, said.per_second, others))
        rate = f"{said.per_second:.0f}/s{disturbance(others)}"
        say(f"limit, {payload}, {decoder} decoder, batches of {batch}: {rate}")

    def _ground(self, folder: Path) -> Ground:
        port = free_ports(PORTS + 1)
        return Ground(
            folder=folder,
            port=port,
            cores=self.setting.cores,
            image_package=self.setting.image_package,
            regressor_package=self.setting.regressor_package,
            mongodb_uri=f"mongodb://127.0.0.1:{port + PORTS}/drift_detection",
            python=self.setting.paths.python,
        )
