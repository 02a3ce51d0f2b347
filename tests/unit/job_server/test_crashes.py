"""Whose fault a lost process is."""

from pathlib import Path

import pytest

from job_server.worker.crashes import OutOfMemoryKills, is_own_fault


@pytest.mark.parametrize(
    ("words", "out_of_memory", "own"),
    [
        ("Worker exited prematurely: signal 9 (SIGKILL) Job: 5.", False, False),
        ("Worker exited prematurely: signal 9 (SIGKILL) Job: 5.", True, True),
        ("Worker exited prematurely: signal 11 (SIGSEGV) Job: 5.", False, True),
        ("Worker exited prematurely: signal 14 (SIGALRM) Job: 0.", False, True),
        ("Worker exited prematurely: exitcode 0 Job: 0.", False, True),
    ],
)
def test_a_kill_from_outside_is_nobodys(words: str, out_of_memory: bool, own: bool) -> None:
    """All else is that of what was in hand."""
    assert is_own_fault(words, out_of_memory=out_of_memory) is own


def test_the_kernels_kills_are_counted(tmp_path: Path) -> None:
    """Those since it was last asked; without the file there are none."""
    file = tmp_path / "memory.events"
    assert not OutOfMemoryKills(file).has_more()
    file.write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    kills = OutOfMemoryKills(file)
    assert not kills.has_more()
    file.write_text("low 0\noom 4\noom_kill 3\noom_group_kill 0\n")
    assert kills.has_more()
    assert not kills.has_more()
