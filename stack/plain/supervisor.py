"""supervisord: started, asked over its own XML-RPC, ended."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import os
import subprocess
import xmlrpc.client
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]  # supervisor brings no types

from stack.paths import Paths
from stack.plain.processes import family
from stack.plain.supervisor_config import MARK

STAYS_AWAY = {"STOPPED", "FATAL"}
UNANSWERED = (OSError, HTTPException, xmlrpc.client.Error)


@contextmanager
def control(paths: Paths) -> Iterator[Any]:
    """Give supervisord's methods (supervisord.org/api.html); those raise where it does not run."""
    transport = SupervisorTransport(serverurl=f"unix://{paths.supervisor_socket}")
    with xmlrpc.client.ServerProxy("http://127.0.0.1", transport) as server:
        yield server.supervisor


def start(paths: Paths, variables: Mapping[str, str]) -> None:
    """Start supervisord and with it every program."""
    environment = {**os.environ, **variables, MARK: str(paths.project)}
    server = paths.environments / "stack" / "bin" / "supervisord"
    command = [str(server), "-c", str(paths.run / "supervisord.conf")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"supervisord did not start: {done.stderr.strip() or done.stdout.strip()}")


def states(paths: Paths) -> dict[str, str]:
    """Return every program's state, as in RUNNING; empty where supervisord does not answer."""
    with suppress(*UNANSWERED), control(paths) as supervisord:
        return {one["name"]: one["statename"] for one in supervisord.getAllProcessInfo()}
    return {}


def kill(programs: Sequence[str], paths: Paths) -> None:
    """Kill programs with all that they have started, and let none of them come back."""
    with control(paths) as supervisord:
        for name in programs:
            if pid := supervisord.getProcessInfo(name)["pid"]:
                for process in family(pid):
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
        for name in programs:
            while supervisord.getProcessInfo(name)["statename"] not in STAYS_AWAY:
                with suppress(xmlrpc.client.Fault):  # it has ended, and is about to be started again
                    supervisord.stopProcess(name)


def replace(stopped: Collection[str], started: Sequence[str], paths: Paths) -> None:
    """Stop programs for good and start others, both as the configuration has them by now."""
    with control(paths) as supervisord:
        supervisord.reloadConfig()
        for name in stopped:
            supervisord.stopProcessGroup(name)
            supervisord.removeProcessGroup(name)
        for name in started:
            supervisord.addProcessGroup(name)


def hang_up(program: str, paths: Paths) -> None:
    """Have a program read its configuration again, by SIGHUP; one that does not run will read it."""
    with suppress(xmlrpc.client.Fault), control(paths) as supervisord:
        supervisord.signalProcess(program, "HUP")


def stop(paths: Paths, seconds: float = 60.0) -> None:
    """End supervisord and wait until it is gone."""
    with suppress(*UNANSWERED, psutil.Error), control(paths) as supervisord:
        process = psutil.Process(supervisord.getPID())
        supervisord.shutdown()
        process.wait(seconds)
