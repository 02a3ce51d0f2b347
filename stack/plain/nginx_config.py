"""nginx's configuration for the plain processes: the same files, with loopback addresses for service names.

Run as `python -m stack.plain.nginx_config`, it renders whenever nginx/default.conf or proxy/ is edited. Lines
keep their numbers.
"""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from proxy.body_limit import DEFAULT_BYTES, VARIABLE, parse_body_limit
from proxy.directives import Directive, Edit, directives, edited, without
from proxy.render import Look, Rendering, Source, WrongSplit, keep_rendered, rendered, source_of, write_folder
from service.slots import PORT
from stack.paths import Paths
from stack.plain.addresses import Addresses, local_addresses
from stack.plain.packages import find_program
from stack.settings import StackSettings, local_settings

FIRST_WITH_MIN_TIMEOUT = (1, 27, 4)


@dataclass(frozen=True)
class NginxPlace:
    """Where this nginx listens, finds the slots and keeps its files."""

    addresses: Addresses
    temporary: Path
    version: tuple[int, ...]
    most_body_bytes: int = DEFAULT_BYTES
    test_log: Path | None = None  # the access log of test traffic; without one it is in `temporary`

    @property
    def replicas(self) -> dict[str, int]:
        """Return how many replicas each slot has."""
        return {slot: len(addresses) for slot, addresses in self.addresses.slots.items()}


def render(text: str, place: NginxPlace) -> str:
    """Return a configuration file with this place's addresses and without what this nginx does not know."""
    text = _with_listeners(text, place.addresses.nginx_listeners)
    text = _with_addresses(text, place.addresses.slots)
    text = re.sub(r"^[ \t]*resolver(_timeout)?[ \t][^;\n]*;", "", text, flags=re.M)
    if place.test_log:
        text = text.replace(" /tmp/test.log ", f' "{place.test_log}" ')
    text = text.replace(" /tmp/", f" {place.temporary}/")
    text = _with_log_receiver(text, place.addresses.scraped.get("nginx_log_exporter", ()))
    return text if place.version >= FIRST_WITH_MIN_TIMEOUT else _without_min_timeout(text)


def _with_listeners(text: str, listeners: Mapping[int, str]) -> str:
    """Have nginx listen at these addresses, and ask itself there; at once: one may be another's old port."""
    port = f"({'|'.join(map(str, listeners))})"

    def moved(found: re.Match[str]) -> str:
        return found[1] + listeners[int(found[2])]

    text = re.sub(rf"^([ \t]*listen[ \t]+)(?:127\.0\.0\.1:)?{port}(?=;)", moved, text, flags=re.M)
    return re.sub(rf"(server |proxy_pass http://)127\.0\.0\.1:{port}(?=[ $])", moved, text)


def _with_addresses(text: str, slots: Mapping[str, Sequence[str]]) -> str:
    """Put a server for each of a slot's addresses in its name's place; `resolve` goes: there is no DNS."""
    addresses = {f"{slot}:{PORT}": replicas for slot, replicas in slots.items()}
    servers = [one for one in directives(text) if one.words[0].text == "server" and not one.opens_block]
    return edited(text, [edit for one in servers for edit in _server_edits(text, one, addresses)])


def _server_edits(text: str, server: Directive, addresses: Mapping[str, Sequence[str]]) -> list[Edit]:
    unresolved = [without(text, word) for word in server.words if word.text == "resolve"]
    if len(server.words) == 1 or server.words[1].text not in addresses:
        return unresolved
    _, name, *parameters = server.words
    first, *others = addresses[name.text]
    kept = [word.text for word in parameters if word.text != "resolve"]
    copies = "".join(f" {' '.join(['server', address, *kept])};" for address in others)
    return [Edit(name.start, name.end, first), *unresolved, Edit(server.end, server.end, copies)]


def _with_log_receiver(text: str, served: Sequence[str]) -> str:
    """Send the counted log by UDP to the port at which the counts are served; without one, nowhere.

    A Unix socket is for containers: outside of them its queue is the machine's, and often ten lines long.
    """
    if served:
        return text.replace("server=unix:/run/nginx_log_exporter/socket", f"server={served[0]}")
    return re.sub(r"^[ \t]*access_log[ \t]+syslog:[^;\n]*;", "", text, flags=re.M)


def _without_min_timeout(text: str) -> str:
    # On a reload this nginx closes idle connections, maybe just as a client sends on one: it keeps none.
    return re.sub(
        r"^([ \t]*)keepalive_min_timeout[ \t][^;\n]*;", r"\g<1>keepalive_timeout 0;", text, flags=re.M
    )


def render_folder(source: Source, target: Path, place: NginxPlace) -> None:
    """Render every *.conf of the source into a folder, and drop there what the source no longer has."""
    write_folder(target, rendering(place)(Look(source.read(), place.replicas)))


def rendering(place: NginxPlace) -> Rendering:
    """Return what renders nginx's files for this place."""
    return partial(rendered, rewrite=partial(render, place=place), most_body_bytes=place.most_body_bytes)


def nginx_version() -> tuple[int, ...]:
    """Return the installed nginx's version, as in (1, 22, 1)."""
    answer = subprocess.run(
        [find_program("nginx") or "nginx", "-v"], check=True, capture_output=True, text=True
    )
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", answer.stderr)
    return tuple(map(int, found.groups())) if found else (0,)


def render_nginx(paths: Paths, settings: StackSettings) -> None:
    """Render what nginx reads into .local/run/nginx."""
    source, target = source_of(paths.project), paths.run / "nginx"
    try:
        render_folder(source, target, _place(paths, settings))
    except WrongSplit as wrong:
        raise SystemExit("\n".join(wrong.placed(source))) from None


def keep_nginx_rendered(paths: Paths, settings: StackSettings) -> None:
    """Render what nginx reads into .local/run/nginx whenever it changes, for ever."""
    place = _place(paths, settings)
    source = source_of(paths.project)
    keep_rendered(source, paths.run / "nginx", lambda: place.replicas, rendering(place))


def _place(paths: Paths, settings: StackSettings) -> NginxPlace:
    try:
        most_body_bytes = parse_body_limit(settings.variables.get(VARIABLE, ""))
    except ValueError as error:
        raise SystemExit(str(error)) from None
    return NginxPlace(
        local_addresses(settings),
        paths.temporary,
        nginx_version(),
        most_body_bytes,
        test_log=paths.nginx_test_log,
    )


if __name__ == "__main__":
    keep_nginx_rendered(Paths(), local_settings(Paths().project))
