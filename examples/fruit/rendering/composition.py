"""Compose one picture: a background, what stands about, shadows, the fruit, what hides it, the camera."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from examples.fruit.rendering import canvas as paint
from examples.fruit.rendering.apple import draw_apple
from examples.fruit.rendering.backgrounds import random_background
from examples.fruit.rendering.canvas import Point
from examples.fruit.rendering.clutter import draw_clutter
from examples.fruit.rendering.colours import developed
from examples.fruit.rendering.grapes import draw_grapes
from examples.fruit.rendering.lemon import draw_lemon
from examples.fruit.rendering.lighting import evening, random_light
from examples.fruit.rendering.noise import grain
from examples.fruit.rendering.scene import Scene

FRUITS: dict[str, Callable[[Scene, Point, float], None]] = {
    "apple": draw_apple,
    "grapes": draw_grapes,
    "lemon": draw_lemon,
}
SHORT_SIDES = (152, 200)
ASPECTS = (1.0, 1.2, 4 / 3)


def render(label: str, rng: np.random.Generator, evening_share: float = 0.0) -> Image.Image:
    """Return a picture of one kind of fruit, all of it decided by `rng`, in more or less of evening light."""
    scene = _empty_scene(rng, evening_share)
    height, width = scene.shape
    size = min(height, width) * rng.uniform(0.22, 0.4)
    centre = (width / 2 + rng.normal(0, 0.1) * width, height / 2 + rng.normal(0, 0.1) * height)
    for _ in range(rng.integers(0, 3)):
        draw_clutter(scene, _near(rng, centre, size * 2.4), size * rng.uniform(0.3, 0.8))
    for place, share in _fruits(rng, label, centre, size):
        _drop_shadow(scene, place, size * share)
        FRUITS[label](scene, place, size * share)
    if rng.random() < 0.35:
        draw_clutter(scene, _near(rng, centre, size * 1.15), size * rng.uniform(0.25, 0.6))
    return _photograph(scene)


def _empty_scene(rng: np.random.Generator, evening_share: float) -> Scene:
    """Return a background in some light: upright, across or square."""
    short = int(rng.integers(*SHORT_SIDES))
    long = int(short * rng.choice(ASPECTS))
    shape = (short, long) if rng.random() < 0.6 else (long, short)
    light = evening(random_light(rng), evening_share)
    return Scene(random_background(rng, shape) * light.on_flat(0.6), light, rng)


def _near(rng: np.random.Generator, centre: Point, distance: float) -> Point:
    """Return a place about so far from the centre."""
    angle, reach = rng.uniform(0, 2 * np.pi), distance * rng.uniform(0.75, 1.15)
    return centre[0] + reach * np.cos(angle), centre[1] + reach * np.sin(angle)


def _fruits(rng: np.random.Generator, label: str, centre: Point, size: float) -> list[tuple[Point, float]]:
    """Return places and relative sizes: one fruit, or a few of the same kind, those behind first."""
    count = 1 if label == "grapes" or rng.random() < 0.6 else int(rng.integers(2, 4))
    others = [(_near(rng, centre, size * 1.5), rng.uniform(0.75, 1.05)) for _ in range(count - 1)]
    return [*sorted(others, key=lambda other: other[0][1]), (centre, 1.0)]


def _drop_shadow(scene: Scene, centre: Point, size: float) -> None:
    """Darken the ground on the side away from the lamp, and where the fruit touches it."""
    (x, y), (across, down, _) = centre, (float(part) for part in scene.light.direction)
    away = (x - across * size * 0.8, y - down * size * 0.75)
    cast = paint.ellipse(scene.shape, away, (size * 1.25, size * 0.7)) * np.float32(1.5)
    touch = paint.ellipse(scene.shape, (x, y + size * 0.72), (size * 0.9, size * 0.4)) * 2
    for shadow in (cast, touch):
        paint.dim(scene.canvas, shadow.clip(0, 1), 0.4)


def _photograph(scene: Scene) -> Image.Image:
    """Return what a camera makes of the light: exposure, vignette, noise, a touch of softness."""
    rng, (height, width) = scene.rng, scene.shape
    lens = paint.ellipse((height, width), (width / 2, height / 2), (width * 1.1, height * 1.1))
    vignette = np.float32(rng.uniform(0.55, 1.15)) * (np.float32(0.55) + np.float32(0.45) * lens)
    noise = grain(rng, scene.shape) * np.float32(rng.uniform(0.003, 0.02))
    pixels = ((developed(scene.canvas * vignette) + noise).clip(0, 1) * 255).astype(np.uint8)
    return Image.fromarray(pixels.transpose(1, 2, 0))
