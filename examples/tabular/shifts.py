"""Shifts of features: written as `age=+1std`, `income=-5000` or `savings=*0.5`."""

import re
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FORM = re.compile(r"(?P<feature>[^=]+)=(?P<kind>[+*-])(?P<amount>\d+(\.\d+)?)(?P<std>std)?")


class UnknownFeature(Exception):
    """A shift names a feature that is not there."""


@dataclass(frozen=True)
class Shift:
    """What is done to a feature: `value * factor + addend + stds` standard deviations."""

    feature: str
    factor: float = 1.0
    addend: float = 0.0
    stds: float = 0.0


def read_shift(text: str) -> Shift:
    """Read a shift from the command line."""
    match = FORM.fullmatch(text)
    if match is None or (match["kind"] == "*" and match["std"]):
        raise ArgumentTypeError(f"{text!r} is no shift: write age=+1std, income=-5000 or savings=*0.5")
    feature, amount = match["feature"], float(match["amount"])
    if match["kind"] == "*":
        return Shift(feature, factor=amount)
    signed = -amount if match["kind"] == "-" else amount
    return Shift(feature, stds=signed) if match["std"] else Shift(feature, addend=signed)


def shifted(
    rows: NDArray[np.float32], features: Sequence[str], shifts: Sequence[Shift]
) -> NDArray[np.float32]:
    """Return the rows (N, F) with the shifts applied; UnknownFeature when one names none."""
    moved = rows.copy()
    for shift in shifts:
        if shift.feature not in features:
            raise UnknownFeature(f"there is no feature {shift.feature}, but {', '.join(features)}")
        column = features.index(shift.feature)
        addend = shift.addend + shift.stds * rows[:, column].std()
        moved[:, column] = moved[:, column] * shift.factor + addend
    return moved
