"""The stack's commands, as a drill gives them."""

import pytest

from examples.drills import stack
from examples.drills.images import Image
from examples.drills.stack import RunningStack
from examples.traffic import StackError
from service.slots import CANDIDATE

AWAY = "no model server answers at http://127.0.0.1:18101: <urlopen error [Errno 111] Connection refused>"


class Commands:
    """Commands that fail with these messages, one after the other, and then succeed."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.given: list[tuple[str, ...]] = []

    async def __call__(self, *words: str) -> str:
        """Give a command."""
        self.given.append(words)
        if self.failures:
            raise StackError(self.failures.pop(0))
        return ""


@pytest.fixture
def drilled(monkeypatch: pytest.MonkeyPatch) -> RunningStack:
    monkeypatch.setattr(stack, "AGAIN_SECONDS", 0.01)
    return RunningStack("http://127.0.0.1:1", Image(b"", "apple"))


async def test_a_slot_that_starts_is_waited_for(
    drilled: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose port refuses the connection has refused no package."""
    commands = Commands(AWAY, "reload: the container is not running")
    monkeypatch.setattr(stack, "command", commands)
    await drilled.reload(CANDIDATE)
    assert commands.given == [("reload", CANDIDATE)] * 3


async def test_a_refused_package_is_not_tried_again(
    drilled: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody mends it meanwhile."""
    monkeypatch.setattr(stack, "command", Commands("refused, the old model keeps serving: no weights"))
    with pytest.raises(StackError, match="no weights"):
        await drilled.reload(CANDIDATE)
