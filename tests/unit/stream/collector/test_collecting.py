"""stream/collector/collecting.py: whatever goes wrong at whichever instant, each record is kept once."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from stream.collector.checking import Checking
from stream.collector.collecting import LEFT_OUT, SENT_BYTES, Collecting, Written
from stream.topics import BrokerAway, Topic
from tests.unit.training_data.records import ROWS, message, row
from training_data.intake import INBOX, Intake
from training_data.record import Message
from training_data.shard import read_shard

TOPIC = Topic("t", "id", (0,))


class FakeTopic:
    """Messages in memory, read from wherever one is told."""

    def __init__(self, messages: Sequence[Message], position: int = 0) -> None:
        self._messages = messages
        self._position = position

    def read(self, most: int, seconds: float) -> list[Message]:
        assert seconds > 0
        found = list(self._messages[self._position : self._position + most])
        self._position += len(found)
        return found

    def commit(self) -> None:
        """Need nobody tell: where to read on is in the index."""


class Killed(BaseException):
    """The process ends here."""


class Rejects:
    """Takes what is refused; ends the process, or is away, where it is told to."""

    def __init__(self, fails: BaseException | None = None) -> None:
        self.written: list[Written] = []
        self._fails = fails

    def __call__(self, messages: Sequence[Written]) -> None:
        self.written += messages
        if self._fails:
            raise self._fails


def stream() -> list[Message]:
    """Return four good rows, two bad ones between."""
    texts = [row(), b"bad", row(age=41), row(age="x"), row(age=42), row(age=43)]
    return [message(text, key=f"r-{n}".encode(), offset=n) for n, text in enumerate(texts)]


def collecting(folder: Path, rejects: Rejects, most: int = 3) -> tuple[Intake, Collecting]:
    """Return it as a process that starts has it."""
    intake = Intake(folder, ROWS)
    intake.prepare()
    checking = Checking(ROWS, lambda records: [None] * len(records))
    ticks = iter(range(1000))
    return intake, Collecting(
        intake, checking, rejects, shard_records=most, shard_seconds=1.5, clock=lambda: float(next(ticks))
    )


def collect_all(folder: Path, rejects: Rejects) -> Intake:
    """Start, read on where the index says, and collect until nothing comes."""
    intake, collector = collecting(folder, rejects)
    reader = FakeTopic(stream(), intake.index.next_positions().get(TOPIC.source(0), 0))
    while collector.collect(TOPIC, reader):
        pass
    return intake


def kept(intake: Intake) -> list[str]:
    shards = sorted((intake.folder / INBOX).glob("*.zip"))
    return [one.id for shard in shards for one in read_shard(shard, ROWS)]


GOOD = ["r-0", "r-2", "r-4", "r-5"]


def test_good_records_are_kept_and_bad_ones_sent_on(tmp_path: Path) -> None:
    """Each bad one as it came, with why and where it stood."""
    rejects = Rejects()
    intake = collect_all(tmp_path, rejects)
    assert kept(intake) == GOOD
    assert [(key, value) for key, _, value in rejects.written] == [(b"r-1", b"bad"), (b"r-3", row(age="x"))]
    headers = rejects.written[1][1]
    assert (headers["reason"], headers["partition"], headers["offset"]) == (b"not_a_row", b"0", b"3")
    assert headers["label"] == b"repaid"
    assert b"'age' is no number" in headers["detail"]
    assert intake.index.counts() == {"stored": 4, "refused:not_a_row": 2}


def die(*_: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    "place",
    [
        "training_data.intake.write_shard",
        "service.durable.settle",
        "training_data.index.Index.add",
        "tests.unit.stream.collector.test_collecting.FakeTopic.commit",
        "reject",
    ],
)
def test_killed_at_any_step_it_goes_on_and_keeps_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Before or after the shard has its name, before what is refused is sent on, before or after the note."""
    _, collector = collecting(tmp_path, Rejects(Killed() if place == "reject" else None))
    with monkeypatch.context() as patches:
        if place != "reject":
            patches.setattr(place, die)
        with pytest.raises(Killed):
            collector.collect(TOPIC, FakeTopic(stream()))
    assert kept(collect_all(tmp_path, Rejects())) == GOOD


def test_what_is_refused_is_sent_on_before_anything_moves(tmp_path: Path) -> None:
    """While Kafka takes nothing, the batch comes again."""
    intake, collector = collecting(tmp_path, Rejects(BrokerAway("away")))
    with pytest.raises(BrokerAway):
        collector.collect(TOPIC, FakeTopic(stream()))
    assert intake.index.next_positions() == {}
    rejects = Rejects()
    assert kept(collect_all(tmp_path, rejects)) == GOOD
    assert [key for key, _, _ in rejects.written] == [b"r-1", b"r-3"]


def test_an_id_that_comes_again_is_refused(tmp_path: Path) -> None:
    """The first one stays."""
    rejects = Rejects()
    _, collector = collecting(tmp_path, rejects)
    collector.collect(TOPIC, FakeTopic([message(), message(row(age=99), offset=1)]))
    assert [(key, headers["reason"]) for key, headers, _ in rejects.written] == [(b"r-1", b"seen_id")]


def test_a_shard_is_written_when_its_time_is_over(tmp_path: Path) -> None:
    """Where little comes nobody waits for a full one."""

    class Slow(FakeTopic):
        def read(self, most: int, seconds: float) -> list[Message]:
            return super().read(min(most, 1), seconds)

    intake, collector = collecting(tmp_path, Rejects(), most=100)
    collector.collect(TOPIC, Slow(stream()))
    assert 1 <= len(kept(intake)) < len(GOOD)


@pytest.mark.parametrize("place", ["value", "key", "header"])
def test_what_is_too_large_to_be_sent_on_is_refused_without_what_it_held(tmp_path: Path, place: str) -> None:
    """With why and where it stood it is more than a broker takes, and what comes next waits for it."""
    much = b"x" * 999_000
    one = {
        "value": message(much),
        "key": message(key=much),
        "header": message(label=much),
    }[place]
    rejects = Rejects()
    intake, collector = collecting(tmp_path, rejects)
    collector.collect(TOPIC, FakeTopic([one, message(row(age=41), key=b"r-2", offset=1)]))
    ((key, headers, value),) = rejects.written
    assert len(key or b"") + len(value or b"") + sum(map(len, headers.values())) < SENT_BYTES
    assert headers["offset"] == b"0"
    assert LEFT_OUT.encode() in headers["detail"]
    assert kept(intake) == ["r-2"]


def test_a_shard_is_full_when_its_bytes_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand large images are more than the memory of a container."""

    class Few(FakeTopic):
        def read(self, most: int, seconds: float) -> list[Message]:
            return super().read(min(most, 1), seconds)

    monkeypatch.setattr("stream.collector.collecting.SHARD_BYTES", 3 * message().size)
    intake = Intake(tmp_path, ROWS)
    intake.prepare()
    checking = Checking(ROWS, lambda records: [None] * len(records))
    collector = Collecting(intake, checking, Rejects(), shard_records=100, shard_seconds=60)
    collector.collect(TOPIC, Few([message(row(age=n), key=f"r-{n}".encode(), offset=n) for n in range(5)]))
    assert 2 <= len(kept(intake)) <= 4
