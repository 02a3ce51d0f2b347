"""Which pages may send requests: this program's own, and those in CORS_ORIGINS.

Some requests a browser sends to any site without asking it first: a form, an upload, a body of no type. It
says in `Sec-Fetch-Site` and `Origin` whose page sent them. A program that is no browser sends neither.
"""

import re
from collections.abc import Callable, Sequence

ANY = "*"
ENTRY = re.compile(r"(?P<scheme>https?)://(?:\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]{1,5})?")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def checked_origin(entry: str) -> str:
    """Return an entry of CORS_ORIGINS as browsers write it; ValueError when it is none."""
    origin = entry.lower().removesuffix("/")
    match = ENTRY.fullmatch(origin)
    if match is None and origin != ANY:
        raise ValueError(
            "give origins such as https://shop.example.org, with scheme and without a path, or *"
        )
    return origin.removesuffix(DEFAULT_PORTS[match["scheme"]]) if match else origin


def origin_check(allowed: Sequence[str]) -> Callable[[bytes | None, bytes | None, bytes], bool]:
    """Return what tells from `Origin`, `Sec-Fetch-Site` and `Host` whether a page, if it is one, may send."""
    origins = frozenset(one.encode() for one in allowed)

    def may_send(origin: bytes | None, site: bytes | None, host: bytes) -> bool:
        if b"*" in origins or origin in origins:
            return True
        if site is not None:
            return site in {b"same-origin", b"none"}
        return origin is None or is_same(origin.decode("latin-1"), host.decode("latin-1").lower())

    return may_send


def is_same(origin: str, host: str) -> bool:
    """Tell whether a page of this origin came under that `Host`; TLS may end before this program."""
    scheme, _, authority = origin.partition("://")
    return bool(authority) and authority == host.removesuffix(DEFAULT_PORTS.get(scheme, " "))
