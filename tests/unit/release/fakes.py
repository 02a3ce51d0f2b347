"""The outside world of the notifications, written by hand."""

# ruff: noqa: ARG002 - the arguments are those of what is stood in for

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mongodb.outbox import Backlog, Delivery, GivenUp, Message, Outbox
from mongodb.store import StoreUnavailable

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)


class Clock:
    """A time that passes when the test says so."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def pass_by(self, seconds: float) -> None:
        """Let it pass."""
        self.time += timedelta(seconds=seconds)


@dataclass
class FakeChannel:
    """A channel that takes what it is told to take."""

    name: str = "json_1"
    scheme: str = "json"
    complaint: str | None = None
    fails_on: frozenset[str] = frozenset()
    taken: list[Delivery] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def send(self, delivery: Delivery) -> str | None:
        """Take a message, or complain."""
        self.tried.append(delivery.key)
        if self.complaint is not None or delivery.key in self.fails_on:
            return self.complaint or "not this one"
        self.taken.append(delivery)
        return None


class MemoryOutbox(Outbox):
    """An outbox in memory, of which the test may take the database away."""

    def __init__(self, channels: Sequence[str] = ("json_1",)) -> None:
        self.away = False
        self.away_after_begin = False
        self.put_messages: dict[str, Message] = {}
        self._names = channels
        self._states: dict[str, dict[str, Delivery]] = {}

    def _ask(self) -> None:
        if self.away:
            raise StoreUnavailable("gone")

    async def prepare(self) -> None:
        """Do nothing."""
        self._ask()

    async def put(self, message: Message, now: datetime) -> bool:
        """Keep a message once."""
        self._ask()
        if message.key in self.put_messages:
            return False
        self.put_messages[message.key] = message
        fresh = Delivery(message.key, message.subject, message.body, now, 0, None, False)
        self._states[message.key] = dict.fromkeys(self._names, fresh)
        return True

    async def untold(self, things: Sequence[str]) -> list[str]:
        """Return what no message is about."""
        self._ask()
        told = {thing for one in self.put_messages.values() for thing in one.about or (one.key,)}
        return [thing for thing in things if thing not in told]

    async def waiting(self, channel: str, limit: int = 100) -> list[Delivery]:
        """Return what the channel has not taken."""
        self._ask()
        return [state[channel] for state in self._states.values() if channel in state][:limit]

    async def backlog(self) -> Backlog:
        """Count what waits."""
        self._ask()
        every = [one for state in self._states.values() for one in state.values()]
        names = frozenset(name for state in self._states.values() for name in state)
        return Backlog(len(every), min((one.created_at for one in every), default=None), names)

    async def begin(self, key: str, channel: str) -> None:
        """Note an attempt."""
        self._ask()
        one = self._states[key][channel]
        self._change(key, channel, one.attempts + 1, one.failed_at, begun=True)
        self.away = self.away_after_begin

    async def note_taken(self, key: str, channel: str, now: datetime) -> None:
        """Forget the delivery."""
        self._ask()
        del self._states[key][channel]

    async def note_failed(self, key: str, channel: str, now: datetime) -> None:
        """Note the failure."""
        self._ask()
        self._change(key, channel, self._states[key][channel].attempts, now, begun=False)

    async def give_up(self, before: datetime) -> list[GivenUp]:
        """Give up what is old."""
        self._ask()
        given_up = []
        for key, state in self._states.items():
            for name, one in list(state.items()):
                if one.created_at < before:
                    del state[name]
                    given_up.append(GivenUp(key, name))
        return given_up

    def _change(
        self, key: str, channel: str, attempts: int, failed_at: datetime | None, *, begun: bool
    ) -> None:
        one = self._states[key][channel]
        self._states[key][channel] = Delivery(
            key, one.subject, one.body, one.created_at, attempts, failed_at, begun
        )
