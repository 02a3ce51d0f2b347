"""Where each slot's model package lies, and what its `model.toml` says for each source."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from examples.fruit.image_set import CLASSES
from inference.manifest import FILE_NAME, BadModelPackage, ImageInput, Manifest, read_manifest
from service.slots import CANDIDATE, STABLE

IMAGENET = ImageInput(size=150, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


class Source(StrEnum):
    """Where a slot's weights come from."""

    DEMO = "demo"
    PUBLISHED = "published"


@dataclass(frozen=True)
class SlotPackage:
    """One slot's files."""

    name: str
    package: Path
    manifests: dict[Source, Manifest]

    def rendered(self, source: Source) -> str:
        """Return the `model.toml` that serves this source's weights."""
        return render_toml(self.manifests[source])

    def source_of(self, manifest: Manifest) -> Source | None:
        """Return where the served weights come from; None if they are the operator's own."""
        for source, ours in self.manifests.items():
            if (ours.network, ours.weights) == (manifest.network, manifest.weights):
                return source
        return None

    def manifest_for(self, source: Source) -> Manifest | None:
        """Return the manifest to serve this source's weights with; None if the operator's own are served.

        A `model.toml` that names these weights already is kept: its name and version may have been edited.
        """
        if not (self.package / FILE_NAME).exists():
            return self.manifests[source]
        try:
            current = read_manifest(self.package)
        except BadModelPackage:
            return None
        found = self.source_of(current)
        return current if found is source else self.manifests[source] if found else None

    def use(self, source: Source) -> None:
        """Let `model.toml` name this source's weights."""
        path = self.package / FILE_NAME
        if path.exists() and self.source_of(read_manifest(self.package)) is source:
            return  # it may be read-only
        path.write_text(self.rendered(source), "utf-8")  # in place: it may be mounted by itself


def slot_packages(root: Path) -> tuple[SlotPackage, SlotPackage]:
    """Return both slots of the project in `root`."""
    return (
        SlotPackage(
            STABLE,
            root / STABLE / "model",
            {
                Source.DEMO: _demo("small-cnn", "SmallCNN"),
                Source.PUBLISHED: _published("small-cnn", "SmallCNN", "fruit_classifier_state_dict.pt"),
            },
        ),
        SlotPackage(
            CANDIDATE,
            root / CANDIDATE / "model",
            {
                Source.DEMO: _demo("shufflenet", "ShuffleNet"),
                Source.PUBLISHED: _published(
                    "vgg16", "PublishedVGG16", "transfer_learning_model.pt", "probabilities"
                ),
            },
        ),
    )


def render_toml(manifest: Manifest) -> str:
    """Return the manifest as the text of a `model.toml`."""
    text = json.dumps  # a JSON string or list of strings is TOML's too
    return f"""\
name = {text(manifest.name)}
version = {text(manifest.version)}
classes = {text(manifest.classes)}
network = {text(manifest.network)}
weights = {text(manifest.weights)}
sha256 = {text(manifest.sha256)}    # a file as sha256sum writes it, or the 64 digits themselves
reference = {text(manifest.reference)}    # what drift is measured against
reference_sha256 = {text(manifest.reference_sha256)}
input = "image"
outputs = {text(manifest.outputs)}    # "logits", or "probabilities" if the network ends in a softmax

[image]
size = {manifest.image_input.size}    # the short side is resized to it, then the centre is cropped
mean = {text(manifest.image_input.mean)}
std = {text(manifest.image_input.std)}
"""


def _demo(name: str, network: str) -> Manifest:
    return Manifest(
        name=name,
        version="1",
        classes=CLASSES,
        network=f"network.py:{network}",
        weights="artifacts/weights.safetensors",
        sha256="artifacts/weights.sha256",
        reference="artifacts/reference.safetensors",
        reference_sha256="artifacts/reference.sha256",
        input="image",
        image=IMAGENET,
    )


def _published(name: str, network: str, file_name: str, outputs: str = "logits") -> Manifest:
    return _demo(name, network).model_copy(
        update={
            "version": "published",
            "weights": f"artifacts/{file_name}",
            "sha256": f"artifacts/{file_name}.sha256",
            "outputs": outputs,
        }
    )
