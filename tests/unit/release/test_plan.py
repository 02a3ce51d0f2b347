"""A plan is read whole, or refused with the place of what is wrong in it."""

from pathlib import Path

import pytest

from release.plan import PLAN_FILE, WrongPlan, read_plan, read_plans

GOOD = """
[mine]
steps = [5, 50]
step_seconds = 60
min_requests = 10
[mine.gates.error_rate]
required = true
"""


def test_the_shipped_plans_are_right() -> None:
    """The default one uses all gates that compare; `classic` looks at the mean latency."""
    plans = read_plans(PLAN_FILE.read_text())
    default, classic = plans["default"], plans["classic"]
    assert default.gates.model_fields_set == set(type(default.gates).model_fields) - {"mean_latency"}
    assert classic.steps == (20,)
    assert classic.gates.mean_latency
    assert classic.gates.mean_latency.seconds == 0.5


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[5, 50]", "[50, 5]", "mine.steps: each step must be larger"),
        ("[5, 50]", "[5, 100]", "mine.steps.1"),
        ("[5, 50]", "[]", "mine.steps"),
        ("[5, 50]", "5", "mine.steps"),
        ("step_seconds = 60", "step_seconds = nan", "mine.step_seconds"),
        ("step_seconds", "step_minutes", "mine.step_minutes: Extra inputs"),
        ("error_rate", "eror_rate", "mine.gates.eror_rate"),
        ("[mine.gates.error_rate]\nrequired = true", "[mine.gates]", "mine.gates: a plan needs a gate"),
        ("required = true", "required = 3", "mine.gates.error_rate.required"),
        ("[mine]", "[mine", "plan.toml: "),
    ],
)
def test_a_mistake_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    """Before anything starts."""
    assert old in GOOD
    with pytest.raises(WrongPlan) as refused:
        read_plans(GOOD.replace(old, new))
    assert said in str(refused.value)


def test_requests_of_visitors_who_stay_are_no_draws() -> None:
    """Their ratio is the visitors', each of whom counts many times over: it would hold good releases."""
    sticky = GOOD.replace("min_requests", "sticky = true\nmin_requests")
    assert read_plans(sticky)["mine"].sticky
    with pytest.raises(WrongPlan, match=r"mine.gates: sample_ratio takes each request for a draw"):
        read_plans(f"{sticky}\n[mine.gates.sample_ratio]")


def test_a_plan_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    """So is a file that cannot be read."""
    file = tmp_path / "plan.toml"
    with pytest.raises(WrongPlan, match="cannot be read"):
        read_plan("mine", file)
    file.write_text(GOOD)
    with pytest.raises(WrongPlan, match="no plan 'other'; it has mine"):
        read_plan("other", file)
    assert read_plan("mine", file).steps == (5, 50)
