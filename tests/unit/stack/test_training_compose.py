"""The training stream with Docker: the services of the profile `training`."""

import re
from pathlib import Path
from typing import Any

import pytest

from retraining.settings import RetrainingSettings
from service.slots import PORT, STABLE
from stack.paths import Paths
from stack.plain.probes import WHICH_VERSIONS
from stack.plain.training import BROKER, RETRAINING, STREAM, training
from stack.published import OPTIONAL, PROFILES, TRAINING
from stack.settings import load_stack_settings
from stream.collector.settings import CollectorSettings
from stream.producer.settings import ProducerSettings
from stream.settings import StreamSettings
from stream.statistics.settings import StatisticsSettings
from tests.unit.service.test_slots import compose_file, services

PROJECT = Path(__file__).parents[3]
FILE = "docker-compose.training.yml"
COLLECTOR, STATISTICS, PRODUCER = STREAM


def of_training() -> dict[str, Any]:
    return {name: service for name, service in services().items() if TRAINING in service.get("profiles", ())}


def test_the_profile_has_the_same_services_in_both_ways_of_running() -> None:
    """In a file of their own, which the first file includes."""
    assert of_training().keys() == {BROKER, *STREAM, RETRAINING} == compose_file(FILE)["services"].keys()
    assert FILE in compose_file("docker-compose.yml")["include"]
    assert TRAINING in PROFILES


@pytest.mark.parametrize("name", sorted(of_training()))
def test_they_may_as_little_as_the_others(name: str) -> None:
    """And are watched, bounded and given time to stop as those."""
    service, model = of_training()[name], services()["model_server"]
    for key in ("read_only", "cap_drop", "security_opt", "init", "logging", "restart"):
        assert service[key] == model[key], key
    assert service["tmpfs"] == model["tmpfs"] or name == BROKER
    assert {"healthcheck", "stop_grace_period"} <= service.keys()
    assert {"cpus", "memory", "pids"} <= service["deploy"]["resources"]["limits"].keys()
    assert service["depends_on"].get("models") or COLLECTOR in service["depends_on"]
    assert service.get("user", "10001:10001").partition(":")[0] not in {"0", "root"}


def test_two_are_published_and_to_this_machine_alone() -> None:
    """The broker has no users, so only containers reach it; who reaches the producer changes the world."""
    published = {name: service["ports"] for name, service in of_training().items() if "ports" in service}
    ports = {PRODUCER: "${STREAM_PRODUCER_PORT:-5300}", RETRAINING: "${RETRAINING_PORT:-5400}"}
    assert published == {name: [f"127.0.0.1:{port}:{PORT}"] for name, port in ports.items()}
    shown = [one for one in OPTIONAL if one.profile == TRAINING]
    assert {one.service: f"${{{one.variable}:-" for one in shown} == {
        name: port[: port.index("-") + 1] for name, port in ports.items()
    }
    assert all(one.local and one.container_port == PORT for one in shown)
    assert [one.address("0.0.0.0") for one in OPTIONAL] == ["0.0.0.0", "127.0.0.1", "127.0.0.1"]


def test_the_programs_are_one_image() -> None:
    """Which the collector's service builds; each has a command of its own."""
    image, *others = {of_training()[name]["image"] for name in STREAM}
    assert (image, others) == ("${IMAGE_PREFIX:-serving}/stream", [])
    builders = [name for name in STREAM if "build" in of_training()[name]]
    assert builders == [COLLECTOR]
    assert (PROJECT / of_training()[COLLECTOR]["build"]["dockerfile"]).exists()
    for name in STREAM:
        service = of_training()[name]
        assert service["command"] == ["python", "-m", name.replace("_", ".", 1)]
        assert name == COLLECTOR or service["pull_policy"] == "never"
        assert name == COLLECTOR or COLLECTOR in service["depends_on"]


