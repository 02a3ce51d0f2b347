"""Grapes: a tapering bunch of dark, red or green berries, dusted with bloom."""

from dataclasses import dataclass

import numpy as np

from examples.fruit.rendering import canvas as paint
from examples.fruit.rendering.canvas import Point
from examples.fruit.rendering.colours import Colour, light_of, mix, pick
from examples.fruit.rendering.leaf import draw_leaf
from examples.fruit.rendering.lighting import Finish, shade
from examples.fruit.rendering.scene import Scene
from examples.fruit.rendering.surfaces import Floats, dot, sphere

DARK = [(52, 34, 84), (40, 30, 66), (74, 36, 86), (36, 40, 78)]
RED = [(132, 36, 58), (112, 30, 48), (152, 60, 66)]
GREEN = [(156, 174, 74), (178, 186, 92), (136, 158, 66), (190, 188, 104)]
FAMILIES = [DARK, RED, GREEN]
BLOOM, WOOD = light_of(150, 156, 190), light_of(112, 104, 56)
ATTEMPTS = 220
UPWARD = np.array([0, -0.7, 0.7], np.float32)


@dataclass(frozen=True, eq=False)
class Berry:
    """One berry: where it sits (3,) in units of the bunch's half length, its radius, its bloom."""

    place: Floats
    radius: float
    bloom: float


def draw_grapes(scene: Scene, centre: Point, size: float) -> None:
    """Paint one bunch of about `size` pixels' half length."""
    rng, turn = scene.rng, scene.rng.normal(0, 0.6)
    if rng.random() < 0.2:
        turn = rng.uniform(-np.pi, np.pi)
    _draw_stem(scene, centre, size, turn)
    colour = pick(rng, FAMILIES[int(rng.integers(len(FAMILIES)))])
    for berry in _grow(rng, turn):
        _draw_berry(scene, centre, size, berry, colour)


def _grow(rng: np.random.Generator, turn: float) -> list[Berry]:
    """Return berries thrown into a tapering cone until no more fit, those at the back first."""
    radius, wide, taper = rng.uniform(0.17, 0.28), rng.uniform(0.4, 0.7), rng.uniform(0.2, 0.7)
    bloom, fill = rng.uniform(0.0, 0.4), rng.uniform(0.3, 1.0)
    along, angle, out = rng.random((3, int(ATTEMPTS * fill)), dtype=np.float32)
    breadth, angle = wide * (1 - taper * along) * np.sqrt(out), angle * (2 * np.pi)
    x, y, z = breadth * np.cos(angle), 1.7 * along - 0.85, 0.7 * breadth * np.sin(angle)
    turned = [x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn), z]
    places = _apart(np.stack(turned, axis=-1).astype(np.float32), 1.4 * radius)
    return [Berry(place, radius, bloom) for place in places[np.argsort(places[:, 2])]]


def _apart(places: Floats, distance: float) -> Floats:
    """Return those places (n, 3), in turn, that keep their distance from the ones before."""
    far = ((places[:, None] - places[None]) ** 2).sum(axis=-1) > distance**2
    kept: list[int] = []
    for one in range(len(places)):
        if far[one, kept].all():
            kept.append(one)
    return places[kept]


def _draw_berry(scene: Scene, centre: Point, size: float, berry: Berry, colour: Colour) -> None:
    """Paint one berry; those at the back stand in the shade of the others."""
    rng, (x, y, nearness) = scene.rng, (float(part) for part in berry.place)
    radius = berry.radius * size * rng.uniform(0.88, 1.08)
    ball = sphere(scene.shape, (centre[0] + x * size, centre[1] + y * size), radius)
    own = colour * rng.normal(1, 0.14, (3, 1, 1)).clip(0.5, 1.5).astype(np.float32)
    dust = np.float32(min(max(rng.normal(berry.bloom, 0.1), 0), 0.5))
    skin = mix(own, BLOOM, dust * dot(ball.normal, UPWARD).clip(0, 1))
    shaded = shade(skin, ball, scene.light, Finish(rng.uniform(0.25, 0.5), gloss=50, wrap=0.3))
    edge = np.float32(0.55) + np.float32(0.45) * ball.normal[2]  # neighbours shade a berry's edge
    depth = np.float32(min(max(0.75 + 0.5 * nearness, 0.4), 1.05))
    paint.cover(scene.canvas, ball, shaded * (edge * depth))


def _draw_stem(scene: Scene, centre: Point, size: float, turn: float) -> None:
    """Paint the woody stem at the broad end, and sometimes a leaf."""
    rng, (up_x, up_y) = scene.rng, (np.sin(turn), -np.cos(turn))
    reach, bend = size * rng.uniform(0.65, 1.0), rng.normal(0, 0.15) * size
    root = (centre[0] + up_x * size * 0.5, centre[1] + up_y * size * 0.5)
    middle = (root[0] + up_x * reach * 0.6, root[1] + up_y * reach * 0.6)
    path = paint.curve(root, middle, (root[0] + up_x * reach + bend, root[1] + up_y * reach))
    stem = paint.stroke(scene.shape, path, max(size * 0.05, 1.2))
    paint.blend(scene.canvas, stem, WOOD * scene.light.on_flat())
    if rng.random() < 0.3:
        draw_leaf(scene, path[5], size * rng.uniform(0.6, 1.0))
