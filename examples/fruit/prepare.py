"""Prepare what the slots serve: images, weights, references. torch is imported only if it is needed."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from urllib.parse import urljoin

from examples.fruit import image_set
from examples.fruit.artifacts import Artifacts, Options, check_slots
from examples.fruit.evaluation import Evaluation
from examples.fruit.slot_packages import Source
from inference.checksum import checksum_file, write_checksum
from inference.manifest import BadModelPackage
from service.cpu_quota import available_cpus


class PrepareError(Exception):
    """The artifacts cannot be made; the message says why."""


def prepare_slots(options: Options) -> None:
    """Fill the artifacts of both slots and the folder of demo images.

    Raises:
        PrepareError: a model is too weak, cannot be downloaded, or does not fit.
    """
    found = check_slots(options)
    if options.source is Source.PUBLISHED:
        for artifacts in found:
            download_weights(artifacts, options.base_url)  # first: without a network it ends at once
    image_set.fill(options.images, needed_pictures(options.source), available_cpus())
    build_missing([artifacts for artifacts in found if artifacts.weights_fault or artifacts.reference_fault])
    for artifacts in found:
        artifacts.slot.use(options.source)


def needed_pictures(source: Source) -> list[image_set.Picture]:
    """Return the pictures that a source needs: nothing is trained on published weights."""
    published = source is Source.PUBLISHED
    return [one for one in image_set.pictures() if not (published and one.split == image_set.TRAIN)]


def download_weights(artifacts: Artifacts, base_url: str) -> None:
    """Download a slot's published weights, unless they are whole."""
    if not artifacts.weights_fault:
        return
    from examples.fruit.build import check_fit  # noqa: PLC0415  # imports torch
    from examples.fruit.download import DownloadError, download  # noqa: PLC0415  # requests takes half a second

    slot, manifest = artifacts.slot, artifacts.manifest
    weights = slot.package / manifest.weights
    url = urljoin(base_url.rstrip("/") + "/", weights.name)
    try:
        checksum = checksum_file(slot.package, manifest.sha256)
        download(url, weights, lambda part: check_fit(slot, manifest, part))
    except DownloadError as error:
        raise PrepareError(str(error)) from error
    except BadModelPackage as error:
        raise PrepareError(f"{url}: {' '.join(str(error).split())}") from error
    write_checksum(weights, checksum)


def build_missing(missing: Sequence[Artifacts]) -> None:
    """Build what is missing: the demo's models side by side, a published model's reference with all cores."""
    if not missing:
        return
    from examples.fruit.build import BuildError, build  # noqa: PLC0415  # imports torch

    cores = available_cpus()
    together = min(len(missing), cores) if missing[0].source is Source.DEMO else 1
    faults = []
    with ProcessPoolExecutor(together, multiprocessing.get_context("spawn")) as pool:
        results = [pool.submit(build, artifacts, cores // together) for artifacts in missing]
        for artifacts, result in zip(missing, results, strict=True):
            try:
                report(artifacts, result.result())
            except BuildError as error:
                faults.append(f"{artifacts.slot.name}: {error}")
            except BrokenProcessPool:
                faults.append(f"{artifacts.slot.name}: the process was killed. Has it 2 GB of memory?")
    if faults:
        raise PrepareError("\n".join(faults))


def report(artifacts: Artifacts, evaluation: Evaluation | None) -> None:
    """Print what was built, and how good it is."""
    print(f"{artifacts.slot.name}: {artifacts.manifest.name} and its reference are made")
    if evaluation:
        print(f"  held-out accuracy {evaluation.accuracy:.4f} on {evaluation.count} images")
        print(evaluation.table())
