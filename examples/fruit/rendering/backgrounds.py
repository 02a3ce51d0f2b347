"""What the fruit lies on or hangs before: wood, cloth, stone, a wall, a garden."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from examples.fruit.rendering import canvas as paint
from examples.fruit.rendering.canvas import Canvas
from examples.fruit.rendering.colours import light_of, mix, pick
from examples.fruit.rendering.noise import clouds, smooth_noise

Shape = tuple[int, int]
Background = Callable[[np.random.Generator, Shape], Canvas]

WOODS = [(150, 104, 62), (112, 74, 44), (186, 146, 98), (92, 62, 44), (168, 132, 100)]
PAINTS = [
    *[(206, 200, 188), (122, 142, 160), (86, 96, 104), (188, 160, 136), (150, 170, 140), (222, 214, 170)],
    *[(120, 60, 56), (64, 84, 70), (176, 148, 70), (98, 76, 112), (232, 232, 230), (44, 46, 52)],
]
LEAVES = [(60, 92, 40), (96, 124, 58), (46, 74, 44), (130, 146, 80)]
GLOWS = [(230, 230, 180), (180, 200, 120), (200, 220, 240)]


def wood(rng: np.random.Generator, shape: Shape) -> Canvas:
    """Return boards with grain along them."""
    grain = smooth_noise(rng, shape, (shape[0] // 3, 3)) * np.float32(0.6)
    grain += clouds(rng, shape, 4) * np.float32(0.4)
    boards = mix(pick(rng, WOODS), pick(rng, WOODS) * np.float32(0.55), grain)
    boards[:, rng.integers(15) :: rng.integers(15, 45)] *= np.float32(0.45)
    return boards


def cloth(rng: np.random.Generator, shape: Shape) -> Canvas:
    """Return a checked or striped tablecloth with soft folds."""
    base, dye = pick(rng, PAINTS), pick(rng, PAINTS)
    frequency, angle = 2 * np.pi / rng.uniform(7, 23), rng.uniform(-0.6, 0.6)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    along = np.sin(frequency * (columns * np.cos(angle) + rows * np.sin(angle))) > 0
    across = np.sin(frequency * (rows * np.cos(angle) - columns * np.sin(angle))) > 0
    bands = (along + across.astype(np.float32)) / 2 if rng.random() < 0.6 else along.astype(np.float32)
    folds = np.float32(0.75) + np.float32(0.5) * clouds(rng, shape, 3, 2)
    return mix(base, dye, bands * np.float32(rng.uniform(0.3, 1))) * folds


def stone(rng: np.random.Generator, shape: Shape) -> Canvas:
    """Return a worktop: marble, granite, concrete."""
    veins = np.abs(clouds(rng, shape, 4, 4) - np.float32(0.5)) * np.float32(rng.uniform(1.5, 5))
    slab = pick(rng, PAINTS)
    vein = slab.mean() * np.float32(rng.uniform(0.2, 1.6)) + slab * np.float32(0.2)
    return mix(vein, slab, veins.clip(0, 1))


def wall(rng: np.random.Generator, shape: Shape) -> Canvas:
    """Return a plain surface, lit more on one side."""
    colour, slope = pick(rng, PAINTS), smooth_noise(rng, shape, (2, 2)) * np.float32(0.8)
    slope += clouds(rng, shape, 10, 2) * np.float32(0.2)
    return mix(colour * np.float32(0.6), colour * np.float32(1.15), slope)


def garden(rng: np.random.Generator, shape: Shape) -> Canvas:
    """Return leaves out of focus, with spots of light between them."""
    dark, bright = pick(rng, LEAVES) * np.float32(0.4), pick(rng, LEAVES) * np.float32(1.2)
    view = mix(dark, bright, clouds(rng, shape, 5))
    for _ in range(rng.integers(3, 12)):
        spot, radius = (rng.uniform(0, shape[1]), rng.uniform(0, shape[0])), rng.uniform(3, 11)
        glow = (paint.ellipse(shape, spot, (radius, radius)) * 3).clip(0, 1)
        paint.blend(view, glow * np.float32(rng.uniform(0.1, 0.5)), pick(rng, GLOWS))
    return view


def room(rng: np.random.Generator, shape: Shape) -> Canvas:
    """Return a table's edge before a wall."""
    view, table = wall(rng, shape), TABLES[int(rng.integers(len(TABLES)))](rng, shape)
    edge = rng.uniform(0.2, 0.6) * shape[0]
    below = ((np.arange(shape[0], dtype=np.float32) - np.float32(edge)) / 2).clip(0, 1)
    paint.blend(view, np.repeat(below[:, None], shape[1], axis=1), table)
    return view


TABLES: list[Background] = [wood, cloth, stone]
BACKGROUNDS: list[Background] = [wood, cloth, stone, wall, garden, room, room]


def random_background(rng: np.random.Generator, shape: Shape) -> Canvas:
    """Return one of the backgrounds; coarser than the fruit: out of focus, and quick."""
    half = (shape[0] + 1) // 2, (shape[1] + 1) // 2
    view = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))](rng, half) + light_of(8, 8, 8)
    enlarged = [
        Image.fromarray(channel).resize((shape[1], shape[0]), Image.Resampling.BILINEAR) for channel in view
    ]
    return np.stack([np.asarray(channel, np.float32) for channel in enlarged])
