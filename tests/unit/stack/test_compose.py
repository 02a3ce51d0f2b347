"""The commands with `docker compose` behind them, over a `docker` that the test writes."""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from service.slots import SLOTS
from stack.compose import WAIT_SECONDS, ComposeDeployment
from stack.paths import Paths
from stack.published import EVERY, JOBS, PUBLISHED, TRAINING

FIRST_PORT = 21000
OF_JOBS = ["job_server", "rabbitmq", "worker"]
OF_TRAINING = ["kafka", "retraining", "stream_collector", "stream_producer", "stream_statistics"]
SCRIPT = """#!{python}
import json, os, pathlib, sys
folder, words = pathlib.Path({folder!r}), sys.argv[1:]
with (folder / "asked").open("a") as asked:
    print(*words, file=asked)
if "config" in words:
    print((folder / "config.json").read_text())
elif words[:2] == ["compose", "ps"] and words[-1] == "json":
    print((folder / "containers").read_text())
elif words[:2] == ["compose", "up"]:
    with (folder / "commits").open("a") as commits:
        print(json.dumps(os.environ.get("CODE_COMMIT")), file=commits)
    sys.exit(words[-1] == (folder / "ill").read_text())
elif words[0] == "exec":
    sys.exit("refused: why" if "model_server_new" in words[1] else 0)
"""


