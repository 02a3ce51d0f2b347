"""The profile `training` as plain processes: Kafka, what fills, watches and collects it, the retraining."""

from collections.abc import Sequence
from pathlib import Path

from service.slots import STABLE
from stack.commit import commit_of
from stack.paths import Paths
from stack.plain.addresses import KAFKA, local_addresses
from stack.plain.model_servers import model_package
from stack.plain.program import Program
from stack.plain.tansu import tansu
from stack.settings import StackSettings

BROKER = "kafka"
INNER_STREAM = ("stream_collector", "stream_statistics")  # which people do not ask anything
STREAM = (*INNER_STREAM, "stream_producer")
RETRAINING = "retraining"
FRUIT = Path("examples", "fruit", "images")  # taken where production's classes are these folders


def training(settings: StackSettings, paths: Paths) -> list[Program]:
    """Return the programs in the order in which they start; none where the profile is off."""
    if not settings.training:
        return []
    broker = tansu(paths.environments / "tansu", "127.0.0.1", settings.inner_ports + KAFKA)
    stream = [_stream(name, settings, paths) for name in STREAM]
    return [broker, *stream, _retraining(settings, paths)]


def is_of_training(program: str) -> bool:
    """Return whether a program's name is one of the profile's."""
    return program in {BROKER, *STREAM, RETRAINING}


def trained_models(paths: Paths) -> Path:
    """Return the folder of the versions that the retraining has made."""
    return _folder(paths) / "models"


def retraining_environment(settings: StackSettings, paths: Paths) -> dict[str, str]:
    """Return what tells the retraining program, and its commands, where everything is."""
    addresses = local_addresses(settings)
    rules = paths.project / settings.variables.get("RETRAINING_RULES", "retraining")
    return {
        "OPENBLAS_NUM_THREADS": "1",  # as in the image
        "MODEL_PACKAGE": str(model_package(STABLE, settings, paths)),
        "TRAINING_DATA": str(_folder(paths)),
        "MODELS": str(trained_models(paths)),
        "GATE": str(rules / "gate.toml"),
        "TRAINING": str(rules / "training.toml"),
        "GOLDEN_EXAMPLES": str(paths.project / FRUIT / "test"),
        "TRAINED_EXAMPLES": str(paths.project / FRUIT / "train"),
        "DVC": str(paths.environments / "dvc" / "bin" / "dvc"),
        "PROMETHEUS_URL": f"http://{addresses.scraped['localhost:9090'][0]}",
        "RELEASE_URL": f"http://{addresses.scraped['release'][0]}",
        "RETRAINING_URL": f"http://127.0.0.1:{settings.retraining_port}",
    }


def retraining_command(words: Sequence[str], settings: StackSettings, paths: Paths) -> Program:
    """Return one of the commands that ask the retraining program; it finds the token as that does."""
    command = (str(paths.python("retraining")), "-m", "retraining.client", *words)
    return Program(RETRAINING, command, retraining_environment(settings, paths))


def import_command(source: Path, golden: bool, settings: StackSettings, paths: Paths) -> Program:
    """Return what imports examples into the folder of the training data."""
    options = ("--golden",) if golden else ()
    command = (str(paths.python("retraining")), "-m", "retraining.import_examples", str(source), *options)
    return Program(RETRAINING, command, retraining_environment(settings, paths))


def _retraining(settings: StackSettings, paths: Paths) -> Program:
    environment = {
        **retraining_environment(settings, paths),
        "HOST": "127.0.0.1",  # wherever the rest listens: what it tells is no stranger's business
        "PORT": str(settings.retraining_port),
        "CODE_COMMIT": settings.variables.get("CODE_COMMIT") or commit_of(paths.project),
    }
    return Program(RETRAINING, (str(paths.python("retraining")), "-m", "retraining"), environment)


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


def _folder(paths: Paths) -> Path:
    return paths.data / "training"


def _kept(paths: Paths) -> dict[str, dict[str, str]]:
    """Return what tells a program where it keeps things."""
    folder = _folder(paths)
    return {
        "stream_collector": {"TRAINING_DATA": str(folder)},
        "stream_statistics": {"STATISTICS": str(folder / "statistics.json")},
    }
