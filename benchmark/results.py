"""What was measured, as data: kept raw in a JSON file, summed up as medians over the rounds."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmark.cases import Case
from benchmark.measurement import DISTURBED, Description, Limit, Measurement, Samples, Start


@dataclass
class Results:
    """Everything that one run of the benchmark found out."""

    machine: dict[str, str]
    descriptions: list[Description] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    complaints: dict[str, str] = field(default_factory=dict)
    samples: list[Samples] = field(default_factory=list)

    def cell(self, system: str, case: Case) -> Measurement | None:
        """Return a cell's median over its undisturbed rounds, if there are any; failures are those of all."""
        every = [one for one in self.measurements if one.system == system and one.case == case]
        if not every:
            return None
        found = [one for one in every if one.others <= DISTURBED] or every
        middle = sorted(found, key=lambda one: one.per_second)[(len(found) - 1) // 2]
        return Measurement(
            system,
            case,
            round=0,
            seconds=middle.seconds,
            requests=round(statistics.median(one.per_second for one in found) * middle.seconds),
            failures=sum(one.failures for one in every),
            p50_milliseconds=statistics.median(one.p50_milliseconds for one in found),
            p99_milliseconds=statistics.median(one.p99_milliseconds for one in found),
            memory_megabytes=max(one.memory_megabytes for one in every),
            others=statistics.median(one.others for one in found),
        )

    def limit(self, decoder: str, payload: str) -> float | None:
        """Return the bare loop's images/s: the best batch size's median over the rounds."""
        found = self._bare_loops(decoder, payload)
        by_batch = {
            batch: statistics.median(one.per_second for one in found if one.batch == batch)
            for batch in {one.batch for one in found}
        }
        return max(by_batch.values(), default=None)

    def limit_others(self, payload: str) -> float:
        """Return the share of the cores that others took beside the bare loop, in the median."""
        found = [one.others for one in self._bare_loops("fast", payload)]
        return statistics.median(found) if found else 0.0

    def _bare_loops(self, decoder: str, payload: str) -> list[Limit]:
        every = [one for one in self.limits if one.decoder == decoder and one.payload == payload]
        return [one for one in every if one.others <= DISTURBED] or every

    def dropped(self, system: str) -> int:
        """Return how many samples a system of ours dropped in all its trials."""
        return sum(one.dropped for one in self.samples if one.system == system)

    def peak_megabytes(self, system: str) -> float | None:
        """Return the most memory that a system took in any cell."""
        return max((one.memory_megabytes for one in self.measurements if one.system == system), default=None)

    def ready_seconds(self, system: str) -> float | None:
        """Return a system's slowest start."""
        return max((one.seconds for one in self.starts if one.system == system), default=None)

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1), "utf-8")


def load_results(path: Path) -> Results:
    """Read what `save` wrote."""
    raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
    measurements = [Measurement(**{**one, "case": Case(**one["case"])}) for one in raw.pop("measurements")]
    return Results(
        descriptions=[Description(**one) for one in raw.pop("descriptions")],
        measurements=measurements,
        limits=[Limit(**one) for one in raw.pop("limits")],
        starts=[Start(**one) for one in raw.pop("starts")],
        samples=[Samples(**one) for one in raw.pop("samples")],
        **raw,
    )
