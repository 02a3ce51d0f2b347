"""nginx's answers are counted from its log, and whatever else is sent to that socket hurts nobody."""

import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from proxy.exporter.access_log import Response, Unreadable, parse
from proxy.exporter.metrics import MOST_ADDRESSES, ResponseMetrics
from proxy.exporter.receiver import listen, receive
from tests.ports import free_port
from tests.unit.proxy.conftest import PROJECT, Stack, nginx_of, wait_for

HEAD = b"<190>Nov 29 03:42:03 nginx: "


@pytest.mark.parametrize(
    ("line", "response"),
    [
        (b"predict 200 model_server|short|200|0.012|", Response("model_server", "predict", 200, 0.012, None)),
        (
            b"infer 422 model_server_new|short|422|0.002|",
            Response("model_server_new", "infer", 422, 0.002, None),
        ),
        (b"other 400 ||||", Response("shared", "other", 400, 0.0, None)),
        (b"predict 413 |short|-|-|", Response("shared", "predict", 413, 0.0, None)),
        (
            b"predict 200 model_server|short|504, 200|2.500, 0.020|",
            Response("model_server", "predict", 200, 2.52, "timeout"),
        ),
        (
            b"predict 502 |short|502, 502 : 502|0.000, 0.001 : 0.004|",
            Response("shared", "predict", 502, 0.005, "error"),
        ),
        (
            b"predict 200 model_server_new|short|503 : 200|0.001 : 0.020|",
            Response("model_server_new", "predict", 200, 0.021, "refused"),
        ),
        (
            b"predict 200 model_server|long|503 : 200|0.001 : 9.0|",
            Response("model_server", "predict", 200, 9.001, None),
        ),
        (
            b"predict 200 model_server|long|503 : 503 : 200|0 : 0 : 9|",
            Response("model_server", "predict", 200, 9.0, "refused"),
        ),
        (b"shadow 504 |last|504|2.5|", Response("shared", "shadow", 504, 2.5, None)),
        (
            b"predict 200 model_server|short|502, 200|0.125, 0.25|10.0.0.3:8000, 10.0.0.2:8000",
            Response("model_server", "predict", 200, 0.375, "error", ("10.0.0.3:8000", "10.0.0.2:8000")),
        ),
        (b"predict 200 someone else|short|200|0.1|", Response("shared", "predict", 200, 0.1, None)),
    ],
)
def test_a_line_tells_whose_answer_it_was_and_how_it_came(line: bytes, response: Response) -> None:
    """The time is that of all tries; a request that was given more patience was not retried."""
    assert parse(HEAD + line) == response


HOSTILE = [
    b"",
    b"\n",
    HEAD,
    HEAD + b"predict",
    HEAD + b"predict 200",
    HEAD + b"predict 99 model_server|short|200|0.1|",
    HEAD + b"predict 20000000000000000000 model_server|short|200|0.1|",
    HEAD + b"login 200 model_server|short|200|0.1|",
    HEAD + b"predict 200 model_server|short|200|0.1.1.1|",
    HEAD + b"predict 200 model_server|short|200|" + b"9" * 4000,
    HEAD + b"predict 200 " + b"x" * 4000 + b"|short|200|0.1",
    HEAD + b"predict 200 model_server|short|200|0.1|\nnginx_responses_total 9",
    b"<999999>" + HEAD + b"predict 200 model_server|short|200|0.1|",
    HEAD + b"\xff\x00\xfe" * 100,
    b"0" * 65000,
]


@pytest.mark.parametrize("datagram", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_line_is_told_from_one(datagram: bytes) -> None:
    """Whatever it is, nothing of it is taken."""
    with pytest.raises(Unreadable):
        parse(datagram)


def test_changed_lines_are_read_or_refused_and_never_anything_else() -> None:
    """Ten thousand lines with bytes changed, left out or doubled make no other error, and no odd series."""
    chance = random.Random(7)
    metrics = ResponseMetrics(registry := CollectorRegistry())
    before = len(generate_latest(registry).splitlines())
    line = HEAD + b"predict 200 model_server|short|504, 200|2.500, 0.020|10.0.0.3:8000, 10.0.0.2:8000"
    for _ in range(10_000):
        changed = bytearray(line)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(changed))
            changed[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 3))
        try:
            metrics.count(parse(bytes(changed)))
        except Unreadable:
            metrics.count_unreadable()
    statuses = set(re.findall(r'nginx_responses_total\{.*status="(\d+)"', generate_latest(registry).decode()))
    assert all(re.fullmatch(r"[1-9]\d\d", status) for status in statuses)
    assert len(generate_latest(registry).splitlines()) - before <= 3 * len(statuses) * 3


