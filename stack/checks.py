"""Checks of the configuration files by the programs that read them."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import subprocess
from pathlib import Path

from stack import compose
from stack.paths import Paths
from stack.plain.packages import find_program
from stack.say import say


def check(paths: Paths) -> int:
    """Run every check; return 1 where one failed."""
    results = [_passes(command, paths) for command in _commands(paths)]
    return 0 if all(results) else 1


def _commands(paths: Paths) -> list[list[str]]:
    prometheus = paths.project / "prometheus"
    rules, tests = _files(prometheus / "rules"), _files(prometheus / "rule_tests")
    return [
        ["promtool", "check", "config", str(prometheus / "prometheus.yml")],
        ["promtool", "check", "config", str(paths.run / "prometheus.yml")],
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", *rules],
        ["promtool", "test", "rules", *tests],
        ["amtool", "check-config", str(paths.project / "alertmanager" / "alertmanager.yml")],
        ["amtool", "check-config", str(paths.run / "alertmanager.yml")],
        [find_program("nginx") or "nginx", "-t", "-q", "-c", str(paths.run / "nginx" / "nginx.conf")],
        *(_compose_commands() if compose.answers() else []),
    ]


def _compose_commands() -> list[list[str]]:
    check = ["--profile", "*", "config", "--quiet"]
    with_gpu = ["-f", "docker-compose.yml", "-f", "docker-compose.gpu.yml"]
    return [["docker", "compose", *check], ["docker", "compose", *with_gpu, *check]]


def _files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.glob("*.yml"))


def _passes(command: list[str], paths: Paths) -> bool:
    done = subprocess.run(command, cwd=paths.project, check=False, capture_output=True, text=True)
    say(f"{'passed' if done.returncode == 0 else 'FAILED'}: {' '.join(command[:6])}")
    if done.returncode:
        say(done.stdout + done.stderr)
    return done.returncode == 0
