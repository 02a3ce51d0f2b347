"""Things that stand about: balls, cups, leaves, sticks. They distract from the fruit, or hide it."""

import numpy as np

from examples.fruit.rendering import canvas as paint
from examples.fruit.rendering.canvas import Point
from examples.fruit.rendering.colours import light_of, pick
from examples.fruit.rendering.leaf import draw_leaf
from examples.fruit.rendering.lighting import Finish, shade
from examples.fruit.rendering.scene import Scene
from examples.fruit.rendering.surfaces import sphere

PAINTS = [
    *[(176, 36, 40), (230, 200, 70), (60, 100, 160), (226, 224, 218), (60, 60, 64), (40, 60, 110)],
    *[(214, 120, 40), (120, 160, 150), (150, 104, 70), (196, 150, 170), (90, 140, 190)],
]


def draw_ball(scene: Scene, place: Point, size: float) -> None:
    """Paint a toy ball, now and then in a fruit's colour."""
    ball = sphere(scene.shape, place, size)
    finish = Finish(scene.rng.uniform(0, 0.6), scene.rng.uniform(15, 60))
    paint.cover(scene.canvas, ball, shade(pick(scene.rng, PAINTS), ball, scene.light, finish))


def draw_cup(scene: Scene, place: Point, size: float) -> None:
    """Paint an upright cup that is lighter on the lamp's side."""
    (x, y), foot = place, size * scene.rng.uniform(0.5, 0.8)
    half = size * 0.8
    outline = [(x - half, y - size), (x + half, y - size), (x + foot, y + size), (x - foot, y + size)]
    across = (np.arange(scene.shape[1], dtype=np.float32) - np.float32(x)) / np.float32(half)
    towards, depth = scene.light.direction[0], np.sqrt((1 - across**2).clip(0.05, 1))
    lamp = (depth * scene.light.direction[2] + across.clip(-1, 1) * towards).clip(0, None)
    lit = scene.light.sky * np.float32(0.7) + lamp * scene.light.lamp
    paint.blend(scene.canvas, paint.polygon(scene.shape, outline), pick(scene.rng, PAINTS) * lit)


def draw_stick(scene: Scene, place: Point, size: float) -> None:
    """Paint a twig, a spoon's handle or a basket's rod right across the place."""
    angle, (x, y), reach = scene.rng.uniform(0, np.pi), place, 6 * size
    across, down = np.cos(angle) * reach, np.sin(angle) * reach
    width = size * scene.rng.uniform(0.12, 0.4)
    rod = paint.stroke(scene.shape, [(x - across, y - down), (x + across, y + down)], width)
    paint.blend(scene.canvas, rod, pick(scene.rng, PAINTS) * scene.light.on_flat(0.4))


def draw_leaves(scene: Scene, place: Point, size: float) -> None:
    """Paint one or two leaves over the place."""
    rng = scene.rng
    for _ in range(rng.integers(1, 3)):
        root = (place[0] + rng.normal(0, size), place[1] + rng.normal(0, size))
        draw_leaf(scene, root, size * rng.uniform(1.2, 2.4))


def draw_napkin(scene: Scene, place: Point, size: float) -> None:
    """Paint the corner of a napkin over the place."""
    first = scene.rng.uniform(0, 2 * np.pi)
    angles = [first, first + 1.4, first + 2.9, first + 4.4]
    corners = [(place[0] + size * 1.1 * np.cos(a), place[1] + size * 1.1 * np.sin(a)) for a in angles]
    colour = pick(scene.rng, PAINTS) + light_of(20, 20, 20)
    paint.blend(scene.canvas, paint.polygon(scene.shape, corners), colour * scene.light.on_flat())


THINGS = [draw_ball, draw_ball, draw_cup, draw_stick, draw_leaves, draw_napkin]


def draw_clutter(scene: Scene, place: Point, size: float) -> None:
    """Paint one thing of any kind at the place."""
    THINGS[int(scene.rng.integers(len(THINGS)))](scene, place, size)