@pytest.mark.parametrize(
    ("before", "asked"),
    [((), "shared"), (("10.0.0.3:8000",), "model_server_new"), (("10.0.0.9:8000",), "shared")],
)
def test_who_gave_no_answer_is_known_by_its_address(before: tuple[str, ...], asked: str) -> None:
    """Once it has answered from there; a slot that never did is nobody's."""
    metrics = ResponseMetrics(registry := CollectorRegistry())
    for address in before:
        metrics.count(parse(HEAD + f"predict 200 model_server_new|short|200|0.1|{address}".encode()))
    metrics.count(
        parse(HEAD + b"predict 200 model_server|short|504, 200|2.5, 0.1|10.0.0.3:8000, 10.0.0.2:8000")
    )
    labels = {"slot": "model_server", "asked": asked, "reason": "timeout"}
    assert registry.get_sample_value("nginx_requests_retried_total", labels) == 1


def test_addresses_that_are_gone_are_forgotten() -> None:
    """However often containers are made anew."""
    metrics = ResponseMetrics(CollectorRegistry())
    for number in range(3 * MOST_ADDRESSES):
        metrics.count(parse(HEAD + f"predict 200 model_server|short|200|0.1|10.{number}:8000".encode()))
    assert len(metrics._slots_at) <= MOST_ADDRESSES


@pytest.mark.parametrize(("status", "seconds"), [(200, 0.1), (404, 0), (503, 0)])
def test_the_time_of_successes_is_known_by_itself(status: int, seconds: float) -> None:
    """A failure may come fast, or late: neither says how fast the model is."""
    metrics = ResponseMetrics(registry := CollectorRegistry())
    metrics.count(parse(HEAD + f"predict {status} model_server|short|{status}|0.1|".encode()))
    labels = {"slot": "model_server", "kind": "predict"}
    assert registry.get_sample_value("nginx_successful_response_seconds_total", labels) == seconds


@pytest.mark.parametrize("address", ["127.0.0.1:0", "unix:{folder}/socket"])
def test_lines_arrive_by_udp_and_by_a_unix_socket(tmp_path: Path, address: str) -> None:
    """A socket that was left behind is taken over; anybody may write to it."""
    metrics = ResponseMetrics(registry := CollectorRegistry())
    address = address.format(folder=tmp_path)
    listen(address).close()
    with listen(address) as receiver, socket.socket(receiver.family, socket.SOCK_DGRAM) as sender:
        sender.connect(receiver.getsockname())
        if receiver.family == socket.AF_UNIX:
            assert (tmp_path / "socket").stat().st_mode & 0o777 == 0o666
        for datagram in (*HOSTILE[:-1], HEAD + b"infer 200 model_server|short|200|0.1|"):
            sender.send(datagram)
            receive(receiver, metrics)
    labels = {"slot": "model_server", "kind": "infer", "status": "200"}
    assert registry.get_sample_value("nginx_responses_total", labels) == 1
    assert (
        registry.get_sample_value("nginx_log_lines_unreadable_total", {"slot": "shared"}) == len(HOSTILE) - 1
    )


def test_every_known_series_is_there_from_the_start() -> None:
    """At 0, so that a rate sees the first event."""
    ResponseMetrics(registry := CollectorRegistry())
    for slot in ("model_server", "model_server_new", "shared"):
        for labels in ({"kind": "predict", "status": "502"}, {"kind": "infer", "status": "200"}):
            assert registry.get_sample_value("nginx_responses_total", {"slot": slot, **labels}) == 0
        assert (
            registry.get_sample_value(
                "nginx_requests_retried_total", {"slot": slot, "asked": slot, "reason": "timeout"}
            )
            == 0
        )


