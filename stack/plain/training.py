"""The training stream as plain processes: Kafka, and the programs that fill, watch and collect it."""

from service.slots import STABLE
from stack.paths import Paths
from stack.plain.addresses import KAFKA, local_addresses
from stack.plain.model_servers import model_package
from stack.plain.program import Program
from stack.plain.tansu import tansu
from stack.settings import StackSettings

BROKER = "kafka"
INNER_STREAM = ("stream_collector", "stream_statistics")  # which people do not ask anything
STREAM = (*INNER_STREAM, "stream_producer")


def training(settings: StackSettings, paths: Paths) -> list[Program]:
    """Return the programs in the order in which they start; none where the profile is off."""
    if not settings.training:
        return []
    broker = tansu(paths.environments / "tansu", "127.0.0.1", settings.inner_ports + KAFKA)
    return [broker, *(_stream(name, settings, paths) for name in STREAM)]


def is_of_training(program: str) -> bool:
    """Return whether a program's name is one of the profile's."""
    return program in {BROKER, *STREAM}


def _stream(name: str, settings: StackSettings, paths: Paths) -> Program:
    (served,) = local_addresses(settings).scraped[name]
    host, _, port = served.rpartition(":")
    environment = {
        "OPENBLAS_NUM_THREADS": "1",  # as in the image
        "HOST": host,
        "PORT": port,
        "KAFKA_BROKERS": f"127.0.0.1:{settings.inner_ports + KAFKA}",
        "MODEL_PACKAGE": str(model_package(STABLE, settings, paths)),
        **_kept(paths).get(name, {}),
    }
    module = name.replace("_", ".", 1)
    return Program(name, (str(paths.python("stream")), "-m", module), environment)


def _kept(paths: Paths) -> dict[str, dict[str, str]]:
    """Return what tells a program where it keeps things."""
    folder = paths.data / "training"
    return {
        "stream_collector": {"TRAINING_DATA": str(folder)},
        "stream_statistics": {"STATISTICS": str(folder / "statistics.json")},
    }
