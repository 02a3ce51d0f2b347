"""Saved edits count by themselves; wrong ones change nothing."""

from pathlib import Path

import httpx

from tests.unit.proxy.conftest import Stack, wait_for, watching

STABLE = "model_server:8000      weight=1"
CANDIDATE = "model_server_new:8000  weight=1"


def slots_of(stack: Stack, count: int = 10) -> list[str]:
    with httpx.Client(base_url=stack.url(80)) as client:
        return [client.get("/").headers["X-Slot"] for _ in range(count)]


def test_a_saved_edit_counts_within_three_seconds(stack: Stack, watcher_log: Path) -> None:
    """The weights that were written are the shares that are served."""
    stack.edit(STABLE, "model_server:8000 weight=9")
    seconds = wait_for(lambda: slots_of(stack).count("model_server") == 9)
    assert seconds < 3
    assert "reloaded" in watcher_log.read_text()


def test_an_edit_counts_though_the_watcher_was_away(stack: Stack) -> None:
    """It is nginx that has not read it; another start without an edit changes nothing."""

    def write(old: str, new: str) -> None:  # one file, at once
        path = stack.rendered / "default.conf"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    with watching(stack):
        pass
    write("weight=1  max_fails", "weight=9  max_fails")
    with watching(stack):
        wait_for(lambda: slots_of(stack).count("model_server") == 9, seconds=3)
    with watching(stack) as log:
        write("weight=9  max_fails", "weight=4  max_fails")
        wait_for(lambda: slots_of(stack).count("model_server") == 8, seconds=3)
        assert log.read_text().count("reloaded") == 1


def test_a_slot_can_be_taken_out(stack: Stack, watcher_log: Path) -> None:
    """`down` in place of a weight gives everything to the other slot."""
    stack.edit(CANDIDATE, "model_server_new:8000 down")
    wait_for(lambda: set(slots_of(stack)) == {"model_server"}, seconds=3)
    assert "reloaded" in watcher_log.read_text()


def test_a_wrong_edit_leaves_the_old_split_and_says_why_once(stack: Stack, watcher_log: Path) -> None:
    """The log names the mistake and the line of the edited file; the next right edit counts."""
    stack.edit(STABLE, "model_server:8000 weight=0")
    wait_for(lambda: "the old configuration stays in effect" in watcher_log.read_text(), seconds=3)
    line = 1 + stack.source.split.read_text().splitlines().index(
        "    server model_server:8000 weight=0  max_fails=3 fail_timeout=5s  resolve;"
    )
    assert "invalid parameter" in watcher_log.read_text()
    assert f"{stack.source.split}:{line}" in watcher_log.read_text()
    assert slots_of(stack).count("model_server") == 5

    stack.edit("model_server:8000 weight=0", "model_server:8000 weight=4")
    wait_for(lambda: slots_of(stack).count("model_server") == 8, seconds=3)
    assert watcher_log.read_text().count("the old configuration stays in effect") == 1


def test_another_number_of_replicas_counts_as_an_edit(stack: Stack, watcher_log: Path) -> None:
    """nginx reads its files again, and once only."""
    stack.replicas.write_text("model_server=3")
    wait_for(lambda: "reloaded" in watcher_log.read_text(), seconds=3)
    stack.edit(STABLE, "model_server:8000 weight=3")
    wait_for(lambda: slots_of(stack, 4).count("model_server") == 3, seconds=3)
    wait_for(lambda: watcher_log.read_text().count("reloaded") == 2)


def test_no_request_fails_while_the_split_changes(stack: Stack, watcher_log: Path) -> None:
    """A keep-alive client notices nothing of three reloads."""
    with httpx.Client(base_url=stack.url(80)) as client:
        weight = 1
        for reloads in (1, 2, 3):
            stack.edit(
                f"model_server:8000      weight={weight}", f"model_server:8000      weight={weight + 1}"
            )
            weight += 1
            while watcher_log.read_text().count("reloaded") < reloads:
                assert client.post("/predict", content=b"image").status_code == 200
