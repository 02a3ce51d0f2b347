"""Draw the stream's records from a world: their ids, and the share of them that is wrong."""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from examples.world import World
from stream.producer.conditions import Conditions
from stream.producer.damage import CONTENT_TYPE, LABEL, RECORDED_AT, Record, damages_of

REMEMBERED = 100
USED_ID = "used id"
RARITY = {"too large": 0.1}  # each takes as much room in the topic as a hundred others


@dataclass(frozen=True)
class Drawn:
    """A record, what is wrong with it (None: nothing), and whether its label is another example's."""

    record: Record
    damage: str | None = None
    is_mislabelled: bool = False


def run_id() -> str:
    """Return what the ids of this process begin with: no other process ever has it."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


class Drawing:
    """Draws records, all of them decided by `rng`; their ids are `run` and a number."""

    def __init__(
        self, world: World, rng: np.random.Generator, run: str, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.world = world
        self._rng = rng
        self._run = run
        self._now = now
        self._number = 0
        self._good_ids: deque[str] = deque(maxlen=REMEMBERED)

    def draw(self, conditions: Conditions) -> Drawn:
        """Return one record of the world as it is under these conditions."""
        rng = self._rng
        example = self.world.draw(rng, conditions.drift)
        label, is_mislabelled = example.label, bool(rng.random() < conditions.noise)
        if is_mislabelled:
            label = self._another_label(label, conditions.drift)
        self._number += 1
        headers = {
            CONTENT_TYPE: example.content_type,
            LABEL: label,
            RECORDED_AT: self._now().isoformat(timespec="milliseconds"),
        }
        record = Record(f"{self._run}-{self._number:08}", headers, example.value)
        if rng.random() < conditions.damage:
            return self._damaged(record)
        self._good_ids.append(record.id)
        return Drawn(record, None, is_mislabelled)

    def _another_label(self, label: str, drift: float) -> str:
        """Return another class; where labels are numbers, that of another example."""
        others = [one for one in self.world.classes if one != label]
        if not others:
            return self.world.draw(self._rng, drift).label
        return others[int(self._rng.integers(len(others)))]

    def _damaged(self, record: Record) -> Drawn:
        damages = damages_of(record.headers[CONTENT_TYPE])
        names = [*damages, *([USED_ID] if self._good_ids else [])]
        weights = np.array([RARITY.get(name, 1.0) for name in names])
        name = names[int(self._rng.choice(len(names), p=weights / weights.sum()))]
        if name == USED_ID:
            used = self._good_ids[int(self._rng.integers(len(self._good_ids)))]
            return Drawn(replace(record, id=used), name)
        return Drawn(damages[name](record, self._rng), name)
