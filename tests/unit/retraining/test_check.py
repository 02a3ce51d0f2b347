"""What checks say together."""

import math

from retraining.check import Check, Verdict, defined, summary


def check(name: str, verdict: Verdict, *, required: bool = False, set_name: str = "golden") -> Check:
    """Return a check that said so."""
    return Check(name, set_name, verdict, f"why {name}.", {}, required)


def test_what_failed_decides_and_alone_gives_the_reasons() -> None:
    """Also where a required check has too few examples."""
    found = summary(
        [
            check("good", Verdict.PASS),
            check("bad", Verdict.FAIL),
            check("few", Verdict.INSUFFICIENT, required=True),
            check("slow", Verdict.FAIL, set_name=""),
        ]
    )
    assert found.verdict is Verdict.FAIL
    assert found.reasons == ("bad (golden): why bad.", "slow: why slow.")


def test_a_required_check_that_cannot_say_makes_it_insufficient() -> None:
    """And one that is not required stops nothing."""
    few = check("few", Verdict.INSUFFICIENT)
    assert summary([few, check("good", Verdict.PASS, required=True)]).verdict is Verdict.PASS
    found = summary([few, check("needed", Verdict.INSUFFICIENT, required=True)])
    assert (found.verdict, found.reasons) == (Verdict.INSUFFICIENT, ("needed (golden): why needed.",))


def test_numbers_that_json_does_not_know_are_left_out() -> None:
    """NaN and infinity; the others are floats."""
    assert defined(one=1, none=math.nan, endless=math.inf) == {"one": 1.0}
