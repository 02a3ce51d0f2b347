"""The commands, asked of a small server that answers as the program does."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.encoders import jsonable_encoder
from typer.testing import CliRunner, Result

from release.command_line import app
from release.documents import Decision, release_document
from release.lifecycle import Phase, Release
from tests.unit.release.made_up import GATE, NOW, a_decision, a_release

TOKEN = "a-token-of-the-tests"
RUNNING = a_release()


def answer(release: Release, decision: Decision, seen: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what the program answers about a release."""
    document = {"release": release_document(release), "decision": asdict(decision), "seen": seen}
    encoded: dict[str, Any] = jsonable_encoder(document)
    return encoded


class FakeProgram(ThreadingHTTPServer):
    """Answers each request with the next of `answers`, the last one again and again."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, Any, str]] = []
        self.answers: list[tuple[int, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def says(self, *answers: Any, status: int = 200) -> None:
        self.answers = [(status, one) for one in answers]


class Handler(BaseHTTPRequestHandler):
    server: FakeProgram

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        order = json.loads(body) if body else None
        self.server.asked.append((self.command, self.path, order, self.headers.get("Authorization", "")))
        answers = self.server.answers
        status, content = answers.pop(0) if len(answers) > 1 else answers[0]
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def program() -> Iterator[FakeProgram]:
    with FakeProgram() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(program: FakeProgram, *words: str, **variables: str) -> Result:
    environment = {"RELEASE_URL": program.url, "RELEASE_TOKEN": TOKEN, "RELEASE_WHO": "ann", **variables}
    return CliRunner().invoke(app, list(words), env=environment)


def test_status_shows_all_that_is_known(program: FakeProgram) -> None:
    """Phase, step, shares wanted and served, what holds it, each gate with its words, the last decision."""
    held = a_release(held_by="too_little")
    seen = {
        "at": NOW,
        "release": "r1",
        "requests": {"model_server": 190, "model_server_new": 10},
        "gates": [GATE],
    }
    program.says(answer(held, a_decision(held, "hold", why="[red]too little"), seen))
    done = run(program, "status")
    assert done.exit_code == 0
    shown = [" ".join(line.split()) for line in done.output.splitlines()]
    for line in (
        "release r1, by the plan default",
        "candidate cnn 2 (bbbbbbbbbbbb) on model_server_new",
        "phase running",
        "wanted model_server 95 %, model_server_new 5 %",
        "served model_server 95.0%, model_server_new 5.0% of 200 requests in this step",
        "held by too little",
        "decided hold, by controller, 2026-11-29 08:00:00 UTC: [red]too little",
        "error_rate fail 9 of 10 failed.",
    ):
        assert line in shown
    assert program.asked == [("GET", "/release", None, "")]


def test_before_the_first_release_it_says_how_to_start_one(program: FakeProgram) -> None:
    """In one line."""
    program.says({"release": None, "decision": None, "seen": None})
    assert run(program, "status").output.strip().endswith('make release DO="canary start"')
    program.says([])
    assert run(program, "history").output.strip().endswith('make release DO="canary start"')


def test_after_a_restart_the_last_decisions_gates_are_shown(program: FakeProgram) -> None:
    """Until the next look."""
    program.says(answer(RUNNING, a_decision(RUNNING, "hold", gates=[GATE])))
    assert "9 of 10 failed." in run(program, "status").output


@pytest.mark.parametrize("words", [["status", "--json"], ["history", "--json"]])
def test_json_is_the_programs_own_answer(program: FakeProgram, words: list[str]) -> None:
    """Member by member."""
    program.says([{"anything": 1}])
    assert json.loads(run(program, *words).output) == [{"anything": 1}]


def test_watching_ends_with_the_release(program: FakeProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks again and again until then."""
    monkeypatch.setattr("release.command_line.WATCH_SECONDS", 0.01)
    promoted = a_release(phase=Phase.PROMOTED)
    running, ended = (answer(one, a_decision(one)) for one in (RUNNING, promoted))
    program.says(running, running, ended)
    done = run(program, "status", "--watch")
    assert done.exit_code == 0
    assert "promoted" in done.output
    assert len(program.asked) == 3


def test_history_shows_decisions(program: FakeProgram) -> None:
    """As many as are asked for."""
    program.says(jsonable_encoder([asdict(a_decision(RUNNING, "start", "bob"))]))
    done = run(program, "history", "--limit", "7")
    assert " ".join(done.output.splitlines()[1].split()) == "2026-11-29 08:00:00 r1 start bob 5 % so"
    assert program.asked[0][1] == "/decisions?limit=7"


