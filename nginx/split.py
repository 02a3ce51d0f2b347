"""The split between the slots: `upstream split` of default.conf, read, and written with the rest as it is."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nginx.directives import Directive, Edit, Word, directives, edited, line_of, without
from service.slots import PORT, SLOTS

SLOT_AT = {f"{slot}:{PORT}": slot for slot in SLOTS}
HEADER = ("upstream", "split")
WEIGHT = re.compile(r"weight=0*([1-9][0-9]*)")
PARAMETER = re.compile(
    rf"{WEIGHT.pattern}|down|resolve|(max_fails|max_conns)=[0-9]+|fail_timeout=[0-9]+[a-z]*"
)


class CannotWrite(ValueError):
    """There is no one place for a slot's weight, or no slot would be left."""


@dataclass(frozen=True)
class Server:
    """A slot's server in the split; `down` is weight 0, and no weight is weight 1."""

    slot: str
    weight: int
    line: int


@dataclass(frozen=True)
class NotUnderstood:
    """A line of the split that is left as it is, and why; nginx itself may understand it."""

    line: int
    why: str


@dataclass(frozen=True)
class Split:
    """What a file says of the split: nothing, where it has no `upstream split`."""

    servers: tuple[Server, ...]
    not_understood: tuple[NotUnderstood, ...]


@dataclass(frozen=True)
class _Found:
    """A server, with the words that make its weight."""

    server: Server
    address: Word
    weight: Word | None
    down: Word | None


def parse(text: str) -> Split:
    """Return the servers of the split, and what of it is not understood."""
    found = list(_read(text))
    return Split(
        tuple(one.server for one in found if isinstance(one, _Found)),
        tuple(one for one in found if isinstance(one, NotUnderstood)),
    )


def with_weights(text: str, weights: Mapping[str, int]) -> str:
    """Return the text with these slots' weights, `down` for 0; a slot that is not named keeps its own.

    Raises CannotWrite where a slot has no server that is understood, or several, and where no weight is left.
    """
    found = _servers(text)
    for slot, weight in weights.items():
        count = sum(one.server.slot == slot for one in found)
        if weight < 0:
            raise CannotWrite(f"{slot}: a weight is 0 or more, not {weight}")
        if count > 1 or (count == 0 and weight > 0):
            raise CannotWrite(f"`upstream split` has {count or 'no'} servers {slot}:{PORT}; it needs one")
    if not any(weights.get(one.server.slot, one.server.weight) for one in found):
        raise CannotWrite("one slot needs a weight above 0")
    return _written(text, ((one, weights[one.server.slot]) for one in found if one.server.slot in weights))


def shared(text: str, replicas: Mapping[str, int]) -> str:
    """Return the text with weights that give each slot the share that `text` says, whatever its replicas.

    nginx gives a server's weight to each address of its name. So each weight is multiplied by the least
    common multiple of the slots' replicas, divided by its own slot's.
    """
    found = [one for one in _servers(text) if one.server.weight]
    counts = {one.server.slot: max(1, replicas.get(one.server.slot, 1)) for one in found}
    common = math.lcm(*counts.values())
    return _written(text, ((one, one.server.weight * common // counts[one.server.slot]) for one in found))


def _servers(text: str) -> list[_Found]:
    return [one for one in _read(text) if isinstance(one, _Found)]


def _read(text: str) -> Iterator[_Found | NotUnderstood]:
    split: Directive | None = None
    for directive in directives(text):
        if directive.opens_block and directive.texts == HEADER:
            if split:
                yield NotUnderstood(line_of(text, directive.start), "a second `upstream split`")
            split = split or directive
        elif split and directive.block is split and directive.words[0].text == "server":
            yield _read_server(directive, line_of(text, directive.start))


def _read_server(directive: Directive, line: int) -> _Found | NotUnderstood:
    written = " ".join(directive.texts)
    address, *parameters = directive.words[1:] or directive.words
    if address.text not in SLOT_AT:
        return NotUnderstood(line, f"`{written}`: not {' or '.join(SLOT_AT)}")
    if strange := [word.text for word in parameters if not PARAMETER.fullmatch(word.text)]:
        return NotUnderstood(line, f"`{written}`: {strange[0]}")
    weights = [word for word in parameters if WEIGHT.fullmatch(word.text)]
    downs = [word for word in parameters if word.text == "down"]
    if len(weights) > 1 or len(downs) > 1:
        return NotUnderstood(line, f"`{written}`: the same parameter twice")
    weight, down = (words[0] if words else None for words in (weights, downs))
    number = 0 if down else int(weight.text.partition("=")[2]) if weight else 1
    return _Found(Server(SLOT_AT[address.text], number, line), address, weight, down)


def _written(text: str, weights: Iterable[tuple[_Found, int]]) -> str:
    edits = (edit for found, weight in weights for edit in _edits(text, found, weight))
    return edited(text, edits)


def _edits(text: str, found: _Found, weight: int) -> list[Edit]:
    if weight == found.server.weight:
        return []
    new = f"weight={weight}" if weight else "down"
    words = [word for word in (found.weight, found.down) if word]
    if not words:
        return [Edit(found.address.end, found.address.end, f" {new}")]
    first, *rest = words
    return [Edit(first.start, first.end, new), *(without(text, word) for word in rest)]
