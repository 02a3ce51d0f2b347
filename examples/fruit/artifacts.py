"""Find out what the slots lack. Nothing here imports torch, so that a run with nothing to do is quick."""

from dataclasses import dataclass
from pathlib import Path

from examples.fruit import image_set
from examples.fruit.slot_packages import SlotPackage, Source, slot_packages
from inference.faults import reference_fault, weights_fault
from inference.manifest import Manifest


@dataclass(frozen=True)
class Options:
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
class Artifacts:
    """One slot's artifacts: what they are made from, and what is wrong with each; None where it is whole."""

    slot: SlotPackage
    source: Source
    manifest: Manifest
    weights_fault: str | None
    reference_fault: str | None
    images: Path
    reference_images: Path

    @property
    def status(self) -> str:
        """Return one line on what the slot lacks."""
        fault = self.weights_fault or self.reference_fault
        if not fault:
            return f"{self.manifest.name} ({self.source}) and its reference are there and whole"
        downloaded = self.weights_fault and self.source is Source.PUBLISHED
        return f"{fault}: {'downloading' if downloaded else 'making'} it"


def check_slots(options: Options) -> list[Artifacts]:
    """Return the artifacts of the slots that are ours to fill; print their status, one line a slot."""
    found = []
    for slot in slot_packages(options.root):
        manifest = slot.manifest_for(options.source)
        if manifest is None:
            print(f"{slot.name}: {own_model(slot)}")
            continue
        artifacts = check_slot(slot, manifest, options)
        print(f"{slot.name}: {artifacts.status}")
        found.append(artifacts)
    return found


def check_slot(slot: SlotPackage, manifest: Manifest, options: Options) -> Artifacts:
    """Return the slot's artifacts, checked against this manifest."""
    weights = weights_fault(slot.package, manifest)
    reference = weights or reference_fault(slot.package, manifest)
    if options.reference_images and not reference:
        reference = f"a reference from {options.reference_images} is asked for"
    held_out = options.images / image_set.REFERENCE
    return Artifacts(
        slot,
        options.source,
        manifest,
        weights,
        reference,
        options.images,
        options.reference_images or held_out,
    )


def own_model(slot: SlotPackage) -> str:
    """Return one line on a slot that serves a model which is not ours to make."""
    return (
        f"{slot.package / 'model.toml'} describes a model of your own: left alone. Its reference: python -m"
        f" inference.reference --package {slot.package} --images FOLDER (or --rows FILE.csv)"
    )
