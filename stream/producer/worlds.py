"""Which world there is for a model: that of the example which has its classes or features."""

from collections.abc import Sequence
from pathlib import Path

from examples.fruit.world import FruitWorld
from examples.tabular import NAMES
from examples.tabular.world import RowWorld
from examples.world import World
from inference.manifest import BadModelPackage, Manifest, read_manifest


class NoWorld(Exception):
    """There is no world for the package; the message says which there are and what to do."""


def world_of(package: Path) -> World:
    """Return the world that the package's model answers for.

    Raises:
        NoWorld: the package cannot be read, or is of another task than the examples'.
    """
    try:
        manifest = read_manifest(package)
    except BadModelPackage as error:
        raise NoWorld(f"which world to play is not known without a model package: {error}") from error
    fruit, rows = FruitWorld(), [RowWorld(name) for name in NAMES]
    if manifest.tensor is None:
        if set(manifest.classes) == set(fruit.classes):
            return fruit
    else:
        for world in rows:
            names, others = manifest.tensor.features, world.features
            if set(names) == set(others) and set(manifest.classes) == set(world.classes):
                return world
    raise NoWorld(_advice(manifest, fruit, rows))


def _advice(manifest: Manifest, fruit: FruitWorld, rows: Sequence[RowWorld]) -> str:
    takes = "images" if manifest.tensor is None else f"rows of {', '.join(manifest.tensor.features)}"
    says = f" of the classes {', '.join(manifest.classes)}" if manifest.classes else ""
    there = [f"images of the classes {', '.join(fruit.classes)}"]
    there += [f"rows of {', '.join(one.features)} ({one.name})" for one in rows]
    return (
        f"{manifest.name} takes {takes}{says}, and there is no such world; there are {'; '.join(there)}."
        " Your own data are sent by a program of yours: to the topic, one message for each example, its key"
        " an id that no other has, its headers content-type (image/jpeg or application/json), label"
        " and recorded-at (2026-11-30T12:00:00Z), its value the image file or a JSON object"
        ' {"feature": number, ...}. stream/producer/README.md shows one.'
    )
