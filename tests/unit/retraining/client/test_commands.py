"""`python -m retraining.client`: what is asked, what is shown, and the exit code."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from retraining.client import __main__ as client
from retraining.client.program import CannotAsk, RetrainingProgram
from retraining.runs.run import Outcome
from tests.unit.retraining.client.answers import (
    COLLECTED,
    JUDGED,
    PACKAGED,
    RUN,
    FakeProgram,
    ok,
    problem,
    run,
    step,
)

TOKEN = "0123456789abcdef"
PROMOTED = run(Outcome.PROMOTED, "better by every gate", collect=step(COLLECTED), judge=step(JUDGED))
Call = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call a command with a fake program behind it; nobody waits."""
    monkeypatch.setattr(client, "LOOK_SECONDS", 0)
    for name in ("RETRAINING_URL", "RETRAINING_WHO", "RELEASE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RELEASE_TOKEN", TOKEN)

    def call(fake: FakeProgram, *words: str) -> Result:
        transport = httpx.MockTransport(fake)
        monkeypatch.setattr(
            client, "RetrainingProgram", lambda url, token: RetrainingProgram(url, token, transport)
        )
        return CliRunner().invoke(client.app, list(words))

    return call


def test_a_run_is_begun_with_the_token(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whom and why; its id is what other commands take."""
    monkeypatch.setenv("RETRAINING_WHO", "ann")
    fake = FakeProgram(ok(run()))
    done = call(fake, "start", "--why", "new packaging")
    assert (done.exit_code, done.output) == (0, f"{RUN}\n")
    sent = {"who": "ann", "why": "new packaging"}
    assert fake.asked == [("POST", "/runs", sent, f"Bearer {TOKEN}")]


def test_the_token_is_the_stacks_file(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no variable gives it."""
    monkeypatch.delenv("RELEASE_TOKEN")
    monkeypatch.setenv("RELEASE_TOKEN_FILE", str(tmp_path / "token"))
    (tmp_path / "token").write_text("fedcba9876543210\n")
    fake = FakeProgram(ok(run()))
    assert call(fake, "start").exit_code == 0
    assert fake.asked[0][3] == "Bearer fedcba9876543210"
    (tmp_path / "token").write_text("short")
    done = call(fake, "start")
    assert done.exit_code == 2
    assert done.output.startswith("error: RELEASE_TOKEN_FILE: ")


def test_a_run_is_watched_in_lines(call: Call) -> None:
    """Without a terminal: each once, then how it ended."""
    waits = run(collect=step(waits_for="records: 10 of 600 are here"))
    trains = run(collect=step(COLLECTED), train=step())
    fake = FakeProgram(ok(run()), ok(waits), ok(waits), ok(trains), ok(trains), ok(PROMOTED))
    done = call(fake, "start", "--watch")
    assert done.output.splitlines() == [
        f"run {RUN}",
        "collect: waits: records: 10 of 600 are here",
        "collect: done after 90 s: data set 2 (500 train, 120 held-out, 90 golden), candidate 2",
        "train: under way",
        "judge: done after 90 s: pass: golden 90.0% -> 92.0%",
        "promoted: better by every gate",
    ]
    assert done.exit_code == 0


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.PROMOTED}))
def test_only_a_promotion_is_a_success(call: Call, outcome: Outcome) -> None:
    """For scripts; the reason is the last line."""
    done = call(FakeProgram(ok(run(outcome, "this is why"))), "watch", RUN)
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == f"{outcome.replace('_', ' ')}: this is why"


def test_the_newest_run_is_watched_where_none_is_named(call: Call) -> None:
    """And shown."""
    for words in (["watch"], ["show"]):
        fake = FakeProgram(ok([PROMOTED, run()]), ok(PROMOTED))
        assert call(fake, *words).exit_code == 0
        assert fake.asked[0][1] == "/runs"
    none = call(FakeProgram(ok([])), "watch")
    assert (none.exit_code, none.output) == (
        1,
        "error: There has been no run. `make retrain` starts one.\n",
    )


def test_a_program_that_starts_again_is_waited_for(call: Call) -> None:
    """The run goes on where it was; the line says so once."""
    away = httpx.ConnectError("refused")
    fake = FakeProgram(ok(run(train=step())), ok(run(train=step())), away, away, ok(PROMOTED))
    done = call(fake, "watch", RUN)
    assert done.exit_code == 0
    assert done.output.count("no retraining program answers at http://127.0.0.1:5400 (refused)") == 1


def test_a_program_that_stays_away_is_given_up(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0)
    fake = FakeProgram(ok(run()), ok(run()), httpx.ConnectError("refused"))
    done = call(fake, "watch", RUN)
    assert done.exit_code == 2
    assert done.output.splitlines()[-1].endswith("(refused). `make up PROFILES=training` starts it.")


