"""Apples: red, green, yellow and two-coloured, with dimple, stem, specks and now and then a leaf."""

from collections.abc import Callable

import numpy as np

from examples.fruit.rendering import canvas as paint
from examples.fruit.rendering.canvas import Canvas, Point
from examples.fruit.rendering.colours import light_of, mix, pick
from examples.fruit.rendering.leaf import draw_leaf
from examples.fruit.rendering.lighting import Finish, shade
from examples.fruit.rendering.noise import wrapped_noise
from examples.fruit.rendering.scene import Scene
from examples.fruit.rendering.surfaces import Body, Floats, Surface, trace

REDS = [(168, 22, 30), (140, 16, 34), (190, 44, 36), (112, 14, 32)]
GREENS = [(128, 164, 40), (152, 178, 60), (104, 146, 44), (172, 190, 84)]
YELLOWS = [(226, 188, 70), (214, 196, 92), (232, 204, 110), (220, 170, 60)]
RED, BLUSHING, STREAKED, GREEN, RIPENING, YELLOW = (
    (REDS, REDS),
    (REDS, YELLOWS),
    (REDS, GREENS),
    (GREENS, GREENS),
    (GREENS, YELLOWS),
    (YELLOWS, YELLOWS),
)
KINDS = [RED, BLUSHING, STREAKED, GREEN, RIPENING, YELLOW]
CHANCES = [0.4, 0.21, 0.18, 0.15, 0.03, 0.03]
SKIN = (48, 128)
CREAM, DIMPLE, WOOD = light_of(232, 214, 160), light_of(96, 92, 40), light_of(92, 66, 36)


def draw_apple(scene: Scene, centre: Point, size: float) -> None:
    """Paint one apple of `size` pixels' radius."""
    rng, axis = scene.rng, _pose(scene.rng)
    surface = trace(scene.shape, centre, size, Body(axis, _profile(rng), reach=1.2))
    root = (centre[0] + axis[0] * size * 0.68, centre[1] + axis[1] * size * 0.68)
    stem_is_hidden = axis[2] < -0.15
    if stem_is_hidden:
        _draw_stem(scene, root, size, axis)
    skin = shade(_skin(rng, surface), surface, scene.light, Finish(rng.uniform(0.1, 0.5), gloss=40))
    paint.cover(scene.canvas, surface, skin)
    if not stem_is_hidden:
        _draw_stem(scene, root, size, axis)


def _pose(rng: np.random.Generator) -> Floats:
    """Return the direction of the stem: mostly upright, leaning to a side and to the viewer."""
    lean, roll = rng.uniform(-0.45, 1.0), rng.normal(0, 0.35)
    if rng.random() < 0.15:
        roll = rng.uniform(-np.pi, np.pi)
    return np.array([np.sin(roll) * np.cos(lean), -np.cos(roll) * np.cos(lean), np.sin(lean)], np.float32)


def _profile(rng: np.random.Generator) -> Callable[[Floats], Floats]:
    """Return an apple's radius: a ball, broader at its shoulders, with a dimple at either end."""
    top, bottom, taper = rng.uniform(0.3, 0.42), rng.uniform(0.16, 0.28), rng.uniform(0.02, 0.09)
    squat = rng.uniform(-0.06, 0.1)

    def radius(cosine: Floats) -> Floats:
        dimples = top * np.exp((cosine - 1) * 14) + bottom * np.exp((-cosine - 1) * 18)
        outline: Floats = 1 - dimples + taper * cosine - squat * cosine * cosine
        return outline

    return radius


def _skin(rng: np.random.Generator, surface: Surface) -> Canvas:
    """Return the colours of the skin: a blush over a ground, streaks along it, specks, the dimple."""
    over, under = KINDS[int(rng.choice(len(KINDS), p=CHANCES))]
    patches = wrapped_noise(rng, SKIN, (3, 4)) * np.float32(0.75)
    streaks = wrapped_noise(rng, SKIN, (2, 48)) * np.float32(0.35)
    blush = ((patches + streaks - np.float32(rng.uniform(0.2, 0.52))) * 4 + np.float32(0.5)).clip(0, 1)
    specks = (rng.random(SKIN) < 0.02) * np.float32(rng.uniform(0, 0.35))
    rows = ((surface.along + 1) * (SKIN[0] / 2)).clip(0, SKIN[0] - 1).astype(np.intp)
    columns = (surface.around * SKIN[1]).clip(0, SKIN[1] - 1).astype(np.intp)
    skin = mix(pick(rng, under), pick(rng, over), blush[rows, columns])
    skin = mix(skin, CREAM, specks[rows, columns])
    below_rim = surface.along - 1
    skin = mix(skin, DIMPLE, np.exp(below_rim * 22) * np.float32(0.6))
    shade: Floats = 1 - np.float32(0.6) * np.exp(below_rim * 50)
    return skin * shade


def _draw_stem(scene: Scene, root: Point, size: float, axis: Floats) -> None:
    """Paint the stem out of the dimple, and sometimes a leaf on it."""
    rng, (across, down, near) = scene.rng, (float(part) for part in axis)
    if rng.random() < 0.2:
        return
    reach, bend = rng.uniform(0.25, 0.55) * size, rng.normal(0, 0.12) * size
    tip = (root[0] + across * reach + bend, root[1] + down * reach - abs(near) * reach * 0.4)
    path = paint.curve(root, ((root[0] + tip[0]) / 2 - bend / 2, (root[1] + tip[1]) / 2), tip)
    stem = paint.stroke(scene.shape, path, max(size * 0.075, 1.2))
    paint.blend(scene.canvas, stem, WOOD * scene.light.on_flat())
    if rng.random() < 0.3:
        draw_leaf(scene, path[6], size * rng.uniform(0.5, 0.9))