class FakeDocker:
    """Answers as Compose does, with the containers that it is told of; remembers what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deployment = ComposeDeployment(Paths(folder))
        program = folder / "docker"
        program.write_text(SCRIPT.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
        services: dict[str, Any] = {}
        for number, one in enumerate(EVERY):
            port = {"host_ip": "0.0.0.0", "target": one.container_port, "published": str(FIRST_PORT + number)}
            services.setdefault(one.publisher, {"ports": []})["ports"].append(port)
        for profile, names in ((JOBS, OF_JOBS), (TRAINING, OF_TRAINING)):
            services |= {name: services.get(name, {}) | {"profiles": [profile]} for name in names}
        services["locust"] = {"profiles": ["load"]}
        (folder / "config.json").write_text(json.dumps({"services": services, "x-profiles": ""}))
        self.run()
        self.fall_ill("")

    def run(self, *containers: tuple[str, str, str]) -> None:
        """Have these containers: service, state and health of each."""
        lines = [
            json.dumps({"Name": f"x-{service}-1", "Service": service, "State": state, "Health": health})
            for service, state, health in containers
        ]
        (self.folder / "containers").write_text("\n".join(lines))

    def mount(self, service: str, source: Path, user: str) -> None:
        """Have a service, with this user, mount what it only reads."""
        config = json.loads((self.folder / "config.json").read_text())
        volume = {"type": "bind", "source": str(source), "read_only": True}
        config["services"][service] |= {"user": user, "volumes": [volume]}
        (self.folder / "config.json").write_text(json.dumps(config))

    def tell(self, service: str, **variables: str) -> None:
        """Have .env tell a service these."""
        config = json.loads((self.folder / "config.json").read_text())
        config["services"][service]["environment"] = variables
        (self.folder / "config.json").write_text(json.dumps(config))

    @property
    def commits(self) -> list[str | None]:
        """Return the commit that each `up` was told."""
        return [json.loads(line) for line in (self.folder / "commits").read_text().splitlines()]

    def choose(self, profiles: str) -> None:
        """Have PROFILES say this."""
        config = json.loads((self.folder / "config.json").read_text())
        (self.folder / "config.json").write_text(json.dumps({**config, "x-profiles": profiles}))

    def fall_ill(self, service: str) -> None:
        """Have this service never become healthy."""
        (self.folder / "ill").write_text(service)

    @property
    def ups(self) -> list[str]:
        """Return what was to be started, in order."""
        words = f"compose up --detach --wait --wait-timeout {WAIT_SECONDS}"
        return [line.removeprefix(words).strip() for line in self.asked if line.startswith(words)]

    @property
    def asked(self) -> list[str]:
        """Return every command line, in order."""
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return FakeDocker(tmp_path)


def rows(shown: str) -> dict[str, str]:
    """Return the state of each component of a table."""
    return {line.split("  ")[0]: line.split("  ")[-1].strip() for line in shown.splitlines()[1:]}


def test_a_healthy_stack_is_ready(docker: FakeDocker, capfd: pytest.CaptureFixture[str]) -> None:
    """Every published component has its line with the URL that .env gives it."""
    docker.run(*[(one.service, "running", "healthy") for one in PUBLISHED], ("models", "exited", ""))
    assert docker.deployment.status() == 0
    shown = capfd.readouterr().out
    assert rows(shown) == {one.name: "ready" for one in PUBLISHED}
    assert f"MongoDB                    mongodb://127.0.0.1:{FIRST_PORT}/" in shown


@pytest.mark.parametrize(
    ("state_and_health", "shown"),
    [
        (("running", "starting"), "starting"),
        (("exited", "healthy"), "exited"),
        (("running", "unhealthy"), "unhealthy"),
    ],
)
def test_one_replica_that_is_not_healthy_is_its_slots_state(
    docker: FakeDocker, capfd: pytest.CaptureFixture[str], state_and_health: tuple[str, str], shown: str
) -> None:
    """The command fails, and says of which component."""
    docker.run(
        *[(one.service, "running", "healthy") for one in PUBLISHED], ("model_server", *state_and_health)
    )
    assert docker.deployment.status() == 1
    ready = {one.name: "ready" for one in PUBLISHED}
    assert rows(capfd.readouterr().out) == {**ready, "slot model_server": shown}


def test_a_service_that_was_left_out_is_not_shown(
    docker: FakeDocker, capfd: pytest.CaptureFixture[str]
) -> None:
    """Who starts some of the services sees those."""
    docker.run(("nginx", "running", "healthy"))
    assert docker.deployment.status() == 0
    assert list(rows(capfd.readouterr().out)) == ["upload page, predictions"]


def test_what_was_never_started_is_not_ready(docker: FakeDocker, capfd: pytest.CaptureFixture[str]) -> None:
    """Without a container all components are shown as stopped."""
    assert docker.deployment.status() == 1
    assert set(rows(capfd.readouterr().out).values()) == {"stopped"}


def test_up_names_a_taken_port_before_anything_is_built(docker: FakeDocker) -> None:
    """The line says which variable moves the port."""
    with (
        socket.create_server(("0.0.0.0", FIRST_PORT + 1)),
        pytest.raises(
            SystemExit, match=r"\(slot model_server\) is taken(.|\n)*set MODEL_SERVER_PORT in .env"
        ),
    ):
        docker.deployment.up()
    assert "compose build" not in docker.asked


def test_up_names_a_mounted_file_that_a_container_cannot_read(docker: FakeDocker, tmp_path: Path) -> None:
    """Before anything is built."""
    (tmp_path / "closed").touch(0o600)
    docker.mount("prometheus", tmp_path / "closed", user="54321")
    with pytest.raises(SystemExit, match=r"cannot be read by prometheus(.|\n)*chmod a\+rX .*/closed"):
        docker.deployment.up()
    assert "compose build" not in docker.asked


BOTH_SLOTS = [(slot, "running", "healthy") for slot in SLOTS]
ONE_BY_ONE = ["--no-deps model_server", "--no-deps model_server_new"]


@pytest.mark.parametrize(
    ("containers", "chosen", "ups"),
    [
        ([], "", [""]),
        ([], "nginx model_server", ["nginx model_server"]),
        ([*BOTH_SLOTS, ("nginx", "running", "healthy")], "", [*ONE_BY_ONE, ""]),
        (BOTH_SLOTS, "nginx model_server_new", [ONE_BY_ONE[1], "nginx model_server_new"]),
        (BOTH_SLOTS, "nginx prometheus", ["nginx prometheus"]),
        (BOTH_SLOTS[:1], "", [""]),
        ([BOTH_SLOTS[0], ("model_server_new", "exited", "")], "", [""]),
    ],
)
def test_slots_that_run_are_made_anew_one_after_the_other(
    docker: FakeDocker,
    monkeypatch: pytest.MonkeyPatch,
    containers: list[tuple[str, str, str]],
    chosen: str,
    ups: list[str],
) -> None:
    """Then whatever else was chosen; where none runs, or one, all start together."""
    monkeypatch.setenv("SERVICES", chosen)
    docker.run(*containers)
    docker.deployment.up()
    assert docker.ups == ups
    assert docker.asked.index("compose run --rm models") < docker.asked.index(
        next(line for line in docker.asked if line.startswith("compose up"))
    )


def test_a_slot_that_stays_ill_leaves_the_other_one_as_it_was(docker: FakeDocker) -> None:
    """What broke it would break that too."""
    docker.run(*BOTH_SLOTS)
    docker.fall_ill("model_server")
    with pytest.raises(SystemExit, match="--no-deps model_server failed"):
        docker.deployment.up()
    assert docker.ups == ONE_BY_ONE[:1]


def test_every_running_replica_of_the_slots_reloads(
    docker: FakeDocker, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that refuses its package is the exit code; one that has ended is not asked."""
    docker.run(
        ("model_server", "running", "healthy"),
        ("model_server_new", "running", "healthy"),
        ("model_server_new_2", "exited", ""),
    )
    assert docker.deployment.reload(SLOTS) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == ["x-model_server-1: ", "x-model_server_new-1: refused: why"]
    assert docker.deployment.reload(["model_server"]) == 0


def test_an_address_has_no_slash_at_its_end(docker: FakeDocker) -> None:
    """It is the base of other commands' URLs."""
    assert docker.deployment.address("prometheus") == f"http://127.0.0.1:{FIRST_PORT + 6}"


def test_a_service_dies_and_is_started(docker: FakeDocker) -> None:
    """Killed by hand, its containers stay away until then."""
    assert docker.deployment.kill("prometheus") == 0
    assert docker.deployment.start("prometheus") == 0
    assert docker.asked == ["compose kill prometheus", "compose start prometheus"]


