"""What may be asked of the world."""

import pytest

from stream.producer.conditions import BadConditions, Conditions

NOW = Conditions(rate=5, drift=0.5, noise=0.1, damage=0.2, records=7)


def test_what_is_missing_stays() -> None:
    """Each member is changed by itself."""
    assert NOW.changed(b'{"drift": 1}') == NOW.model_copy(update={"drift": 1.0})
    assert NOW.changed(b"{}") == NOW
    assert NOW.changed(b'{"rate": 50, "drift": 0, "noise": 0, "damage": 0, "records": 3}') == Conditions(
        rate=50, records=3
    )


def test_null_takes_the_end_away() -> None:
    """Records go on then."""
    assert NOW.changed(b'{"records": null}').records is None


@pytest.mark.parametrize(
    "text",
    [
        *['{"rate": -1}', '{"rate": 1000.1}', '{"rate": "5"}', '{"rate": true}', '{"rate": null}'],
        *['{"rate": NaN}', '{"drift": 1.01}', '{"noise": -0.1}', '{"damage": 2}', '{"drift": Infinity}'],
        *[
            '{"records": 0}',
            '{"records": 1.5}',
            '{"records": 10000001}',
            '{"drfit": 0.3}',
            "[]",
            "5",
            "",
            "{",
        ],
    ],
)
def test_what_cannot_be_is_refused_with_what_to_send(text: str) -> None:
    """Unknown members, too, and what is no JSON object."""
    with pytest.raises(BadConditions, match=r"Send some of rate \(0 to 1000 records a second\), drift"):
        NOW.changed(text.encode())


def test_a_refusal_names_the_member() -> None:
    """And every one that is wrong."""
    with pytest.raises(BadConditions, match=r"^rate: .*; drfit: "):
        NOW.changed(b'{"rate": -1, "drfit": 0.3}')


def test_the_last_record_stops_it() -> None:
    """Drift and the shares stay for the next time."""
    one_left = NOW.model_copy(update={"records": 2}).after_one()
    assert (one_left.records, one_left.rate) == (1, 5)
    stopped = one_left.after_one()
    assert (stopped.records, stopped.rate, stopped.drift, stopped.damage) == (None, 0, 0.5, 0.2)
    assert Conditions(rate=3).after_one() == Conditions(rate=3)
