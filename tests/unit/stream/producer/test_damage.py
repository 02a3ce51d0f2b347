"""Each damage makes of a record what a collector must refuse, for the reason that it is named after."""

from datetime import UTC, datetime

import numpy as np
import pytest

from examples.fruit.world import FruitWorld
from examples.tabular.world import RowWorld
from examples.world import World
from inference.decoding import NotAnImage
from inference.preprocessing import read_pixels
from stream.producer.conditions import Conditions
from stream.producer.damage import LABEL, OF_IMAGES, OF_ROWS, Record, damages_of
from stream.producer.drawing import Drawing
from training_data.reading import read
from training_data.record import Message, Reason, Refusal
from training_data.record import Record as Taken
from training_data.task import Task

WORLDS: dict[str, World] = {
    "fruit": FruitWorld(),
    "loans": RowWorld("loans"),
    "regressor": RowWorld("regressor"),
}
REASONS = {
    "unknown label": Reason.LABEL,
    "missing label": Reason.LABEL,
    "wrong content type": Reason.CONTENT_TYPE,
    "too large": Reason.TOO_LARGE,
    **dict.fromkeys(OF_ROWS, Reason.NOT_A_ROW),
}
CASES = [
    (world, name)
    for world in WORLDS
    for name in damages_of("image/jpeg" if world == "fruit" else "application/json")
]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def record_of(world: str) -> Record:
    """Return a good record."""
    return Drawing(WORLDS[world], rng(), "run").draw(Conditions()).record


def taken(record: Record, world: str) -> Taken | Refusal:
    """Return what a collector makes of it before it looks into an image."""
    features = () if world == "fruit" else RowWorld(world).features
    task = Task("row" if features else "image", features, WORLDS[world].classes)
    headers = {name: text.encode() for name, text in record.headers.items()}
    return read(Message(record.id.encode(), headers, record.value, 0, 0), task, "a topic")


@pytest.mark.parametrize("world", WORLDS)
def test_a_good_record_is_taken(world: str) -> None:
    """With its id, label and time."""
    record = record_of(world)
    found = taken(record, world)
    assert isinstance(found, Taken)
    assert found.id == record.id
    assert found.label == record.headers[LABEL] or not WORLDS[world].classes
    assert (datetime.now(UTC) - found.recorded_at).total_seconds() < 60


@pytest.mark.parametrize(("world", "name"), [case for case in CASES if case[1] not in OF_IMAGES])
def test_a_damaged_record_is_refused(world: str, name: str) -> None:
    """For the reason that the damage is named after."""
    record = record_of(world)
    for seed in range(10):
        found = taken(damages_of(record.headers["content-type"])[name](record, rng(seed)), world)
        assert isinstance(found, Refusal)
        assert found.reason == REASONS[name]


@pytest.mark.parametrize("name", OF_IMAGES)
def test_a_damaged_image_cannot_be_decoded(name: str) -> None:
    """Its label and type are good: it has to be looked at."""
    record = record_of("fruit")
    assert read_pixels(record.value, 150, 1_000_000).shape
    for seed in range(10):
        damaged = OF_IMAGES[name](record, rng(seed))
        assert isinstance(taken(damaged, "fruit"), Taken)
        with pytest.raises(NotAnImage):
            read_pixels(damaged.value, 150, 1_000_000)


def test_a_truncated_image_lacks_much() -> None:
    """At least a third of its file, which no decoder makes up."""
    record = record_of("fruit")
    for seed in range(10):
        left = len(OF_IMAGES["truncated image"](record, rng(seed)).value) / len(record.value)
        assert 0.3 < left < 0.7


def test_a_broker_takes_what_is_too_large_for_a_record() -> None:
    """Else nobody would ever see it: Kafka's own bound is a million bytes."""
    record = record_of("loans")
    assert len(damages_of("application/json")["too large"](record, rng()).value) < 1_000_000 - 5_000
