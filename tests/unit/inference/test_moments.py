"""Running mean and variance: those of all rows, or of about the last ones, in whatever portions they come."""

import numpy as np
import pytest
from pydantic import ValidationError

from inference.moments import MomentsState, RunningMoments

MEMORY = 1000
ROWS = np.random.default_rng(5).normal(3, 2, (1000, 4))


def in_portions(size: int, memory: int | None = None) -> RunningMoments:
    """Take all ROWS in, so many at a time."""
    moments = RunningMoments(4, memory=memory)
    for start in range(0, len(ROWS), size):
        moments.add(ROWS[start : start + size])
    return moments


def test_moments_of_known_values() -> None:
    """2, 4, 4, 4, 5, 5, 7, 9 have the mean 5 and the variance 4."""
    moments = RunningMoments(1)
    for value in (2, 4, 4, 4, 5, 5, 7, 9):
        moments.add(np.array([[value]], np.float32))
    assert (moments.rows, moments.mean.tolist()) == (8, [5])
    assert moments.variance.tolist() == pytest.approx([4], rel=1e-12)


@pytest.mark.parametrize("size", [1, 7, 100, 999, 1000])
@pytest.mark.parametrize("memory", [None, MEMORY])
def test_moments_are_numpys_whatever_the_portions(size: int, memory: int | None) -> None:
    """One by one or all at once: the same, up to rounding, as long as nothing has to be forgotten."""
    moments = in_portions(size, memory)
    assert moments.rows == 1000
    np.testing.assert_allclose(moments.mean, ROWS.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moments.variance, ROWS.var(axis=0), rtol=1e-12)


def test_a_small_variance_beside_a_large_mean_is_kept() -> None:
    """A sum of squares would lose it: 1e9 squared leaves no digit for a variance of 1."""
    moments = RunningMoments(1)
    for value in (1e9 - 1, 1e9 + 1) * 500:
        moments.add(np.array([[value]]))
    assert moments.variance[0] == pytest.approx(1, rel=1e-6)


def test_without_a_memory_nothing_is_forgotten() -> None:
    """The first row counts as much as the last one, however many came between."""
    moments = RunningMoments(1)
    for value in (0.0, 1.0):
        for _ in range(50):
            moments.add(np.full((100, 1), value))
    assert (moments.rows, moments.mean[0], moments.variance[0]) == (
        10_000,
        pytest.approx(0.5),
        pytest.approx(0.25),
    )


def test_with_a_memory_the_old_is_forgotten() -> None:
    """After a shift they follow it: a mean of everything since the start would hide it for hours."""
    random = np.random.default_rng(5)
    moments = RunningMoments(1, memory=MEMORY)
    for _ in range(20 * MEMORY):
        moments.add(random.normal(0, 1, (1, 1)))
    for _ in range(5 * MEMORY):
        moments.add(random.normal(10, 3, (1, 1)))
    assert moments.mean[0] == pytest.approx(10, abs=0.5)
    assert moments.variance[0] == pytest.approx(9, rel=0.25)
    moments.add(random.normal(0, 1, (5 * MEMORY, 1)))
    assert moments.mean[0] == pytest.approx(0, abs=0.1)


def test_no_rows_change_nothing() -> None:
    """An empty portion is none, also before the first row."""
    moments = RunningMoments(2)
    moments.add(np.empty((0, 2)))
    assert moments.state == MomentsState(rows=0, mean=(0, 0), variance=(0, 0))


@pytest.mark.parametrize("memory", [None, 300])
def test_moments_go_on_from_a_state_file_as_if_nothing_had_happened(memory: int | None) -> None:
    """Bit for bit: JSON keeps every digit of a state, also of one that has begun to forget."""
    unbroken, broken = RunningMoments(4, memory=memory), RunningMoments(4, memory=memory)
    for portion in np.split(ROWS, 20):
        unbroken.add(portion)
        broken.add(portion)
        text = broken.state.model_dump_json()
        broken = RunningMoments.restore(MomentsState.model_validate_json(text), memory=memory)
    assert broken.rows == 1000
    assert broken.state == unbroken.state


@pytest.mark.parametrize(
    "text",
    [
        '{"rows": 1, "mean": [0], "variance": [0, 0]}',
        '{"rows": -1, "mean": [0], "variance": [0]}',
        '{"rows": 1, "mean": [0], "variance": [-1]}',
        '{"rows": 1, "mean": [NaN], "variance": [0]}',
        '{"rows": 1, "mean": [0]}',
        "",
    ],
)
def test_a_damaged_state_is_refused(text: str) -> None:
    """Rather than counted on: a wrong mean would stay for ever."""
    with pytest.raises(ValidationError):
        MomentsState.model_validate_json(text)
