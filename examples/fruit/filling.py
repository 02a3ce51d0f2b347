"""Have made what the slots lack: images, weights, references. torch is imported only if that is needed."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from urllib.parse import urljoin

from examples.fruit import image_set
from examples.fruit.evaluation_report import Evaluation
from examples.fruit.orders import Order, Request, find_orders
from examples.fruit.published import CannotFetch, fetch
from examples.fruit.slots import Source
from inference.checksum import checksum_file, write_checksum
from inference.manifest import BadModelPackage
from service.cpu_quota import available_cpus


class CannotFill(Exception):
    """The artifacts cannot be made; the message says why."""


def fill_artifacts(request: Request) -> None:
    """Fill the artifacts of both slots and the folder of demo images.

    Raises:
        CannotFill: a model is too weak, cannot be fetched, or does not fit.
    """
    orders = find_orders(request)
    if request.source is Source.PUBLISHED:
        for order in orders:
            fetch_weights(order, request.base_url)  # before the rendering: without a network it ends at once
    image_set.fill(request.images, needed_pictures(request.source), available_cpus())
    carry_out([order for order in orders if order.weights or order.reference])
    for order in orders:
        order.slot.use(request.source)


def needed_pictures(source: Source) -> list[image_set.Picture]:
    """Return the pictures that a source needs: nothing is trained on published weights."""
    published = source is Source.PUBLISHED
    return [one for one in image_set.pictures() if not (published and one.split == image_set.TRAIN)]


def fetch_weights(order: Order, base_url: str) -> None:
    """Fetch a slot's published weights, unless they are whole."""
    if not order.weights:
        return
    from examples.fruit.making import check_fit  # noqa: PLC0415  # imports torch

    weights = order.slot.package / order.manifest.weights
    url = urljoin(base_url.rstrip("/") + "/", weights.name)
    try:
        checksum = checksum_file(order.slot.package, order.manifest.sha256)
        fetch(url, weights, lambda part: check_fit(order.slot, order.manifest, part))
    except CannotFetch as error:
        raise CannotFill(str(error)) from error
    except BadModelPackage as error:
        raise CannotFill(f"{url}: {' '.join(str(error).split())}") from error
    write_checksum(weights, checksum)


def carry_out(orders: Sequence[Order]) -> None:
    """Make what is lacking: the demo's models side by side, a published model's reference with all cores."""
    if not orders:
        return
    from examples.fruit.making import CannotMake, make  # noqa: PLC0415  # imports torch

    cores = available_cpus()
    together = min(len(orders), cores) if orders[0].source is Source.DEMO else 1
    faults = []
    with ProcessPoolExecutor(together, multiprocessing.get_context("spawn")) as pool:
        results = [pool.submit(make, order, cores // together) for order in orders]
        for order, result in zip(orders, results, strict=True):
            try:
                report(order, result.result())
            except CannotMake as error:
                faults.append(f"{order.slot.name}: {error}")
            except BrokenProcessPool:
                faults.append(f"{order.slot.name}: the process was killed. Has it 2 GB of memory?")
    if faults:
        raise CannotFill("\n".join(faults))


def report(order: Order, evaluation: Evaluation | None) -> None:
    """Print what was made, and how good it is."""
    manifest = order.manifest
    print(f"{order.slot.name}: {manifest.name} and its reference are made")
    if evaluation:
        print(f"  held-out accuracy {evaluation.accuracy:.4f} on {evaluation.count} images")
        print(evaluation.table())
