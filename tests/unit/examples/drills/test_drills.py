"""The table of drills, beside the plans and the commands that it names."""

import re
from pathlib import Path

import pytest

from examples.drills import faults
from examples.drills.drills import DRILLS, Drill
from release.plan import read_plan

PROJECT = Path(__file__).parents[4]
EVERY = [drill for some in DRILLS.values() for drill in some]
HOLDS = {"too_little", "prometheus"}


def test_each_drill_has_a_make_target() -> None:
    """Which shows in `make help`."""
    makefile = (PROJECT / "Makefile").read_text()
    found = re.findall(r"^drill-([a-z]+): ## .+\n\t@\$\(DRILL\) (.+)$", makefile, re.M)
    assert found == [(name, name) for name in DRILLS]


@pytest.mark.parametrize("drill", EVERY, ids=lambda drill: drill.name)
def test_a_drills_plan_has_the_gate_that_is_to_decide(drill: Drill) -> None:
    """The plan is one of release/plan.toml; what holds is no gate."""
    plan = read_plan(drill.plan)
    assert drill.expected.because in {"", *HOLDS, *plan.gates.model_fields_set}


@pytest.mark.parametrize("drill", EVERY, ids=lambda drill: drill.name)
def test_a_drill_may_take_longer_than_its_plan(drill: Drill) -> None:
    """Else it would fail where all is well."""
    plan = read_plan(drill.plan)
    assert drill.most_seconds > 2 * len(plan.steps) * plan.step_seconds


@pytest.mark.parametrize("drill", EVERY, ids=lambda drill: drill.name)
def test_a_drills_fault_is_there(drill: Drill) -> None:
    """As a class that goes before the network's."""
    assert isinstance(getattr(faults, drill.fault), type)


@pytest.mark.parametrize("drill", EVERY, ids=lambda drill: drill.name)
def test_images_that_differ_by_slot_need_visitors_who_stay_there(drill: Drill) -> None:
    """Else nobody knows who is sent where."""
    if drill.then and drill.then.dirty == "candidate":
        assert drill.load.visitors
        assert read_plan(drill.plan).sticky
