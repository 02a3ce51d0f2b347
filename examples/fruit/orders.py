"""Find out what a slot lacks. Nothing here imports torch, so that a run with nothing to do is quick."""

from dataclasses import dataclass
from pathlib import Path

from examples.fruit import image_set
from examples.fruit.slots import Slot, Source, slots
from inference.manifest import Manifest
from inference.wholeness import reference_fault, weights_fault


@dataclass(frozen=True)
class Request:
    """What the operator asked for."""

    root: Path
    source: Source
    reference_images: Path | None
    base_url: str

    @property
    def images(self) -> Path:
        """Return where the rendered images lie."""
        return self.root / "examples/fruit/images"


@dataclass(frozen=True)
class Order:
    """What one slot is to get: `weights` and `reference` say why it needs them, None that they are whole."""

    slot: Slot
    source: Source
    manifest: Manifest
    weights: str | None
    reference: str | None
    images: Path
    reference_images: Path


def find_orders(request: Request) -> list[Order]:
    """Return what the slots lack and say it, one line a slot."""
    orders = []
    for slot in slots(request.root):
        manifest = slot.manifest_for(request.source)
        if manifest is None:
            print(f"{slot.name}: {own_model(slot)}")
            continue
        order = find_order(slot, manifest, request)
        print(f"{slot.name}: {lacking(order)}")
        orders.append(order)
    return orders


def find_order(slot: Slot, manifest: Manifest, request: Request) -> Order:
    """Return what the slot lacks to serve this manifest's weights."""
    weights = weights_fault(slot.package, manifest)
    reference = weights or reference_fault(slot.package, manifest)
    if request.reference_images and not reference:
        reference = f"a reference from {request.reference_images} is asked for"
    held_out = request.images / image_set.REFERENCE
    return Order(
        slot,
        request.source,
        manifest,
        weights,
        reference,
        request.images,
        request.reference_images or held_out,
    )


def lacking(order: Order) -> str:
    """Return one line on what the slot lacks."""
    fault = order.weights or order.reference
    if not fault:
        return f"{order.manifest.name} ({order.source}) and its reference are there and whole"
    return f"{fault}: {'fetching' if order.weights and order.source is Source.PUBLISHED else 'making'} it"


def own_model(slot: Slot) -> str:
    """Return one line on a slot that serves a model which is not ours to make."""
    return (
        f"{slot.package / 'model.toml'} describes a model of your own: left alone. Its reference: python -m"
        f" inference.reference --package {slot.package} --images FOLDER (or --rows FILE.csv)"
    )
