"""The light of a scene, and what it makes of a surface."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from examples.fruit.rendering.colours import Colour, channels
from examples.fruit.rendering.surfaces import Surface, dot, unit

Floats = NDArray[np.float32]

VIEWER = np.array([0, 0, 1], np.float32)
RIM = np.float32(0.12)
EVENING_LAMP, EVENING_SKY = channels(0.6, 0.26, 0.07), channels(0.5, 0.3, 0.14)


@dataclass(frozen=True, eq=False)
class Light:
    """One lamp or sun, and the soft light from above and below."""

    direction: Floats  # (3,) unit vector towards the lamp
    lamp: Colour
    sky: Colour
    ground: Colour

    def on_flat(self, share: float = 0.5) -> Colour:
        """Return the light on a thing without shape: the sky's, and a share of the lamp's."""
        return self.sky + self.lamp * np.float32(share)


@dataclass(frozen=True)
class Finish:
    """How a skin throws light back."""

    shine: float  # strength of the highlight
    gloss: float  # its sharpness
    wrap: float = 0.15  # light that seeps past the edge of the shadow


def random_light(rng: np.random.Generator) -> Light:
    """Return morning sun, a kitchen lamp, a dull day: a side, a height, a strength, a colour."""
    direction = unit(
        np.array([rng.uniform(-1.2, 1.2), -rng.uniform(0.5, 1.3), rng.uniform(0.35, 1.1)], np.float32)
    )
    warmth = rng.normal(0, 0.09)
    tint = channels(1 + warmth, 1.0, 1 - 1.2 * warmth)
    strength = rng.uniform(0.75, 1.5)
    soft = strength * rng.uniform(0.25, 0.6)
    return Light(
        direction,
        lamp=tint * np.float32(strength),
        sky=channels(0.9, 1.0, 1.12) * np.float32(soft),
        ground=tint * np.float32(soft * 0.45),
    )


def evening(light: Light, share: float) -> Light:
    """Return the light as it is later in the day: dimmer and warmer, at a share of 1 a street lamp's."""
    lamp, sky = EVENING_LAMP ** np.float32(share), EVENING_SKY ** np.float32(share)
    return replace(light, lamp=light.lamp * lamp, sky=light.sky * sky, ground=light.ground * lamp)


def shade(albedo: Floats, surface: Surface, light: Light, finish: Finish) -> Floats:
    """Return the light (3, h, w) that leaves the surface: wrapped Lambert, hemisphere, Blinn-Phong, rim."""
    normal, wrap = surface.normal, np.float32(finish.wrap)
    diffuse = np.maximum((dot(normal, light.direction) + wrap) / (1 + wrap), 0)
    soft = light.ground + (1 - normal[1]) * (light.sky - light.ground) * np.float32(0.5)
    highlight = np.maximum(dot(normal, unit(light.direction + VIEWER)), 0) ** np.float32(finish.gloss)
    rim = RIM * (1 - normal[2].clip(0, 1)) ** 3
    leaving: Floats = albedo * (light.lamp * diffuse + soft)
    leaving += highlight * (light.lamp * np.float32(finish.shine)) + rim * light.sky
    return leaving
