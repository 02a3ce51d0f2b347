"""Compute a slot's reference: the embeddings of a folder of images, as the drift detector reads them.

Use images that the model was not trained on and that look like the traffic to expect: embeddings of training
images differ from those of new ones, and every window would seem to drift.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from tqdm import tqdm

from model_server.classifier import Classifier
from model_server.decoding import NotAnImage, TooManyPixels, decode
from model_server.manifest import BadModelPackage
from model_server.model_package import load_model_package
from model_server.preprocessing import to_tensor
from model_server.settings import ModelServerSettings

BATCH_SIZE = 32
FEWEST_IMAGES = 50
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif"})


def find_images(folder: Path) -> list[Path]:
    """Return the folder's images, also those in folders below it, in a fixed order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def write_reference(classifier: Classifier, images: Sequence[Path], output: Path) -> None:
    """Write the embeddings (N, D) of the images to `output`, with the model they come from.

    Raises:
        NotAnImage, TooManyPixels: an image cannot be read; the message names it.
    """
    manifest = classifier.package.manifest
    embeddings = []
    for start in tqdm(range(0, len(images), BATCH_SIZE), desc=f"reference of {manifest.name}", unit="batch"):
        batch = [read_input(classifier, path) for path in images[start : start + BATCH_SIZE]]
        embeddings.append(classifier.predict(torch.stack(batch)).embeddings)
    metadata = {
        "model": manifest.name,
        "version": manifest.version,
        "weights_sha256": classifier.package.sha256,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_name(output.name + ".part")
    save_file({"embeddings": np.concatenate(embeddings)}, part, metadata)
    part.chmod(0o644)  # safetensors leaves it to its owner alone; a container's user is another
    part.replace(output)


def read_input(classifier: Classifier, path: Path) -> torch.Tensor:
    """Read one image as the server would, (3, H, W)."""
    max_pixels = ModelServerSettings.model_fields["max_image_pixels"].default
    try:
        return to_tensor(decode(path.read_bytes(), max_pixels), classifier.package.manifest.input)
    except (NotAnImage, TooManyPixels) as error:
        raise type(error)(f"{path}: {error}") from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Compute a reference from the command line."""
    parser = argparse.ArgumentParser(prog="python -m model_server.reference", description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of the model package")
    parser.add_argument(
        "--images", type=Path, required=True, help=f"folder of {FEWEST_IMAGES} or more images"
    )
    parser.add_argument("--output", type=Path, required=True, help="the reference file to write")
    options = parser.parse_args(arguments)
    images = find_images(options.images)
    if len(images) < FEWEST_IMAGES:
        sys.exit(f"{options.images}: {len(images)} images found, {FEWEST_IMAGES} are needed, 500 are better")
    try:
        write_reference(Classifier(load_model_package(options.package)), images, options.output)
    except (BadModelPackage, NotAnImage, TooManyPixels, OSError) as error:
        sys.exit(str(error))
    print(f"{options.output}: the embeddings of {len(images)} images")


if __name__ == "__main__":
    main()
