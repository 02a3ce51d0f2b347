"""RabbitMQ, which queues the jobs' chunks, as a plain process that needs no rights."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from stack.plain.program import Program

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
PLUGINS = "[rabbitmq_prometheus]."


def rabbitmq(folder: Path, host: str, port: int, *, inner_port: int, metrics_port: int) -> Program:
    """Return the program, which keeps its queues in `folder`.

    Its parts find each other through `inner_port` and the port behind it, on the loopback.
    """
    epmd_port = inner_port + 1
    configuration = [
        f"listeners.tcp.1 = {host}:{port}",
        f"prometheus.tcp.ip = {host}",
        f"prometheus.tcp.port = {metrics_port}",
        "log.console = true",
        "log.file = false",
        "log.console.level = warning",
        "disk_free_limit.absolute = 500MB",
        "vm_memory_high_watermark.absolute = 256MB",
    ]
    node = f"jobs{port}@localhost"
    environment = {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": node,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_NODE_IP_ADDRESS": host,
        "RABBITMQ_DIST_PORT": str(inner_port),
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 1",
    }
    script = (
        f"mkdir -p '{folder}/data' '{folder}/logs' &&"
        f" printf '%s\\n' {_quoted(configuration)} > '{folder}/rabbitmq.conf' &&"
        f" printf '%s' '{PLUGINS}' > '{folder}/enabled_plugins' && exec {SERVER}"
    )
    return Program("rabbitmq", ("sh", "-c", script), environment)


def end_epmd(port: int) -> None:
    """End the daemon that RabbitMQ's parts find each other by, which outlives it; nothing where none runs."""
    subprocess.run(["epmd", "-port", str(port), "-kill"], check=False, capture_output=True)  # noqa: S603, S607 - a number


def _quoted(lines: Sequence[str]) -> str:
    """Return words for the shell, on one line, as supervisor's file wants its commands."""
    return " ".join(f"'{line}'" for line in lines)
