"""nginx's configuration for the local way: the same files, with loopback addresses in place of service names.

Run as `python -m stack.plain.nginx_config`, it renders again: the watcher does so when nginx/ is edited.
Every line keeps its number, so that a complaint about a rendered file points into the edited one.
"""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.paths import Paths
from stack.plain.addresses import Addresses, local_addresses
from stack.plain.packages import find_program
from stack.settings import local_settings

FIRST_WITH_MIN_TIMEOUT = (1, 27, 4)
SHARE_WEIGHTS = "share_weights.awk"


@dataclass(frozen=True)
class NginxPlace:
    """Where this nginx listens, finds the slots and keeps its files."""

    addresses: Addresses
    temporary: Path
    version: tuple[int, ...]


def render(text: str, place: NginxPlace) -> str:
    """Return a configuration file with this place's addresses and without what this nginx does not know."""
    text = re.sub(r"^([ \t]*server[ \t][^;#\n]*?)[ \t]+resolve\b", r"\g<1>", text, flags=re.M)
    for service, replicas in place.addresses.slots.items():
        text = _with_a_server_for_each(service, replicas, text)
    for port, address in place.addresses.nginx_listeners.items():
        text = re.sub(rf"^([ \t]*listen[ \t]+){port};", rf"\g<1>{address};", text, flags=re.M)
    text = re.sub(r"^[ \t]*resolver(_timeout)?[ \t][^;\n]*;", "", text, flags=re.M)
    text = text.replace(" /tmp/", f" {place.temporary}/")
    return text if place.version >= FIRST_WITH_MIN_TIMEOUT else _without_min_timeout(text)


def _with_a_server_for_each(service: str, replicas: Sequence[str], text: str) -> str:
    def servers(found: re.Match[str]) -> str:
        return found[1] + " ".join(f"server {address}{found[2]}" for address in replicas)

    return re.sub(rf"^([ \t]*)server[ \t]+{service}:8000\b([^;#\n]*;)", servers, text, flags=re.M)


def _without_min_timeout(text: str) -> str:
    # On a reload this nginx closes idle connections, maybe just as a client sends on one: it keeps none.
    return re.sub(
        r"^([ \t]*)keepalive_min_timeout[ \t][^;\n]*;", r"\g<1>keepalive_timeout 0;", text, flags=re.M
    )


def render_folder(source: Path, target: Path, place: NginxPlace) -> None:
    """Render every *.conf of a folder into another one, and drop there what the source no longer has."""
    target.mkdir(parents=True, exist_ok=True)
    names = {path.name for path in source.glob("*.conf")}
    for name in names:
        (target / name).write_text(render(_with_shared_weights(source / name, place), place), "utf-8")
    for stale in target.glob("*.conf"):
        if stale.name not in names:
            stale.unlink()


def _with_shared_weights(path: Path, place: NginxPlace) -> str:
    counts = {slot: len(addresses) for slot, addresses in place.addresses.slots.items()}
    if len(set(counts.values())) == 1:
        return path.read_text("utf-8")
    replicas = " ".join(f"{slot}={count}" for slot, count in counts.items())
    command = ["awk", "-v", f"replicas={replicas}", "-f", str(path.parent / SHARE_WEIGHTS), str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def nginx_version() -> tuple[int, ...]:
    """Return the installed nginx's version, as in (1, 22, 1)."""
    answer = subprocess.run(
        [find_program("nginx") or "nginx", "-v"], check=True, capture_output=True, text=True
    )
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", answer.stderr)
    return tuple(map(int, found.groups())) if found else (0,)


def render_nginx(paths: Paths, addresses: Addresses) -> None:
    """Render nginx/ into .local/run/nginx."""
    place = NginxPlace(addresses, paths.temporary, nginx_version())
    render_folder(paths.project / "nginx", paths.run / "nginx", place)


if __name__ == "__main__":
    render_nginx(Paths(), local_addresses(local_settings(Paths().project)))