@pytest.mark.parametrize(
    ("words", "path", "order"),
    [
        (["canary", "start"], "/release", {"plan": "default", "who": "ann", "why": ""}),
        (
            ["canary", "start", "--package", "cnn:2"],
            "/release",
            {"plan": "default", "who": "ann", "why": "", "package": "cnn:2"},
        ),
        (
            ["canary", "start", "--plan", "classic", "--who", "bob", "--why", "new data"],
            "/release",
            {"plan": "classic", "who": "bob", "why": "new data"},
        ),
        (["canary", "pause"], "/release/pause", {"who": "ann", "why": ""}),
        (["canary", "resume", "--why", "so"], "/release/resume", {"who": "ann", "why": "so"}),
    ],
)
def test_an_order_carries_the_token_who_and_why(
    program: FakeProgram, words: Sequence[str], path: str, order: Mapping[str, str]
) -> None:
    """And shows what became of the release."""
    program.says(answer(RUNNING, a_decision(RUNNING)))
    done = run(program, *words)
    assert done.exit_code == 0
    assert "running" in done.output
    assert program.asked == [("POST", path, order, f"Bearer {TOKEN}")]


@pytest.mark.parametrize(
    ("words", "under_way", "end"),
    [
        (["canary", "promote"], Phase.PROMOTING, Phase.PROMOTED),
        (["canary", "abort"], Phase.ABORTING, Phase.ABORTED),
        (["rollback"], Phase.ROLLING_BACK, Phase.ROLLED_BACK),
        (["rollback"], Phase.ABORTING, Phase.ABORTED),
    ],
)
def test_what_ends_a_release_is_waited_for(
    program: FakeProgram, words: Sequence[str], under_way: Phase, end: Phase
) -> None:
    """With the time that it took; another end than the one that was ordered is exit code 1."""
    steps = [a_release(phase=one) for one in (under_way, under_way, end)]
    program.says(*(answer(one, a_decision(one)) for one in steps))
    done = run(program, *words)
    assert (done.exit_code, "Done after" in done.output) == (0, True)
    assert [asked[0] for asked in program.asked] == ["POST", "GET", "GET"]
    other = a_release(phase=Phase.PAUSED)
    program.says(answer(other, a_decision(other)))
    done = run(program, *words)
    assert done.exit_code == 1
    assert done.stderr == "not done: the release is paused\n"


def test_what_the_program_refuses_is_its_own_sentence(program: FakeProgram) -> None:
    """On standard error, with exit code 1."""
    program.says({"title": "Not now", "detail": "release r1 is running:\nend it first"}, status=409)
    done = run(program, "canary", "start")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "release r1 is running: end it first\n"


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"<html>", 502, "/release answered 502"),
        ({"release": {"_id": "r1"}}, 200, "the release program is of another version"),
        (b"<html>", 200, "the release program is of another version"),
    ],
)
def test_an_answer_that_is_none_is_one_line(
    program: FakeProgram, content: Any, status: int, said: str
) -> None:
    """And no traceback."""
    program.says(content, status=status)
    done = run(program, "status")
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_program_that_is_away_is_one_line() -> None:
    """It says what starts it."""
    done = CliRunner().invoke(app, ["status"], env={"RELEASE_URL": "http://127.0.0.1:9"})
    assert done.exit_code == 1
    assert done.stderr.startswith("the release program at http://127.0.0.1:9 is away (")
    assert done.stderr.endswith("`make up`\n")


def test_the_token_is_the_one_that_the_programs_share(program: FakeProgram, tmp_path: Path) -> None:
    """Whoever is first makes it; a file that holds none is refused before anything is sent."""
    program.says(answer(RUNNING, a_decision(RUNNING)))
    file = tmp_path / "release/token"
    for _ in range(2):
        assert run(program, "canary", "pause", RELEASE_TOKEN="", RELEASE_TOKEN_FILE=str(file)).exit_code == 0
    assert {one[3] for one in program.asked} == {f"Bearer {file.read_text().strip()}"}
    file.write_text("short")
    done = run(program, "canary", "pause", RELEASE_TOKEN="", RELEASE_TOKEN_FILE=str(file))
    assert (done.exit_code, len(program.asked)) == (1, 2)
    assert "RELEASE_TOKEN_FILE" in done.stderr
