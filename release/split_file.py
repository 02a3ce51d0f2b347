"""`nginx/default.conf`: where requests go as it is written, and changed with all else as it was."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from proxy import routing
from proxy.modes import parse_modes
from proxy.routing import Routing
from proxy.split import CannotWrite, parse
from service import durable

__all__ = ["CannotRead", "CannotWrite", "Draft", "EditedMeanwhile", "SplitFile"]


class CannotRead(OSError):
    """The file is away, or says of where requests go what is not understood; the message says where."""


class EditedMeanwhile(Exception):
    """Somebody has edited the file since it was read, and nothing of that was touched."""


@dataclass(frozen=True)
class Draft:
    """The file as it was read, and as it is to be."""

    before: str
    after: str
    routing: Routing  # that it is to have, with its shadow


class SplitFile:
    """The file that people edit, too. A release changes weights, draws and experiment, and no shadow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._understood: tuple[str | None, Routing] = None, Routing({})

    def read(self) -> Routing:
        """Return what it says, without its shadow.

        Raises:
            CannotRead
        """
        return replace(self.read_all(), shadow_percent=Decimal(0))

    def read_all(self) -> Routing:
        """Return what it says, with its shadow.

        Raises:
            CannotRead
        """
        return self._understand(self._text())

    def write(self, wanted: Routing) -> None:
        """Change it, at once or not at all.

        Raises:
            CannotRead, CannotWrite, OSError
        """
        before = self._text()
        self._write(before, _written(before, wanted))

    def demand_place_for(self, wanted: Routing) -> None:
        """Tell that this could be written, without writing it.

        Raises:
            CannotRead, CannotWrite
        """
        _written(self._text(), wanted)

    def draft(self, change: Callable[[Routing], Routing]) -> Draft:
        """Return what a change would make of the file, which stays as it is until `put`.

        Raises:
            CannotRead, CannotWrite
        """
        before = self._text()
        wanted = change(self._understand(before))
        return Draft(before, routing.written(before, wanted), wanted)

    def put(self, draft: Draft) -> None:
        """Let the file be as it was drafted, at once or not at all.

        Raises:
            EditedMeanwhile: it is not what was read any more.
            CannotRead, OSError
        """
        if self._text() != draft.before:
            raise EditedMeanwhile(f"{self._path.name} was edited meanwhile, and is as that edit left it")
        self._write(draft.before, draft.after)

    def _write(self, before: str, after: str) -> None:
        if after != before:
            durable.replace(self._path, after.encode("utf-8", "surrogateescape"))

    def _understand(self, text: str) -> Routing:
        if text != self._understood[0]:  # it is read each second, and hardly ever another one
            self._understood = text, _understood(text, self._path.name)
        return self._understood[1]

    def _text(self) -> str:
        try:
            return self._path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise CannotRead(f"{self._path.name} cannot be read: {error.strerror}") from error


def _understood(text: str, name: str) -> Routing:
    split = parse(text)
    odd = [*split.not_understood, *parse_modes(text).faults]
    if odd or not split.servers:
        lines = [f"line {one.line}: {one.why}" for one in odd]
        raise CannotRead(f"{name}: {'; '.join(lines) or 'there is no `upstream split`'}")
    return routing.read(text)


def _written(text: str, wanted: Routing) -> str:
    return routing.written(text, replace(wanted, shadow_percent=parse_modes(text).shadow_percent))


def as_people_say(found: Routing) -> str:
    """Return weights as people read them."""
    return ", ".join(f"{slot} {weight}" for slot, weight in found.weights.items())
