"""The renderer draws any fruit, the same way for the same seed."""

import numpy as np
import pytest
from PIL import Image, ImageChops

from examples.fruit.rendering.colours import light_of
from examples.fruit.rendering.composition import FRUITS, render
from examples.fruit.rendering.damage import DAMAGES, Damage, damage
from examples.fruit.rendering.lighting import random_light
from examples.fruit.rendering.scene import Scene
from examples.fruit.rendering.surfaces import Body, sphere, trace

FRUIT = sorted(FRUITS)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("label", FRUIT)
def test_the_same_seed_draws_the_same_picture(label: str) -> None:
    """Whoever renders the image set gets the same one."""
    assert render(label, rng()).tobytes() == render(label, rng()).tobytes()


@pytest.mark.parametrize("label", FRUIT)
def test_another_seed_draws_another_picture(label: str) -> None:
    """No two numbers share a picture."""
    assert render(label, rng(1)).tobytes() != render(label, rng(2)).tobytes()


@pytest.mark.parametrize("label", FRUIT)
def test_a_picture_is_small_and_has_contrast(label: str) -> None:
    """A picture shows something, and is small enough to be sent by the thousand."""
    for seed in range(5):
        picture = render(label, rng(seed))
        assert picture.mode == "RGB"
        assert 150 <= min(picture.size) <= max(picture.size) <= 320
        assert np.asarray(picture.convert("L")).std() > 5


@pytest.mark.parametrize("label", FRUIT)
@pytest.mark.parametrize("centre", [(-500.0, 50.0), (50.0, 999.0), (-40.0, 30.0), (0.0, 0.0)])
def test_a_fruit_may_lie_at_or_beyond_the_edge(label: str, centre: tuple[float, float]) -> None:
    """What is outside the picture is cut off, and is no error."""
    canvas = np.broadcast_to(light_of(90, 90, 90), (3, 60, 80)).copy()
    FRUITS[label](Scene(canvas, random_light(rng()), rng()), centre, 40.0)
    assert canvas.shape == (3, 60, 80)
    assert np.isfinite(canvas).all()


def test_a_traced_ball_is_a_sphere() -> None:
    """Sphere tracing finds what the closed form says."""
    axis = np.array([0, 0, 1], np.float32)
    traced = trace((90, 90), (45.0, 45.0), 30.0, Body(axis, np.ones_like, reach=1.1))
    exact = sphere((90, 90), (45.0, 45.0), 30.0)
    assert traced.alpha.sum() == pytest.approx(exact.alpha.sum(), rel=0.04)
    middle = (slice(None), traced.normal.shape[1] // 2, traced.normal.shape[2] // 2)
    np.testing.assert_allclose(traced.normal[middle], [0, 0, 1], atol=0.05)


@pytest.mark.parametrize("one", DAMAGES, ids=lambda one: str(one.__name__))
def test_every_damage_shows(one: Damage) -> None:
    """Blur, noise, darkness, cast and compression each change a picture and keep its size."""
    clean = render("apple", rng())
    dirty = one(clean, rng())
    assert dirty.size == clean.size
    assert difference(clean, dirty) > 1


def test_a_spoilt_picture_differs_much_from_the_clean_one() -> None:
    """A dirty picture is a clean one, spoilt in several ways."""
    clean = render("lemon", rng())
    differences = [difference(clean, damage(clean, rng(seed))) for seed in range(10)]
    assert min(differences) > 5


def difference(first: Image.Image, second: Image.Image) -> float:
    """Return the mean difference of two pictures' values, 0..255."""
    return float(np.asarray(ImageChops.difference(first, second), np.float32).mean())
