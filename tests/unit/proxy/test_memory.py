"""nginx fits into its memory, whatever strangers send."""

import re
from pathlib import Path
from typing import Any

import yaml

from proxy.body_limit import MOST_BYTES
from proxy.directives import directives

PROJECT = Path(__file__).parents[3]
PROCESS = 16 * 2**20  # of nginx without a connection
SOCKETS = 64 * 2**20  # the kernel's, which count as well
TEST_LOG = 11 * 2**20  # before reload_watcher.sh sees that it has 10 MB; and the one before
UNITS = {"": 1, "k": 2**10, "m": 2**20}


def in_bytes(size: str) -> int:
    found = re.fullmatch(r"(\d+)([km]?)", size)
    assert found, size
    return int(found[1]) * UNITS[found[2]]


def nginx_service() -> dict[str, Any]:
    text = (PROJECT / "docker-compose.yml").read_text("utf-8")
    services = yaml.safe_load(re.sub(r"!(reset|override)", "", text))["services"]  # Compose's own tags
    return dict(services["nginx"])


def room_for_bodies() -> int:
    (mount,) = nginx_service()["tmpfs"]
    return in_bytes(str(mount).split("size=")[1].split(",")[0])


def written(name: str) -> list[str]:
    """Return the arguments of a directive of nginx.conf."""
    text = (PROJECT / "proxy/nginx.conf").read_text("utf-8")
    (found,) = [one for one in directives(text) if one.words[0].text == name]
    return list(found.texts[1:])


def product_of(name: str) -> int:
    count, size = written(name)
    return int(count) * in_bytes(size)


def test_bodies_buffers_and_processes_fit_into_the_containers_memory() -> None:
    """Every connection with all its buffers full, beside a full /tmp; after a reload the old workers' too."""
    connection = (
        in_bytes(written("client_body_buffer_size")[0])
        + product_of("large_client_header_buffers")
        + in_bytes(written("proxy_buffer_size")[0])
        + product_of("proxy_buffers")
    )
    process = PROCESS + int(written("worker_connections")[0]) * connection
    zones = sum(
        in_bytes(one.words[2].text)
        for path in (PROJECT / "proxy").glob("*.conf")
        for one in directives(path.read_text("utf-8"))
        if one.words[0].text == "zone"
    ) + sum(
        in_bytes(word.text.rpartition(":")[2])
        for path in (PROJECT / "proxy").glob("*.conf")
        for one in directives(path.read_text("utf-8"))
        if one.words[0].text in {"limit_conn_zone", "limit_req_zone"}
        for word in one.words
        if word.text.startswith("zone=")
    )
    rendered_zones = 5 * 256 * 2**10  # of the fallbacks, and of an experiment
    needed = (
        room_for_bodies()
        + 2 * int(written("worker_processes")[0]) * process
        + zones
        + rendered_zones
        + SOCKETS
    )
    limit = nginx_service()["deploy"]["resources"]["limits"]["memory"]
    print(f"needed {needed / 2**20:.0f} MiB of {limit}")
    assert needed <= in_bytes(limit)


def test_who_waits_leaves_half_of_the_connections_to_others() -> None:
    """Each place has the client's, two each for the wait and its turn, and the one that looks for a slot."""
    text = (PROJECT / "proxy/waiting.conf").read_text("utf-8")
    (places,) = [one.texts[2] for one in directives(text) if one.words[0].text == "limit_conn"]
    connections = int(written("worker_connections")[0]) * int(written("worker_processes")[0])
    assert 6 * int(places) <= connections / 2


def room_for_copies() -> int:
    """Return what the bodies of a shadow's copies may take, each kept until its slot has answered."""
    text = (PROJECT / "proxy/shadow.conf").read_text("utf-8")
    found = {one.words[0].text: one.texts for one in directives(text)}
    return int(found["limit_conn"][2]) * in_bytes(found["client_max_body_size"][1])


def test_the_largest_bodies_leave_room_for_each_other() -> None:
    """Four of the largest that may be set fit at once, beside a shadow's and the log of test traffic."""
    assert room_for_bodies() - room_for_copies() - 2 * TEST_LOG >= 4 * MOST_BYTES


def test_answers_take_none_of_the_room_for_bodies() -> None:
    """A client that reads slowly makes no file."""
    assert "proxy_max_temp_file_size 0;" in (PROJECT / "proxy/proxy.conf").read_text("utf-8")
