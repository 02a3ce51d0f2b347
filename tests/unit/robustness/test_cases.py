"""The fuzz cases are made from a seed and a number alone."""

from random import Random

import pytest

from tests.robustness.cases import PROTOCOL, UPLOAD, make_case
from tests.robustness.corpus import small_images
from tests.robustness.mutations import MUTATIONS
from tests.robustness.protocol_cases import Model

MODEL = Model("colour", "1")


def test_a_case_is_the_same_for_the_same_seed_and_number() -> None:
    """A failure's number is enough to make it again."""
    for number in range(60):
        assert make_case(7, number, MODEL) == make_case(7, number, MODEL)


def test_another_seed_makes_other_cases() -> None:
    """Each run tries something new."""
    assert [make_case(1, n, MODEL) for n in range(20)] != [make_case(2, n, MODEL) for n in range(20)]


def test_two_of_three_cases_are_uploads() -> None:
    """150,000 cases are 100,000 uploads and 50,000 of the protocol."""
    kinds = [make_case(1, number, MODEL).kind for number in range(30)]
    assert (kinds.count(UPLOAD), kinds.count(PROTOCOL)) == (20, 10)


def test_no_case_is_too_long_for_a_run_of_many() -> None:
    """The cases are small, so that their number counts and not their size."""
    assert max(len(make_case(3, number, MODEL).request) for number in range(600)) < 2**20


def test_every_mutation_changes_the_bytes() -> None:
    """None of them is idle."""
    image = small_images()[0]
    for mutation in MUTATIONS:
        assert any(mutation(Random(seed), image) != image for seed in range(5)), mutation


def test_a_case_is_the_same_at_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compressed does not say when."""
    numbers = range(2, 1500, 3)
    before = [make_case(7, number, MODEL) for number in numbers]
    assert any(b"Content-Encoding: gzip" in case.request for case in before)
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert [make_case(7, number, MODEL) for number in numbers] == before
