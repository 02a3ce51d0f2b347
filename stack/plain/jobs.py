"""Jobs as plain processes: RabbitMQ, the server that takes them in, and the workers that answer them."""

from service.slots import STABLE
from stack.paths import Paths
from stack.plain.addresses import RABBITMQ, RABBITMQ_METRICS, RABBITMQ_PARTS
from stack.plain.model_servers import model_package
from stack.plain.program import Program
from stack.plain.rabbitmq import rabbitmq
from stack.settings import StackSettings

BROKER, SERVER, WORKER = "rabbitmq", "job_server", "worker"
EPMD = "epmd"  # what RabbitMQ's parts find each other by; it outlives RabbitMQ


def jobs(settings: StackSettings, paths: Paths) -> list[Program]:
    """Return the programs in the order in which they start; none where the profile is off."""
    if not settings.jobs:
        return []
    return [_rabbitmq(settings, paths), _server(settings, paths), *_workers(settings, paths)]


def is_of_jobs(program: str) -> bool:
    """Return whether a program's name is one of the profile's."""
    return program in {BROKER, SERVER} or is_worker(program)


def is_worker(program: str) -> bool:
    """Return whether a program's name is a worker's."""
    return program == WORKER or program.startswith(f"{WORKER}_")


def _rabbitmq(settings: StackSettings, paths: Paths) -> Program:
    first = settings.inner_ports
    return rabbitmq(
        paths.data / "rabbitmq",
        "127.0.0.1",  # wherever the rest listens: its user is guest, with that password
        first + RABBITMQ,
        inner_port=first + RABBITMQ_PARTS,
        metrics_port=first + RABBITMQ_METRICS,
    )


def _server(settings: StackSettings, paths: Paths) -> Program:
    environment = {
        **_of_both(settings, paths),
        "HOST": settings.bind_address,
        "PORT": str(settings.job_server_port),
        "SPOOL": str(paths.data / "jobs" / "spool"),
    }
    return Program(SERVER, (str(paths.python("job_server")), "-m", "job_server"), environment)


def _workers(settings: StackSettings, paths: Paths) -> list[Program]:
    """Return the workers; of one that is to stop, the child that predicts goes on to the end of its chunk."""
    command = (str(paths.python("job_server")), "-m", "job_server.worker")
    environment = {**_of_both(settings, paths), "CPU_THREADS": "1"}  # the variable of .env is the slots'
    names = [WORKER, *(f"{WORKER}_{number}" for number in range(2, settings.workers + 1))]
    return [Program(name, command, environment, stop_children=False) for name in names]


def _of_both(settings: StackSettings, paths: Paths) -> dict[str, str]:
    return {
        "OPENBLAS_NUM_THREADS": "1",  # as in the image
        "RABBITMQ_URI": f"amqp://guest:guest@127.0.0.1:{settings.inner_ports + RABBITMQ}//",
        "MODEL_PACKAGE": str(model_package(STABLE, settings, paths)),
        "KEPT_PACKAGES": str(paths.data / "jobs" / "packages"),
    }