@pytest.mark.parametrize("name", STREAM)
def test_a_program_is_told_what_it_needs(name: str) -> None:
    """The broker's address, where its mounts are, and the port that is looked at; its slot is its own."""
    service, broker = of_training()[name], of_training()[BROKER]
    told = service["environment"]
    assert told["KAFKA_BROKERS"] == "kafka:9092"
    assert broker["environment"]["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{told['KAFKA_BROKERS']}"
    assert "SLOT" not in told
    assert service["depends_on"][BROKER] == {"condition": "service_healthy"}
    package = f"${{{STABLE.upper()}_PACKAGE:-./{STABLE}/model}}:{told['MODEL_PACKAGE']}:ro"
    assert package in service["volumes"]
    assert told["PORT"] == PORT
    assert f"http://127.0.0.1:{PORT}/readyz" in service["healthcheck"]["test"][-1]


def test_each_keeps_its_own_where_nobody_else_writes() -> None:
    """Records and counts, in volumes that take their owner from the image; the producer keeps nothing."""
    kept = {
        name: [one for one in of_training()[name]["volumes"] if not one.endswith(":ro")] for name in STREAM
    }
    assert kept == {
        COLLECTOR: ["training_data:/training_data"],
        STATISTICS: ["stream_statistics:/statistics"],
        PRODUCER: [],
    }
    assert of_training()[COLLECTOR]["environment"]["TRAINING_DATA"] == "/training_data"
    assert of_training()[STATISTICS]["environment"]["STATISTICS"] == "/statistics/statistics.json"
    dockerfile = (PROJECT / "stream/Dockerfile").read_text("utf-8")
    assert "install -d -o 10001 -g 10001 /statistics /training_data\n" in dockerfile


@pytest.mark.parametrize(
    ("name", "settings"),
    [(COLLECTOR, CollectorSettings), (STATISTICS, StatisticsSettings), (PRODUCER, ProducerSettings)],
)
def test_the_programs_know_what_they_are_told(name: str, settings: type[StreamSettings]) -> None:
    """Each variable is a setting of theirs."""
    told = {variable.lower() for variable in of_training()[name]["environment"]}
    assert told <= settings.model_fields.keys(), told - settings.model_fields.keys()


def test_kafka_is_one_broker_that_needs_no_other() -> None:
    """It votes for itself, and keeps one copy of everything, on a volume."""
    kafka = of_training()[BROKER]
    told = kafka["environment"]
    assert re.fullmatch(r"apache/kafka:4\.\d+\.\d+", kafka["image"])
    assert told["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"{told['KAFKA_NODE_ID']}@localhost:9093"
    assert "CONTROLLER://localhost:9093" in told["KAFKA_LISTENERS"].split(",")
    assert {told[name] for name in told if name.endswith(("_REPLICATION_FACTOR", "_MIN_ISR"))} == {1}
    assert f"kafka_data:{told['KAFKA_LOG_DIRS']}" in kafka["volumes"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", told["CLUSTER_ID"])


def test_kafka_keeps_within_its_container_and_its_disk() -> None:
    """Its heap is less than half of its memory, and what it keeps of a partition is bounded."""
    kafka = of_training()[BROKER]
    told = kafka["environment"]
    heap = int(re.findall(r"-Xmx(\d+)m", told["KAFKA_HEAP_OPTS"])[0])
    memory = int(kafka["deploy"]["resources"]["limits"]["memory"].removesuffix("m"))
    assert heap * 2 < memory
    assert 0 < told["KAFKA_LOG_SEGMENT_BYTES"] < told["KAFKA_LOG_RETENTION_BYTES"] <= 2**30


def test_kafka_writes_into_memory_what_its_image_writes_beside_its_data() -> None:
    """Those folders are its user's; the libraries of zstd and snappy run from the one of all."""
    kafka = of_training()[BROKER]
    user, group = kafka["user"].split(":")
    owned = {one.partition(":")[0] for one in kafka["tmpfs"] if f"uid={user},gid={group}" in one}
    assert owned == {"/opt/kafka/config", "/opt/kafka/logs"}
    assert all("size=" in one for one in kafka["tmpfs"])
    (temporary,) = [one for one in kafka["tmpfs"] if one.startswith("/tmp:")]
    assert "exec" in temporary.split(",")


def test_kafka_is_asked_the_same_in_both_ways_of_running() -> None:
    """The container's health check sends the bytes of the other way's probe."""
    (script,) = [word for word in of_training()[BROKER]["healthcheck"]["test"] if "printf" in word]
    (octal,) = re.findall(r"printf '([^']*)'", script)
    sent = bytes(int(number, 8) for number in octal.split("\\")[1:])
    assert sent == WHICH_VERSIONS


def test_the_retraining_is_told_the_same_in_both_ways_of_running() -> None:
    """Where things are differs; what it is told of does not."""
    service = of_training()[RETRAINING]
    told = service["environment"]
    assert {name.lower() for name in told} - {"home"} <= RetrainingSettings.model_fields.keys()
    on = load_stack_settings(Path("/nowhere"), {"PROFILES": "training"}, http_port=80)
    (plain,) = [one for one in training(on, Paths(PROJECT)) if one.name == RETRAINING]
    in_both = {name.upper() for name in RetrainingSettings.model_fields} & plain.environment.keys()
    assert in_both - told.keys() == {"HOST"}
    for variable in ("GOLDEN_EXAMPLES", "TRAINED_EXAMPLES"):
        assert Path(told[variable]).name == Path(plain.environment[variable]).name
        assert Path(plain.environment[variable]).parent == PROJECT / "examples/fruit/images"
        assert Path(told[variable]).parent == Path("/examples")
    assert "./examples/fruit/images:/examples:ro" in service["volumes"]
    for variable in ("GATE", "TRAINING"):
        assert Path(told[variable]).name == Path(plain.environment[variable]).name
        assert Path(told[variable]).parent == Path("/rules")
        assert Path(plain.environment[variable]).exists()
    assert "${RETRAINING_RULES:-./retraining}:/rules:ro" in service["volumes"]


@pytest.mark.parametrize(
    "name",
    [
        "collect_records",
        "collect_minutes",
        "least_records",
        "most_records",
        "every_days",
        "rest_minutes",
        "learning_seconds",
        "learning_memory_mib",
        "release_plan",
    ],
)
def test_the_retrainings_own_defaults_are_composes(name: str) -> None:
    """A program started by hand behaves as the stack's."""
    (default,) = re.findall(r"\$\{[A-Z_]+:-(.*)\}", of_training()[RETRAINING]["environment"][name.upper()])
    field = RetrainingSettings.model_fields[name].default
    assert type(field)(default) == field


def test_the_retraining_shares_what_others_write_and_read() -> None:
    """The collector's records, production's package, and the models, which the release program only reads."""
    volumes, told = of_training()[RETRAINING]["volumes"], of_training()[RETRAINING]["environment"]
    release, collector = services()["release"], of_training()[COLLECTOR]
    package = f"${{{STABLE.upper()}_PACKAGE:-./{STABLE}/model}}:{told['MODEL_PACKAGE']}:ro"
    assert [one for one in volumes if not one.endswith(":ro")] == [
        f"training_data:{told['TRAINING_DATA']}",
        f"trained_models:{told['MODELS']}",
        "release_token:/run/release",
    ]
    assert package in volumes
    assert f"training_data:{collector['environment']['TRAINING_DATA']}" in collector["volumes"]
    assert f"trained_models:{release['environment']['MODELS']}:ro" in release["volumes"]
    assert told["RELEASE_URL"] == f"http://release:{PORT}"
    assert told["PROMETHEUS_URL"] == "http://prometheus:9090"
    dockerfile = (PROJECT / "retraining/Dockerfile").read_text("utf-8")
    assert "install -d -o 10001 -g 10001 /training_data /models\n" in dockerfile
    assert Path(told["DVC"]).parents[1] == Path("/opt/dvc")
    assert "COPY --from=environment /opt/dvc /opt/dvc\n" in dockerfile


def test_the_retraining_gives_way_and_has_room_to_learn() -> None:
    """Its share of the processor is a worker's; what learns fits in, with the program, DVC and /tmp."""
    service = of_training()[RETRAINING]
    assert service["cpu_shares"] == services()["worker"]["cpu_shares"]
    limits = service["deploy"]["resources"]["limits"]
    memory = int(re.findall(r":-(\d+)g\}", limits["memory"])[0]) * 1024
    assert RetrainingSettings.model_fields["learning_memory_mib"].default + 128 + 512 <= memory
