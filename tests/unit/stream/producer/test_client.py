"""`make produce`: the running producer's world, from the command line."""

import json
from typing import Any

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from stream.producer import client
from stream.producer.client import ProducerAway, ProducerError, RunningProducer, Speed, line

NOW: dict[str, Any] = {
    **{"world": "fruit", "rate": 50.0, "drift": 0.3, "noise": 0.0, "damage": 0.0, "records": None},
    **{"made": 9, "damaged": 0, "mislabelled": 0, "sent": 7, "waiting": 2, "failed": 0, "fault": None},
}


class FakeProducer:
    """Answers as told, and remembers what was asked; after the answers it is interrupted."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path, json.loads(request.content or b"null")))
        if not self.answers:
            raise KeyboardInterrupt
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def at(fake: FakeProducer) -> RunningProducer:
    return RunningProducer("http://producer", httpx.MockTransport(fake))


def ok(**changes: Any) -> httpx.Response:
    return httpx.Response(200, json=NOW | changes)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    """A terminal that is recorded; nobody waits."""
    console = Console(force_terminal=True, width=160, record=True, highlight=False, markup=False)
    monkeypatch.setattr(client, "shown", console)
    monkeypatch.setattr(client, "LOOK_SECONDS", 0)
    return console


def run(monkeypatch: pytest.MonkeyPatch, fake: FakeProducer, *words: str) -> tuple[int, str]:
    """Call it; return its exit code and what it printed."""
    transport = httpx.MockTransport(fake)
    monkeypatch.setattr(client, "RunningProducer", lambda url: RunningProducer(url, transport))
    called = CliRunner().invoke(client.app, list(words))
    return called.exit_code, called.output


def test_only_what_is_given_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal one line is printed."""
    fake = FakeProducer(ok())
    code, output = run(monkeypatch, fake, "--rate", "50", "--drift", "0")
    assert fake.asked == [("PUT", "/world", {"rate": 50, "drift": 0})]
    assert (code, output) == (0, "fruit: sent 7, 50/s, drift 0.3, 2 waiting, 0 failed\n")


def test_without_options_it_only_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is changed."""
    fake = FakeProducer(ok())
    assert run(monkeypatch, fake)[0] == 0
    assert fake.asked == [("GET", "/world", None)]


def test_a_refusal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the producer says of it."""
    fake = FakeProducer(httpx.Response(422, json={"detail": "drift: too\x1b much"}))
    code, output = run(monkeypatch, fake, "--drift", "2")
    assert (code, output) == (1, "error: drift: too? much\n")


def test_a_live_line_until_it_is_interrupted(monkeypatch: pytest.MonkeyPatch, terminal: Console) -> None:
    """A producer that is away for a moment is said, and asked again; at the end it goes on."""
    fake = FakeProducer(ok(), ok(), httpx.ConnectError("refused"), ok(sent=99))
    code, _ = run(monkeypatch, fake, "--rate", "50")
    assert code == 130
    output = terminal.export_text()
    assert "sent 99" in output
    assert "the producer goes on; `make produce RATE=0` stops it" in output
    assert [method for method, *_ in fake.asked] == ["PUT", "GET", "GET", "GET", "GET"]


def test_so_many_records_have_a_bar(monkeypatch: pytest.MonkeyPatch, terminal: Console) -> None:
    """It ends when Kafka has the last one."""
    fake = FakeProducer(
        ok(records=4),
        ok(records=2),
        ok(rate=0, waiting=1),
        httpx.ConnectError("refused"),
        ok(rate=0, waiting=0),
    )
    code, _ = run(monkeypatch, fake, "--rate", "50", "--records", "4")
    assert code == 0
    assert fake.asked[0] == ("PUT", "/world", {"rate": 50, "records": 4})
    assert "4/4" in terminal.export_text()
    assert fake.answers == []


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (httpx.ConnectError("refused"), ProducerAway, "make up PROFILES=training"),
        (httpx.Response(200, text="<html>"), ProducerError, "is no producer"),
        (httpx.Response(200, json={"rate": 5}), ProducerError, "is no producer"),
        (httpx.Response(404, json={"detail": "Not Found"}), ProducerError, "Not Found"),
    ],
)
def test_what_is_wrong_is_said(answer: httpx.Response | Exception, kind: type[Exception], said: str) -> None:
    """With what to do."""
    with pytest.raises(kind, match=said):
        at(FakeProducer(answer)).world()


def test_an_address_that_is_none_is_said() -> None:
    """With how one is written."""
    with pytest.raises(ProducerError, match="Write http://HOST:PORT"):
        RunningProducer("producer:5300").world()


def test_a_line_says_what_there_is_to_say() -> None:
    """What is 0 is left out, but for failures; a fault comes last."""
    assert line(NOW, 49.96) == "fruit: sent 7, 50.0 of 50/s, drift 0.3, 2 waiting, 0 failed"
    much = NOW | {"noise": 0.1, "damage": 0.02, "records": 12, "waiting": 0, "fault": "Kafka is\naway"}
    assert line(much) == (
        "fruit: sent 7, 50/s, drift 0.3, noise 0.1, damage 0.02, 12 to come, 0 failed: Kafka is?away"
    )
    assert line(NOW | {"world": None}).startswith("no world: ")


def test_the_speed_is_that_of_the_last_seconds() -> None:
    """Not the mean of all; a producer that began anew is no step back."""
    speed = Speed()
    assert speed.after(0.0, 1000) == 0
    assert speed.after(10.0, 1100) == 10
    assert speed.after(20.0, 1600) == pytest.approx(50)
    assert speed.after(21.0, 3) == 0
    assert speed.after(22.0, 23) == 20
