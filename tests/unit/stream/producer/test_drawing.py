"""Records of a world: ids, wrong labels, damage."""

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from examples.tabular.world import RowWorld
from stream.producer.conditions import Conditions
from stream.producer.damage import CONTENT_TYPE, LABEL, OF_ALL, OF_IMAGES, RECORDED_AT
from stream.producer.drawing import USED_ID, Drawing, run_id
from tests.unit.stream.producer.made_up import NumberedWorld

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def drawing(seed: int = 1) -> Drawing:
    return Drawing(NumberedWorld(), np.random.default_rng(seed), "run", lambda: NOON)


def test_a_record_has_an_id_and_says_what_it_is() -> None:
    """Ids are numbered; the time is in UTC."""
    source = drawing()
    first, second = (source.draw(Conditions(drift=0.5)).record for _ in range(2))
    assert (first.id, second.id) == ("run-00000001", "run-00000002")
    assert first.value.startswith(b"1 0.5 ")
    assert first.headers == {
        CONTENT_TYPE: "image/jpeg",
        LABEL: "odd",
        RECORDED_AT: "2026-11-30T12:00:00.000+00:00",
    }


def test_the_same_seed_draws_the_same_records() -> None:
    """Wrong labels and damage, too."""
    wrong = Conditions(noise=0.3, damage=0.3)
    one, other = drawing(), drawing()
    assert [one.draw(wrong) for _ in range(50)] == [other.draw(wrong) for _ in range(50)]
    assert drawing(2).draw(wrong) != drawing(3).draw(wrong)


def test_no_two_runs_share_an_id() -> None:
    """Also of two that begin in the same second."""
    assert len({run_id() for _ in range(100)}) == 100


def test_noise_is_the_share_of_labels_that_are_another_class() -> None:
    """Each of the others comes; the value stays."""
    source = drawing()
    drawn = [source.draw(Conditions(noise=0.25)) for _ in range(2000)]
    truth = [("even", "odd")[(number + 1) % 2] for number in range(2000)]
    wrong = [one.record.headers[LABEL] != true for one, true in zip(drawn, truth, strict=True)]
    assert sum(wrong) == pytest.approx(500, abs=80)
    assert wrong == [one.is_mislabelled for one in drawn]
    flipped = Counter(one.record.headers[LABEL] for one in drawn if one.is_mislabelled)
    assert set(flipped) == {"odd", "even", "none"}
    assert not any(one.damage for one in drawn)


def test_a_wrong_number_is_that_of_another_example() -> None:
    """Where labels are no classes."""
    right, wrong = (
        Drawing(RowWorld("regressor"), np.random.default_rng(4), "run").draw(Conditions(noise=noise))
        for noise in (0.0, 1.0)
    )
    assert right.record.value == wrong.record.value
    assert float(right.record.headers[LABEL]) != float(wrong.record.headers[LABEL])


def test_damage_is_the_share_of_records_that_must_be_refused() -> None:
    """Every damage there is comes; what is too large seldom, as it takes much room."""
    source = drawing()
    drawn = [source.draw(Conditions(damage=0.4)) for _ in range(2000)]
    damages = Counter(one.damage for one in drawn if one.damage)
    assert damages.total() == pytest.approx(800, abs=100)
    assert set(damages) == {*OF_ALL, *OF_IMAGES, USED_ID}
    assert min(damages[name] for name in damages if name != "too large") > 5 * damages["too large"]


def test_a_used_id_is_that_of_an_earlier_good_record() -> None:
    """With another content: only the id tells."""
    source = drawing()
    seen: dict[str, bytes] = {}
    for _ in range(500):
        drawn = source.draw(Conditions(damage=0.5))
        if drawn.damage == USED_ID:
            assert seen[drawn.record.id] != drawn.record.value
        else:
            assert drawn.record.id not in seen
        if drawn.damage is None:
            seen[drawn.record.id] = drawn.record.value
