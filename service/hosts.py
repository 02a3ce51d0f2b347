"""Which names a program answers to, so that no page of another name can become its own.

DNS rebinding: a stranger's name is pointed at this machine, and to the browser the stranger's page and this
server are one site. Such a name has dots and is not in ALLOWED_HOSTS. An address is nobody's name, and a name
without dots (`localhost`, a Compose service) is the machine's own or its network's: these always count.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

ANY = "*"
LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
ENTRY = re.compile(rf"(?:\*\.)?{LABEL}(?:\.{LABEL})*|\*")
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::[0-9]{0,5})?")


def checked_host(entry: str) -> str:
    """Return an entry of ALLOWED_HOSTS in lower case; ValueError when it is none."""
    if not ENTRY.fullmatch(entry.lower()):
        raise ValueError("give names such as models.example.org or *.example.org, without a port, or *")
    return entry.lower()


def host_check(allowed: Sequence[str]) -> Callable[[bytes], bool]:
    """Return what tells whether a header `Host` names this program; `*.` stands for all names below one."""
    names = frozenset(allowed)
    endings = (".localhost", *(name[1:] for name in allowed if name.startswith("*.")))

    @lru_cache(maxsize=64)
    def is_ours(host: bytes) -> bool:
        match = HOST.fullmatch(host.decode("latin-1").lower())
        if match is None:
            return False
        name = match["name"].removesuffix(".")
        return "." not in name or is_address(name) or name in names or name.endswith(endings)

    return (lambda _: True) if ANY in names else is_ours


def is_address(name: str) -> bool:
    """Tell whether it is an IP address, as it stands in a URL."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
