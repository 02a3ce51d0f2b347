"""Lemons: ripe, pale and greenish, with a nipple at either end and a skin full of pores."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from examples.fruit.rendering import canvas as paint
from examples.fruit.rendering.canvas import Canvas, Point
from examples.fruit.rendering.colours import light_of, mix, pick
from examples.fruit.rendering.leaf import draw_leaf
from examples.fruit.rendering.lighting import Finish, shade
from examples.fruit.rendering.noise import wrapped_noise
from examples.fruit.rendering.scene import Scene
from examples.fruit.rendering.surfaces import Body, Floats, Surface, trace, unit

YELLOWS = [(238, 200, 48), (228, 184, 40), (240, 212, 92), (218, 188, 66), (206, 176, 76)]
GREENS = [(164, 168, 60), (132, 148, 58), (186, 182, 74)]
SKIN = (96, 160)
BUTTON = light_of(110, 96, 40)


def draw_lemon(scene: Scene, centre: Point, size: float) -> None:
    """Paint one lemon of `size` pixels' mean radius."""
    rng, axis = scene.rng, _pose(scene.rng)
    surface = trace(scene.shape, centre, size * 0.83, Body(axis, _profile(rng), reach=1.8))
    if min(surface.alpha.shape) < 2:  # it lies outside the picture
        return
    skin, pores = _skin(rng, surface)
    rough = replace(surface, normal=_roughened(surface.normal, pores))
    finish = Finish(rng.uniform(0.08, 0.3), gloss=24, wrap=0.25)
    paint.cover(scene.canvas, rough, shade(skin, rough, scene.light, finish))
    if rng.random() < 0.12:
        end = (centre[0] + axis[0] * size * 1.15, centre[1] + axis[1] * size * 1.15)
        draw_leaf(scene, end, size * rng.uniform(0.6, 1.0))


def _pose(rng: np.random.Generator) -> Floats:
    """Return the direction of the long axis: lying any way round, sometimes pointing at the viewer."""
    turn, lean = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.4)
    return np.array([np.cos(turn) * np.cos(lean), np.sin(turn) * np.cos(lean), np.sin(lean)], np.float32)


def _profile(rng: np.random.Generator) -> Callable[[Floats], Floats]:
    """Return a lemon's radius: an ellipsoid, drawn out to a nipple at either end."""
    stretch, tip, tail = rng.uniform(1.2, 1.5), rng.uniform(0.1, 0.24), rng.uniform(0.0, 0.12)
    flattening = 1 / stretch**2 - 1

    def radius(cosine: Floats) -> Floats:
        nipples = tip * np.exp((cosine - 1) * 24) + tail * np.exp((-cosine - 1) * 24)
        outline: Floats = 1 / np.sqrt(1 + flattening * cosine * cosine) + nipples
        return outline

    return radius


def _skin(rng: np.random.Generator, surface: Surface) -> tuple[Canvas, Floats]:
    """Return the colours of the skin, and the height of its pores (h, w) around 0."""
    patches = (wrapped_noise(rng, SKIN, (3, 4)) - np.float32(rng.uniform(0.3, 0.75))) * np.float32(1.6)
    pores = wrapped_noise(rng, SKIN, (40, 90)) - np.float32(0.5)
    rows = ((surface.along + 1) * (SKIN[0] / 2)).clip(0, SKIN[0] - 1).astype(np.intp)
    columns = (surface.around * SKIN[1]).clip(0, SKIN[1] - 1).astype(np.intp)
    unripe = (patches[rows, columns] + np.float32(0.3)).clip(0, 1)
    height = pores[rows, columns]
    other = pick(rng, GREENS if rng.random() < 0.2 else YELLOWS)
    skin = mix(pick(rng, YELLOWS), other, unripe) * (1 + np.float32(0.25) * height)
    button = np.exp((np.abs(surface.along) - 1) * 160) * np.float32(0.7)
    return mix(skin, BUTTON, button), height


def _roughened(normal: Floats, height: Floats) -> Floats:
    """Return the normals tilted by the slope of the pores."""
    down, across = np.gradient(height)
    tilt = np.stack([across, down, np.zeros_like(down)]).astype(np.float32)
    return unit(normal - tilt * np.float32(0.5))
