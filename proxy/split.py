"""The split between the slots: `upstream split` of default.conf, read, and written with the rest as it is."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from proxy.directives import Directive, Edit, Word, directives, edited, line_of, without, without_directive
from service.slots import PORT, SLOTS

SLOT_AT = {f"{slot}:{PORT}": slot for slot in SLOTS}
HEADER = ("upstream", "split")
DRAWS = ("random",)
METHODS = frozenset({"hash", "ip_hash", "least_conn", "least_time", "random"})
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
    parameters: tuple[str, ...] = field(default=(), compare=False)  # all others


@dataclass(frozen=True)
class NotUnderstood:
    """A line of the split that is left as it is, and why; nginx itself may understand it."""

    line: int
    why: str


@dataclass(frozen=True)
class OddServer(NotUnderstood):
    """A slot's server that is left as it is."""

    slot: str
    down: bool


@dataclass(frozen=True)
class NoSlot(NotUnderstood):
    """A server that is none of the slots': what it got would be lost."""


@dataclass(frozen=True)
class Split:
    """What a file says of the split: nothing, where it has no `upstream split`."""

    servers: tuple[Server, ...]
    not_understood: tuple[NotUnderstood, ...]
    draws: bool = False  # each request is drawn, in place of the next server in turn

    @property
    def weights(self) -> dict[str, int]:
        """Return each slot's weight; 0 where it has no server that is understood."""
        return {slot: sum(one.weight for one in self.servers if one.slot == slot) for slot in SLOTS}

    @property
    def production(self) -> str:
        """Return the slot with the larger weight, of equal ones the stable one."""
        return max(SLOTS, key=lambda slot: self.weights[slot])

    @property
    def live(self) -> list[str]:
        """Return the slots that may have traffic: not those that are `down`, nor those that are left out."""
        odd = {one.slot for one in self.not_understood if isinstance(one, OddServer) and not one.down}
        weighty = {one.slot for one in self.servers if one.weight}
        return [slot for slot in SLOTS if slot in weighty | odd]

    @property
    def faults(self) -> list[NotUnderstood]:
        """Return what of it would cost requests an answer, though nginx may accept it."""
        return [one for one in self.not_understood if isinstance(one, NoSlot)]


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
        draws=any(one.texts == DRAWS for one in _methods(text)),
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


def with_draws(text: str, draws: bool) -> str:
    """Return the text whose split draws a server for each request, or takes the next one in turn.

    Raises CannotWrite where there is no split, or where it chooses servers by another method.
    """
    methods = _methods(text)
    if others := [one for one in methods if one.texts != DRAWS]:
        raise CannotWrite(f"`upstream split` has `{' '.join(others[0].texts)}`; take that line out")
    if not draws:
        return edited(text, [without_directive(text, one) for one in methods])
    if methods:
        return text
    opening = next(_splits(text), None)
    if opening is None:
        raise CannotWrite("there is no `upstream split`")
    line_end = "\r\n" if "\r\n" in text else "\n"
    return edited(text, [Edit(opening.end, opening.end, f"{line_end}    random;")])


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


def _splits(text: str) -> Iterator[Directive]:
    return (one for one in directives(text) if one.opens_block and one.texts == HEADER)


def _methods(text: str) -> list[Directive]:
    split = next(_splits(text), None)
    return [one for one in directives(text) if split and one.block == split and one.texts[0] in METHODS]


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
        return NoSlot(line, f"`{written}`: not {' or '.join(SLOT_AT)}")
    slot = SLOT_AT[address.text]
    weights = [word for word in parameters if WEIGHT.fullmatch(word.text)]
    downs = [word for word in parameters if word.text == "down"]
    if strange := [word.text for word in parameters if not PARAMETER.fullmatch(word.text)]:
        return OddServer(line, f"`{written}`: {strange[0]}", slot, bool(downs))
    if len(weights) > 1 or len(downs) > 1:
        return OddServer(line, f"`{written}`: the same parameter twice", slot, bool(downs))
    weight, down = (words[0] if words else None for words in (weights, downs))
    number = 0 if down else int(weight.text.partition("=")[2]) if weight else 1
    others = tuple(word.text for word in parameters if word not in {weight, down})
    return _Found(Server(slot, number, line, others), address, weight, down)


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
