"""Have running model servers load their packages anew, one after the other, in both ways of running."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from service.slots import SLOTS
from stack.paths import Paths
from stack.plain import supervisor
from stack.plain.model_servers import model_servers
from stack.settings import MOST_REPLICAS, StackSettings, local_settings

MODULE = ("-m", "model_server.reload")


@dataclass(frozen=True)
class Order:
    """A command that has one replica reload, and whom it concerns."""

    replica: str
    command: Sequence[str]
    environment: Mapping[str, str]


def reload_with_docker(slots: Sequence[str], paths: Paths) -> int:
    """Reload in every running container of the slots."""
    return _give([order for slot in slots for order in _docker_orders(slot, paths)], slots, paths)


def reload_without_docker(slots: Sequence[str], paths: Paths) -> int:
    """Reload in every running process of the slots."""
    running = supervisor.states(paths)
    orders = local_orders(slots, running, local_settings(paths.project), paths)
    return _give(orders, slots, paths)


def local_orders(
    slots: Sequence[str], running: Mapping[str, str], settings: StackSettings, paths: Paths
) -> list[Order]:
    """Return an order for each process that runs, which may be more or fewer than .env says by now."""
    every = model_servers(replace(settings, replicas=dict.fromkeys(SLOTS, MOST_REPLICAS)), paths)
    return [
        Order(program.name, [program.command[0], *MODULE], {**settings.variables, **program.environment})
        for program in every
        if program.environment["SLOT"] in slots and running.get(program.name) == "RUNNING"
    ]


def _docker_orders(slot: str, paths: Paths) -> list[Order]:
    listing = ["docker", "compose", "ps", "--status", "running", "--format", "{{.Name}}", slot]
    listed = subprocess.run(listing, cwd=paths.project, capture_output=True, text=True, check=False)
    containers = sorted(listed.stdout.split())
    return [Order(name, ["docker", "exec", name, "python", *MODULE], os.environ) for name in containers]


def _give(orders: Sequence[Order], slots: Sequence[str], paths: Paths) -> int:
    if not orders:
        raise SystemExit(f"There is no running model server of {' or '.join(slots)}: make up")
    return max([_obeyed(order, paths) for order in orders])


def _obeyed(order: Order, paths: Paths) -> int:
    """Print what became of an order; return 0 or 1."""
    done = subprocess.run(
        order.command, env=order.environment, cwd=paths.project, capture_output=True, text=True, check=False
    )
    print(f"{order.replica}: {(done.stdout + done.stderr).strip()}", flush=True)
    return 1 if done.returncode else 0