def test_an_interrupted_watch_says_that_the_run_goes_on(call: Call) -> None:
    """And how to see it again."""
    done = call(FakeProgram(ok(run()), KeyboardInterrupt), "watch", RUN)
    assert done.exit_code == 130
    assert f"`watch {RUN}` shows it again" in done.output


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (problem(409, "run x is under way"), 1, "run x is under way"),
        (problem(401, "This is not the token."), 2, "This is not the token. It is RELEASE_TOKEN, or"),
        (problem(500, "broken"), 2, "cannot say now (500): broken"),
        (
            httpx.Response(502, text="<html>"),
            2,
            "(502): http://127.0.0.1:5400/runs answered 502",
        ),
        (
            httpx.Response(200, text="hello"),
            2,
            "at http://127.0.0.1:5400 is no retraining program",
        ),
        (httpx.ConnectError("refused"), 2, "`make up PROFILES=training` starts it."),
    ],
)
def test_what_goes_wrong_is_one_line(
    call: Call, answer: httpx.Response | Exception, code: int, says: str
) -> None:
    """That says what to do; the code tells a refusal from no answer."""
    done = call(FakeProgram(answer), "start")
    (line,) = done.output.splitlines()
    assert (done.exit_code, line.startswith("error: ")) == (code, True)
    assert says in line


@pytest.mark.parametrize("url", ["127.0.0.1:5400", "ftp://here"])
def test_an_address_of_another_kind_is_explained(url: str) -> None:
    """As one that a person has mistyped."""
    with RetrainingProgram(url, lambda: TOKEN) as program, pytest.raises(CannotAsk, match="http://HOST:PORT"):
        program.runs()


def test_runs_are_listed(call: Call) -> None:
    """The newest first, no more than asked for; as JSON for other programs."""
    runs = [run(collect=step(waits_for="records: 1 of 600 are here")), PROMOTED]
    text = call(FakeProgram(ok(runs)), "list").output
    first, second = text.splitlines()[1:]
    assert "ann (asked)" in first
    assert "under way" in first
    assert "records: 1 of 600 are here" in first
    assert second.split()[-7:] == ["2", "2", "promoted", "better", "by", "every", "gate"]
    assert "5.0 min" in second
    assert len(call(FakeProgram(ok(runs)), "list", "--limit", "1").output.splitlines()) == 2
    told = json.loads(call(FakeProgram(ok(runs)), "list", "--json").output)
    assert [one["outcome"] for one in told] == [None, "promoted"]


def test_a_run_is_shown_in_full(call: Call) -> None:
    """With what each check said."""
    text = call(FakeProgram(ok(PROMOTED)), "show", RUN).output
    assert "new packaging" in text
    assert "better by every gate" in text
    assert [line.split() for line in text.splitlines() if "points" in line] == [
        ["accuracy", "golden", "pass", "2", "points", "better"]
    ]
    assert json.loads(call(FakeProgram(ok(PROMOTED)), "show", RUN, "--json").output)["id"] == RUN


def test_the_models_that_runs_made_are_listed(call: Call) -> None:
    """Those that were refused before have none."""
    made = run(
        Outcome.NOT_PROMOTED,
        "slower",
        collect=step(COLLECTED),
        judge=step(JUDGED),
        package=step(PACKAGED),
    )
    heading, *lines = call(FakeProgram(ok([made, PROMOTED])), "models").output.splitlines()
    assert heading.split()[:3] == ["model", "version", "checksum"]
    (line,) = lines
    assert line.split() == [
        *("small-cnn", "2", "abababababab", RUN, "2"),
        *("golden", "90.0%", "->", "92.0%", "not", "promoted"),
    ]
    assert "No run has made a model yet" in call(FakeProgram(ok([PROMOTED])), "models").output


def test_a_terminal_shows_the_steps_and_a_bar(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those to come as well; the bar is what the process under way says."""
    console = Console(force_terminal=True, width=120, record=True, markup=False, highlight=False)
    monkeypatch.setattr(client, "console", lambda: console)
    trains = run(collect=step(COLLECTED), train=step())
    fake = FakeProgram(ok(trains), ok(trains), ok(PROMOTED))
    fake.progress = "reading train: 100%|####| 9/9 [00:01<?] / training:  42%|##  | 84/200 [00:10<?]"
    done = call(fake, "watch", RUN)
    text = console.export_text()
    assert done.exit_code == 0
    assert "data set 2 (500 train" in text
    assert "84/200" in text
    assert "decide" in text
    assert "promoted: better by every gate" in done.output


def test_what_others_wrote_does_nothing_to_a_terminal(call: Call) -> None:
    """Whoever began a run names himself."""
    evil = run(Outcome.FAILED, "a\x1b[2Jb").model_copy(update={"who": "x\x1b]0;y\x07"})
    for words in (["list"], ["show", RUN], ["watch", RUN]):
        answer = ok([evil]) if words == ["list"] else ok(evil)
        assert "\x1b" not in call(FakeProgram(answer), *words).output


@pytest.mark.parametrize("command", ["", "start", "watch", "list", "show", "models"])
def test_each_command_explains_itself(call: Call, command: str) -> None:
    """With its options."""
    done = call(FakeProgram(ok([])), *filter(None, [command]), "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.output


def test_only_a_command_that_changes_something_reads_the_token(call: Call) -> None:
    """The others need none."""
    os.environ.pop("RELEASE_TOKEN")
    fake = FakeProgram(ok([PROMOTED]))
    assert call(fake, "list").exit_code == 0
    assert fake.asked[0][3] == ""


def test_a_run_is_stopped(call: Call) -> None:
    """With who and why, which stand in it."""
    fake = FakeProgram(ok(run()), ok(run()))
    done = call(fake, "stop", RUN, "--who", "ann", "--why", "the wrong plan")
    assert (done.exit_code, done.output) == (0, f"run {RUN} ends before its next step\n")
    sent = {"who": "ann", "why": "the wrong plan"}
    assert fake.asked[-1] == ("POST", f"/runs/{RUN}/stop", sent, f"Bearer {TOKEN}")