@dataclass
class Exporter:
    """The program, with the addresses at which it receives and serves."""

    log: str
    served: str

    def start(self) -> None:
        """Start it, again where it was killed."""
        command = [sys.executable, "-m", "proxy.exporter", self.log, self.served]
        self.process = subprocess.Popen(command, cwd=PROJECT)
        wait_for(lambda: bool(counts(self.served)))

    def kill(self) -> None:
        """End it as the kernel would."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(params=["udp", "unix"])
def exporter(stopped: Stack, request: pytest.FixtureRequest) -> Iterator[Exporter]:
    """Run nginx with the exporter beside it."""
    served = f"127.0.0.1:{free_port()}"
    log = served if request.param == "udp" else f"unix:{stopped.temporary}/log"
    stopped.scraped = {"nginx_log_exporter": (log,)}
    running = Exporter(log, served)
    running.start()
    with nginx_of(stopped):
        yield running
    running.kill()


def counts(address: str) -> dict[str, float]:
    """Return every series of the exporter; none where it does not answer."""
    try:
        text = httpx.get(f"http://{address}/metrics").text
    except httpx.TransportError:
        return {}
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    return {series: float(value) for series, value in pairs}


def test_what_nginx_answers_is_counted_by_slot_kind_and_status(stopped: Stack, exporter: Exporter) -> None:
    """nginx's own errors too, and what a second server was asked for."""
    for _ in range(2):
        httpx.post(f"{stopped.url(80)}/v2/models/m/versions/1/infer?x", content=b"{}")
    httpx.post(f"{stopped.url(8000)}/predict", content=b"image")
    httpx.post(f"{stopped.url(80)}/predict", content=b"image", headers={"X-Slot": "model_server_new"})
    httpx.post(f"{stopped.url(80)}/test/predict?x", content=b"image")
    httpx.get(f"{stopped.url(80)}/test/metrics")
    stopped.slots["model_server"].sends_on = "@another_slot"
    for _ in range(2):
        httpx.post(f"{stopped.url(80)}/predict", content=b"image")
    with socket.create_connection(("127.0.0.1", stopped.ports[80])) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert b"400" in connection.recv(100)
    expected = {
        'nginx_responses_total{kind="predict",slot="model_server",status="200"}': 0,
        'nginx_responses_total{kind="predict",slot="model_server_new",status="200"}': 2,
        'nginx_responses_total{kind="infer",slot="model_server",status="200"}': 1,
        'nginx_responses_total{kind="infer",slot="model_server_new",status="200"}': 1,
        'nginx_responses_total{kind="direct",slot="model_server",status="200"}': 1,
        'nginx_responses_total{kind="forced",slot="model_server_new",status="200"}': 1,
        'nginx_responses_total{kind="test",slot="model_server_new",status="200"}': 1,
        'nginx_responses_total{kind="platform",slot="shared",status="404"}': 1,
        'nginx_responses_total{kind="other",slot="shared",status="400"}': 1,
        'nginx_requests_retried_total{asked="model_server",reason="refused",slot="model_server_new"}': 1,
    }
    wait_for(lambda: {name: counts(exporter.served).get(name) for name in expected} == expected)


def test_a_new_exporter_is_told_of_what_comes(stopped: Stack, exporter: Exporter) -> None:
    """While there is none nginx answers all the same."""
    exporter.kill()
    statuses = {httpx.post(f"{stopped.url(8000)}/predict", content=b"image").status_code for _ in range(20)}
    exporter.start()
    series = 'nginx_responses_total{kind="direct",slot="model_server",status="200"}'

    def is_counted() -> bool:
        statuses.add(httpx.post(f"{stopped.url(8000)}/predict", content=b"image").status_code)
        return counts(exporter.served)[series] > 0

    wait_for(is_counted)
    assert statuses == {200}


def test_without_what_counts_nginx_answers_all_the_same(stopped: Stack) -> None:
    """Its log goes nowhere then."""
    stopped.scraped = {"nginx_log_exporter": (f"127.0.0.1:{free_port()}",)}
    with nginx_of(stopped):
        statuses = {httpx.post(f"{stopped.url(80)}/predict", content=b"image").status_code for _ in range(20)}
    assert statuses == {200}
