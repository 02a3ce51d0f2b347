"""Ports that are taken are named before anything starts."""

import os
import socket
from collections.abc import Iterator

import pytest

from stack.plain.processes import owner
from stack.ports import Port, complaints


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_taken_port_is_named_with_its_owner_and_the_way_out(listener: socket.socket) -> None:
    """The line says which component wants it, which process has it, and which variable moves it."""
    port = listener.getsockname()[1]
    (line,) = complaints([Port(port, "Prometheus", "PROMETHEUS_PORT")], owner)
    assert f"port {port} (Prometheus) is taken by process {os.getpid()} (" in line
    assert "set PROMETHEUS_PORT in .env" in line


def test_a_free_port_is_no_matter(listener: socket.socket) -> None:
    """Nothing is said about ports that can be used."""
    port = listener.getsockname()[1]
    listener.close()
    assert complaints([Port(port, "Prometheus", "PROMETHEUS_PORT")]) == []


def test_an_address_of_another_machine_is_named() -> None:
    """A BIND_ADDRESS that this machine does not have is said to be wrong."""
    (line,) = complaints([Port(0, "nginx", "HTTP_PORT", address="192.0.2.1")])
    assert "192.0.2.1" in line
    assert "correct BIND_ADDRESS" in line


def test_two_components_cannot_have_one_port(listener: socket.socket) -> None:
    """A .env that gives one port twice is refused before anything starts, with the variables to change."""
    port = listener.getsockname()[1]
    listener.close()
    wanted = [Port(port, "MongoDB", "MONGODB_PORT"), Port(port, "nginx exporter", "INNER_PORTS")]
    assert complaints(wanted) == [
        f"port {port} is wanted by MongoDB and by nginx exporter: change MONGODB_PORT or INNER_PORTS in .env"
    ]
