"""Whom nginx asks when the split's own choice fails, as text for fallbacks.conf."""

from collections.abc import Sequence

from proxy.split import Split
from service.slots import PORT, SLOTS

FILE = "fallbacks.conf"
EVERYBODY = "any_server"


def without_slot(slot: str) -> str:
    """Return the name of the upstream that a request goes to when this slot has refused it."""
    return f"without_{slot}"


def fallbacks(split: Split) -> str:
    """Return the upstreams `any_server` and `without_<slot>` over the slots that may have traffic.

    A slot that is `down` is in none of them. A slot that is alone is asked a second time itself: its
    answer is the client's then.
    """
    live = split.live
    others = {without_slot(slot): [one for one in live if one != slot] or live for slot in SLOTS}
    return "".join(_upstream(name, slots) for name, slots in {EVERYBODY: live, **others}.items())


def _upstream(name: str, slots: Sequence[str]) -> str:
    # Nobody is shut out of a last resort.
    servers = "".join(f"    server {slot}:{PORT} max_fails=0 resolve;\n" for slot in slots)
    return f"upstream {name} {{\n    zone {name} 256k;\n{servers}    include upstream.conf;\n}}\n"
