"""The kinds of an attack, and the row that tells of one."""

import pytest

from tests.robustness.attack import KINDS, KNOWN, Attacked, chosen, report
from tests.robustness.figures import Outcomes
from tests.robustness.soak import HOSTILE


def test_every_group_names_kinds_that_there_are() -> None:
    """What the issue tells of, and what the soak sends."""
    assert set(KNOWN) | set(HOSTILE) <= set(KINDS)


def test_known_and_others_are_all() -> None:
    """Nothing is left out, and nothing is sent twice."""
    assert sorted(chosen("known,others")) == sorted(chosen("all")) == sorted(KINDS)


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    """A misspelt name does not pass for a harmless attack."""
    with pytest.raises(SystemExit, match="unknown: tiff_hug; there are known, others, all, tiff_huge_tile"):
        chosen("tiff_hug")


def test_a_row_tells_what_others_lost_and_what_the_attack_was_answered() -> None:
    """Ordinary requests and lost ones, then the answers to both."""
    usual, hostile = Outcomes(), Outcomes()
    for outcome in ("200", "502"):
        usual.add(outcome, 0.02)
    hostile.add("413", 0.1)
    row = report([Attacked("kind", hostile, usual, 1.0)]).splitlines()[1].split()
    assert row == ["kind", "2", "1", "20", "20", "20", "1", "200:1", "502:1", "/", "413:1"]
