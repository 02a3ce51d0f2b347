"""Waiting until every component is ready."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.plain.components import Component
from stack.plain.readiness import NotReady, wait_until_ready


def component(name: str, complaints: Iterator[str | None]) -> Component:
    return Component(name, "http://x/", name, lambda: next(complaints))


def test_it_returns_when_the_last_component_is_ready(tmp_path: Path) -> None:
    """A component that needs longer is asked again; one that was ready is not."""
    waiting = [component("quick", iter([None])), component("slow", iter(["no answer", "answers 503", None]))]
    wait_until_ready(waiting, seconds=5, states=dict, logs=tmp_path, pause_seconds=0)


def test_a_component_that_never_comes_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    """The complaint shows what the component itself wrote last."""
    (tmp_path / "slow.log").write_text("starting\nOut of luck\n")
    with pytest.raises(NotReady, match=r"slow: no answer(.|\n)*Out of luck"):
        wait_until_ready(
            [component("slow", iter(["no answer"] * 9))],
            seconds=-1,
            states=dict,
            logs=tmp_path,
            pause_seconds=0,
        )


def test_a_program_that_supervisor_gave_up_is_not_waited_for(tmp_path: Path) -> None:
    """The deadline is not sat out for a program that will not start again."""
    with pytest.raises(NotReady, match="does not start"):
        wait_until_ready(
            [component("slow", iter(["no answer"] * 2))],
            seconds=3600,
            states=lambda: {"slow": "FATAL"},
            logs=tmp_path,
            pause_seconds=0,
        )
