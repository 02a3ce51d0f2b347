"""Sticky assignment and shadow: what default.conf says of them, read, and written with the rest as it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from proxy.directives import Directive, Edit, directives, edited, line_of
from proxy.split import CannotWrite, NotUnderstood

OFF = "off"
EXPERIMENT = ("map", '""', "$experiment")
SHADOW = ("split_clients", "$request_id", "$shadow")
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%")
ALL = Decimal(100)


@dataclass(frozen=True)
class Modes:
    """What a file says; where it says nothing, both are off. `faults` are lines that are not understood."""

    experiment: str | None = None  # whose visitors stay on their slots
    shadow_percent: Decimal = Decimal(0)  # of the users' predictions
    faults: tuple[NotUnderstood, ...] = ()


class _NotUnderstood(ValueError):
    pass


def parse_modes(text: str) -> Modes:
    """Return what the file says of sticky assignment and shadow."""
    faults = []
    experiment, percent = None, Decimal(0)
    for header, block in _blocks(text):
        lines = list(_inside(text, block))
        try:
            if header == EXPERIMENT:
                experiment = _experiment(lines)
            else:
                percent = _percent(lines)
        except _NotUnderstood as why:
            faults.append(NotUnderstood(line_of(text, block.start), str(why)))
    return Modes(experiment, percent, tuple(faults))


def with_experiment(text: str, experiment: str | None) -> str:
    """Return the text with sticky assignment under this name, or without it.

    Raises CannotWrite for a name of other characters than letters, digits, `.`, `_` and `-`.
    """
    if experiment is not None and (not NAME.fullmatch(experiment) or experiment == OFF):
        raise CannotWrite(
            f"{experiment!r}: an experiment's name has up to 64 of A-Z a-z 0-9 . _ -, and is not off"
        )
    now = parse_modes(text)
    if now.experiment == experiment and not now.faults:  # as a person wrote it
        return text
    return _with_lines(text, EXPERIMENT, f"default {experiment or OFF};", not experiment)


def with_shadow(text: str, percent: Decimal) -> str:
    """Return the text with this share of the users' predictions copied, in steps of 0.01; 0 is none.

    Raises CannotWrite outside of 0 to 100, and for a share between two steps.
    """
    if percent.is_nan() or not 0 <= percent <= ALL or percent != round(percent, 2):
        raise CannotWrite(f"{percent} %: a share is from 0 to 100 %, in steps of 0.01")
    now = parse_modes(text)
    if now.shadow_percent == percent and not now.faults:  # as a person wrote it
        return text
    written = {Decimal(0): "* off;", ALL: "* on;"}.get(percent, f"{percent.normalize():f}% on; * off;")
    return _with_lines(text, SHADOW, written, not percent)


def _blocks(text: str) -> Iterator[tuple[tuple[str, ...], Directive]]:
    for one in directives(text):
        if one.opens_block and one.texts in {EXPERIMENT, SHADOW}:
            yield one.texts, one


def _inside(text: str, block: Directive) -> Iterator[Directive]:
    return (one for one in directives(text) if one.block == block)


def _experiment(lines: list[Directive]) -> str | None:
    match [one.texts for one in lines]:
        case [("default", name)] if NAME.fullmatch(name):
            return None if name == OFF else name
    raise _NotUnderstood(
        "$experiment: write `default off;`, or a name of A-Z a-z 0-9 . _ - in place of `off`"
    )


def _percent(lines: list[Directive]) -> Decimal:
    on = all_named = Decimal(0)
    rest = OFF
    for one in lines:
        match one.texts:
            case ("*", ("on" | "off") as rest):
                pass
            case (share, ("on" | "off") as switch) if found := PERCENT.fullmatch(share):
                all_named += Decimal(found[1])
                on += Decimal(found[1]) if switch == "on" else 0
            case _:
                raise _NotUnderstood("$shadow: write `* off;`, or such as `10% on; * off;`, or `* on;`")
    return on + (ALL - all_named if rest == "on" else 0)


def _with_lines(text: str, header: tuple[str, ...], written: str, is_off: bool) -> str:
    """Put these lines in the place of a block's; without the block, add it to the end."""
    block = next((one for texts, one in _blocks(text) if texts == header), None)
    if block is None:
        return text if is_off else f"{text}\n{' '.join(header)} {{\n    {written}\n}}\n"
    inside = list(_inside(text, block))
    if not inside:
        return edited(text, [Edit(block.end, block.end, f" {written} ")])
    first, *others = inside
    return edited(
        text,
        [
            Edit(first.start, first.end, written),
            *(Edit(len(text[: one.start].rstrip(" \t")), one.end, "") for one in others),
        ],
    )
