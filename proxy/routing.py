"""All that default.conf says of where requests go: what a program reads and writes of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from proxy.modes import parse_modes, with_experiment, with_shadow
from proxy.split import parse, with_draws, with_weights


@dataclass(frozen=True)
class Routing:
    """Which slot gets which requests; two files that say the same are equal."""

    weights: Mapping[str, int]  # of each slot; 0 is `down`
    draws: bool = False  # each request is drawn, in place of the next server in turn
    experiment: str | None = None  # whose visitors stay on their slots
    shadow_percent: Decimal = Decimal(0)


def read(text: str) -> Routing:
    """Return what a file says; what of it is not understood is left out."""
    split, modes = parse(text), parse_modes(text)
    return Routing(split.weights, split.draws, modes.experiment, modes.shadow_percent)


def written(text: str, routing: Routing) -> str:
    """Return the text with this routing; comments, and whatever else a person wrote, stay.

    Raises proxy.split.CannotWrite where there is no one place for it, or where no slot would be left.
    """
    text = with_draws(with_weights(text, routing.weights), routing.draws)
    return with_shadow(with_experiment(text, routing.experiment), routing.shadow_percent)


def checksum(text: str) -> str:
    """Return the text's SHA-256, as nginx answers it at 8081/configuration once the text is in effect.

    Bytes that are not UTF-8 are surrogate escapes in `text`, as proxy.render.read_folder has them.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
