"""Counting a slot's replicas in nginx's container, and giving each its share of the slot's weight."""

import subprocess
from pathlib import Path

import pytest

NGINX = Path(__file__).parents[3] / "nginx"
BUSYBOX = "Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\nNon-authoritative answer:\n"
GETENT = """172.18.0.4      STREAM model_server
172.18.0.4      DGRAM
172.18.0.4      RAW
172.18.0.7      STREAM
"""


def program(folder: Path, name: str, answers: dict[str, str]) -> None:
    """Write a place-taker for a program that looks names up; it fails for a name without an answer."""
    for slot, text in answers.items():
        (folder / f"{name}-{slot}.txt").write_text(text)
    path = folder / name
    path.write_text(f'#!/bin/sh\nfor slot in "$@"; do :; done\ncat "{folder}/{name}-$slot.txt"\n')
    path.chmod(0o755)


def replicas(folder: Path, script: str = "replicas.sh", *arguments: str) -> str:
    command = ["sh", str(NGINX / script), *arguments]
    environment = {"PATH": f"{folder}:/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def addresses(*numbers: int) -> str:
    """Return what busybox's nslookup says."""
    return BUSYBOX + "".join(f"Name:\tmodel_server\nAddress: 172.18.0.{number}\n" for number in numbers)


def test_every_address_counts_once(tmp_path: Path) -> None:
    """The DNS server's own address is none of them."""
    program(tmp_path, "nslookup", {"model_server": addresses(3, 4, 12, 4), "model_server_new": addresses(5)})
    assert replicas(tmp_path) == "model_server=3 model_server_new=1"


@pytest.mark.parametrize("known", [{}, {"model_server": BUSYBOX, "model_server_new": BUSYBOX}])
def test_a_slot_that_nobody_knows_counts_as_one(tmp_path: Path, known: dict[str, str]) -> None:
    """Its only replica is being restarted: the shares stay."""
    program(tmp_path, "nslookup", known)
    program(tmp_path, "getent", {})
    assert replicas(tmp_path) == "model_server=1 model_server_new=1"


def test_another_image_may_have_another_program(tmp_path: Path) -> None:
    """Without nslookup it is getent that is asked."""
    program(tmp_path, "nslookup", {})
    program(tmp_path, "getent", {"model_server": GETENT, "model_server_new": GETENT})
    assert replicas(tmp_path) == "model_server=2 model_server_new=2"


def test_nginx_reads_shared_weights(tmp_path: Path) -> None:
    """What is rendered is the folder's files with the weights shared, and nothing that is no longer there."""
    program(tmp_path, "nslookup", {"model_server": addresses(3, 4, 5), "model_server_new": addresses(6)})
    target = tmp_path / "rendered"
    target.mkdir()
    (target / "old.conf").write_text("")
    replicas(tmp_path, "render.sh", str(NGINX), str(target))
    assert {path.name for path in target.iterdir()} == {path.name for path in NGINX.glob("*.conf")}
    split = (target / "default.conf").read_text()
    assert "server model_server:8000      weight=1 " in split
    assert "server model_server_new:8000  weight=3 " in split
    assert (target / "nginx.conf").read_text() == (NGINX / "nginx.conf").read_text()
