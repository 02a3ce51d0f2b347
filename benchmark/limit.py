"""The limit: decode and infer in a bare loop on every core, no HTTP, no queue, no log.

Run as a program in the model server's environment; it prints one JSON line. What a server loses against it is
the price of being a server.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path

import torch

from benchmark.network import Decoder, Network
from service.allocator import keep_freed_memory

WARM_UP_BATCHES = 5


def main() -> None:
    """Measure, and print {"per_second": …, "labels": {…}}."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--decoder", choices=("plain", "fast"), required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("images", type=Path, nargs="+")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    per_second = measure(
        chosen.package,
        chosen.decoder,
        chosen.images,
        batch=chosen.batch,
        seconds=chosen.seconds,
        cores=chosen.cores,
    )
    labels = label(chosen.package, chosen.decoder, chosen.images)
    print(json.dumps({"per_second": per_second, "labels": labels}))


def label(package: Path, decoder: Decoder, images: Sequence[Path]) -> dict[str, str]:
    """Return what the network says of each image."""
    network = Network(package, decoder)
    answers = network.classify([network.prepare(path.read_bytes()) for path in images])
    return {path.stem: answer.label for path, answer in zip(images, answers, strict=True)}


def measure(
    package: Path, decoder: Decoder, images: Sequence[Path], *, batch: int, seconds: float, cores: int
) -> float:
    """Return images per second over all cores, one process on each."""
    context = multiprocessing.get_context("spawn")
    barrier, rates = context.Barrier(cores), context.Queue()
    arguments = (package, decoder, batch, seconds, images, barrier, rates)
    processes = [context.Process(target=_loop, args=arguments, daemon=True) for _ in range(cores)]
    for process in processes:
        process.start()
    total = sum(rates.get(timeout=120 + 10 * seconds) for _ in processes)
    for process in processes:
        process.join()
    return float(total)


def _loop(  # noqa: PLR0917 - multiprocessing passes them by position
    package: Path,
    decoder: Decoder,
    batch: int,
    seconds: float,
    images: Sequence[Path],
    barrier: Barrier,
    rates: "multiprocessing.Queue[float]",
) -> None:
    torch.set_num_threads(1)
    keep_freed_memory()  # as the model server does
    network = Network(package, decoder)
    contents = [path.read_bytes() for path in images]
    for number in range(WARM_UP_BATCHES):
        network.classify([network.prepare(contents[number % len(contents)])] * batch)
    barrier.wait()
    done, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        prepared = [network.prepare(contents[(done + number) % len(contents)]) for number in range(batch)]
        done += len(network.classify(prepared))
    rates.put(done / elapsed)


if __name__ == "__main__":
    main()
