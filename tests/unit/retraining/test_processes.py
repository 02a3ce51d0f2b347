"""retraining/processes.py: the process that learns has an end."""

import sys
from pathlib import Path
from threading import Thread

import pytest

from retraining.processes import Processes, ProcessFailed, last_lines
from retraining.runs.running import NotNow
from tests.waiting import until


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_it_says_is_kept(tmp_path: Path) -> None:
    """Both of its streams, in one file."""
    Processes().run(python("import sys; print('a'); print('b', file=sys.stderr)"), tmp_path / "log", 30)
    assert sorted((tmp_path / "log").read_text("utf-8").split()) == ["a", "b"]


def test_a_process_that_fails_tells_its_last_lines(tmp_path: Path) -> None:
    """So that nobody needs the log to know why."""
    with pytest.raises(ProcessFailed, match=r"exit code 3: .*no memory"):
        Processes().run(python("print('no memory'); raise SystemExit(3)"), tmp_path / "log", 30)


def test_a_process_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    """A training that hangs does not hang the run."""
    with pytest.raises(ProcessFailed, match="longer than"):
        Processes().run(python("import time; time.sleep(60)"), tmp_path / "log", 0.5)


def test_who_ends_ends_its_process_and_nothing_counts_as_failed(tmp_path: Path) -> None:
    """The step is done again at the next start."""
    processes, found = Processes(), []

    def run() -> None:
        try:
            processes.run(
                python("print('up', flush=True); import time; time.sleep(60)"), tmp_path / "log", 60
            )
        except NotNow as error:
            found.append(str(error))

    thread = Thread(target=run)
    thread.start()
    log = tmp_path / "log"
    until("it runs", lambda: log.exists() and log.read_bytes() == b"up\n")
    processes.stop()
    thread.join(30)
    assert found == ["this program ends"]
    with pytest.raises(NotNow):
        processes.run(python(""), tmp_path / "log", 30)


def test_of_a_progress_bar_its_last_state_is_shown(tmp_path: Path) -> None:
    """It draws over itself."""
    (tmp_path / "log").write_bytes(b"start\n10%\r20%\r30%\n\n")
    assert last_lines(tmp_path / "log") == "start / 30%"