def test_a_command_of_the_release_program_runs_in_its_container(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told who asks; without a terminal it gets none."""
    monkeypatch.setenv("LOGNAME", "ann")
    assert docker.deployment.release(["canary", "start", "--why", "new data"]) == 0
    (asked,) = docker.asked
    assert asked == (
        "compose exec --no-TTY --env RELEASE_WHO=ann release python -m release canary start --why new data"
    )


def test_a_command_of_the_retraining_runs_in_its_container(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the program is at its own port."""
    monkeypatch.setenv("LOGNAME", "ann")
    assert docker.deployment.retraining(["start", "--watch"]) == 0
    assert docker.asked == [
        "compose exec --no-TTY --env RETRAINING_WHO=ann --env RETRAINING_URL=http://127.0.0.1:8000"
        " retraining python -m retraining.client start --watch"
    ]


def test_examples_are_mounted_where_they_are_imported(docker: FakeDocker) -> None:
    """Into a container of the same image and volumes, whether the program runs or not."""
    assert docker.deployment.import_examples(Path("/mine"), golden=True) == 0
    assert docker.asked == [
        "compose --profile training run --rm --no-deps --volume /mine:/given:ro"
        " retraining python -m retraining.import_examples /given --golden"
    ]


@pytest.mark.parametrize(("given", "told"), [("", "abc"), ("mine", None)])
def test_the_retraining_is_told_the_commit(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, given: str, told: str | None
) -> None:
    """Of the checkout, unless .env names another one."""
    monkeypatch.setattr("stack.compose.commit_of", lambda project: "abc" * (project == docker.folder))
    monkeypatch.delenv("CODE_COMMIT", raising=False)
    docker.tell("retraining", CODE_COMMIT=given)
    docker.deployment.up()
    assert docker.commits == [told]


def test_a_profile_is_built_started_and_shown(docker: FakeDocker, capfd: pytest.CaptureFixture[str]) -> None:
    """Where PROFILES names it; Compose has read .env for that."""
    docker.choose("jobs")
    docker.deployment.up()
    assert "compose --profile jobs build" in docker.asked
    started = f"compose --profile jobs up --detach --wait --wait-timeout {WAIT_SECONDS}"
    assert [line for line in docker.asked if " up " in line] == [started]
    docker.run(*[(one, "running", "healthy") for one in OF_JOBS])
    assert ComposeDeployment(Paths(docker.folder)).status() == 0
    assert rows(capfd.readouterr().out.rpartition("COMPONENT")[2]) == {"job server": "ready"}


def test_two_profiles_start_together_and_one_of_them_goes(
    docker: FakeDocker, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each with its parts."""
    docker.choose("training, jobs")
    docker.deployment.up()
    assert "compose --profile jobs --profile training build" in docker.asked
    docker.run(*[(one, "running", "healthy") for one in [*OF_JOBS, *OF_TRAINING]])
    assert ComposeDeployment(Paths(docker.folder)).status() == 0
    shown = rows(capfd.readouterr().out.rpartition("COMPONENT")[2])
    assert shown == {"job server": "ready", "stream producer": "ready", "retraining": "ready"}
    docker.choose("jobs")
    ComposeDeployment(Paths(docker.folder)).up()
    assert f"compose --profile * rm --stop --force {' '.join(OF_TRAINING)}" in docker.asked


def test_what_runs_of_a_profile_that_is_off_is_stopped(docker: FakeDocker) -> None:
    """Before the rest is started; what else runs, as the load test, is left alone."""
    docker.run(*[(one, "running", "healthy") for one in [*OF_JOBS, "locust", "nginx"]])
    docker.deployment.up()
    stopped = "compose --profile * rm --stop --force job_server rabbitmq worker"
    assert docker.asked.index(stopped) < docker.asked.index(
        next(one for one in docker.asked if " up " in one)
    )
    docker.choose("jobs")
    (docker.folder / "asked").unlink()
    ComposeDeployment(Paths(docker.folder)).up()
    assert not [line for line in docker.asked if " rm " in line]


def test_a_profile_that_there_is_not_is_refused(docker: FakeDocker) -> None:
    """With those that there are, before anything is built."""
    docker.choose("jobs,more")
    with pytest.raises(SystemExit, match="PROFILES: there is no 'more'; there is jobs, training"):
        docker.deployment.up()
    assert "compose build" not in docker.asked


def test_the_ports_and_files_of_a_profile_are_looked_at_where_it_is_on(
    docker: FakeDocker, tmp_path: Path
) -> None:
    """Who does not want it need not have them."""
    (tmp_path / "closed").touch(0o600)
    docker.mount("rabbitmq", tmp_path / "closed", user="54321")
    with socket.create_server(("0.0.0.0", FIRST_PORT + len(PUBLISHED))):
        docker.deployment.up()
        docker.choose("jobs")
        with pytest.raises(SystemExit, match=r"\(job server\) is taken(.|\n)*set JOB_SERVER_PORT in .env"):
            ComposeDeployment(Paths(tmp_path)).up()
    with pytest.raises(SystemExit, match="cannot be read by rabbitmq"):
        ComposeDeployment(Paths(tmp_path)).up()
