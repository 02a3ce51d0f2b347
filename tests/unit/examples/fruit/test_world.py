"""The world of fruit: photographs as the model knows them, on which with drift the evening falls."""

import io
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from examples.fruit.image_set import CLASSES, Picture, draw
from examples.fruit.rendering.composition import render
from examples.fruit.rendering.lighting import EVENING_LAMP, EVENING_SKY, evening, random_light
from examples.fruit.world import FruitWorld


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def colours(drift: float) -> NDArray[np.float32]:
    """Return the mean red, green and blue of some pictures, 0..255."""
    world = FruitWorld()
    pictures = [Image.open(io.BytesIO(world.draw(rng(seed), drift).value)) for seed in range(20)]
    means: NDArray[np.float32] = np.mean([np.asarray(one).mean(axis=(0, 1)) for one in pictures], axis=0)
    return means


def test_an_example_is_a_jpeg_of_what_its_label_says() -> None:
    """The same seed gives the same one."""
    one, again = (FruitWorld().draw(rng(), 0.4) for _ in range(2))
    assert one == again
    assert one.content_type == "image/jpeg"
    assert one.label in CLASSES
    with Image.open(io.BytesIO(one.value)) as picture:
        assert picture.format == "JPEG"


def test_every_class_comes_as_often() -> None:
    """As in the training images."""
    world, random = FruitWorld(), rng()
    labels = [world.draw(random, 0.0).label for _ in range(90)]
    assert all(15 <= labels.count(label) <= 45 for label in CLASSES)


def test_without_drift_the_pictures_are_those_of_the_training() -> None:
    """No evening at all: the image set, bit for bit."""
    for label in CLASSES:
        assert render(label, rng(), 0.0).tobytes() == render(label, rng()).tobytes()
    assert draw(Picture("train", "lemon", 0)).getpixel((40, 40)) == pytest.approx((140, 130, 91), abs=2)


def test_with_drift_it_grows_darker_and_warmer_step_by_step() -> None:
    """Less light with each step, and of that less blue."""
    steps = [colours(drift) for drift in (0.0, 0.25, 0.5, 0.75, 1.0)]
    for before, after in pairwise(steps):
        assert after.sum() < before.sum() - 5
        assert after[2] / after[0] < before[2] / before[0] - 0.03


def test_the_evening_takes_from_all_light() -> None:
    """The lamp's, the sky's, and what comes from the ground: at no share nothing, at half of it the root."""
    day = random_light(rng())
    for share, power in ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0)):
        later = evening(day, share)
        np.testing.assert_allclose(later.lamp / day.lamp, EVENING_LAMP**power, rtol=1e-5)
        np.testing.assert_allclose(later.ground / day.ground, EVENING_LAMP**power, rtol=1e-5)
        np.testing.assert_allclose(later.sky / day.sky, EVENING_SKY**power, rtol=1e-5)
        assert later.direction is day.direction


@pytest.mark.parametrize("drift", [0.0, 1.0])
def test_only_the_light_drifts(drift: float) -> None:
    """The same seed shows the same fruit, in pictures of one size."""
    day, later = FruitWorld().draw(rng(5), 0.0), FruitWorld().draw(rng(5), drift)
    assert day.label == later.label
    assert Image.open(io.BytesIO(day.value)).size == Image.open(io.BytesIO(later.value)).size
