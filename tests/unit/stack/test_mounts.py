"""What a container could not read is named before it starts, with the command that mends it."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stack.mounts import complaints, read_only_mounts
from tests.unit.release.test_image import copied, reached
from tests.unit.service.test_slots import services as compose_services

PROJECT = Path(__file__).parents[3]
STRANGER = "54321:54321"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file and a folder in it, open to all."""
    folder = tmp_path / "nginx"
    (folder / "more").mkdir(parents=True)
    for name in ("default.conf", "more/other.conf"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o644)
    for path in (folder, folder / "more"):
        path.chmod(0o755)
    return folder


def services(source: Path | str, user: str = STRANGER, **volume: Any) -> dict[str, Any]:
    volumes = [{"type": "bind", "source": str(source), "read_only": True, **volume}]
    return {"nginx": {"user": user, "volumes": volumes}}


def test_what_all_may_read_is_no_matter(folder: Path) -> None:
    """Nothing is said."""
    assert complaints(read_only_mounts(services(folder))) == []


@pytest.mark.parametrize(
    ("name", "mode", "shown"), [("default.conf", 0o600, "-rw-------"), ("more", 0o750, "drwxr-x---")]
)
def test_what_the_user_cannot_read_is_named(folder: Path, name: str, mode: int, shown: str) -> None:
    """With who cannot read it, and a chmod that opens this path and no other."""
    path = folder / name
    path.chmod(mode)
    line, advice = complaints(read_only_mounts(services(folder)))
    assert line == f"{path} ({shown}) cannot be read by nginx, whose user is 54321"
    assert advice == f"Let it be read: chmod a+rX {path}"
    subprocess.run(advice.partition(": ")[2], shell=True, check=True)
    assert complaints(read_only_mounts(services(folder))) == []


def test_the_owner_and_the_group_have_rights_of_their_own(folder: Path) -> None:
    """As the kernel looks: the first that fits counts, and only that."""
    (folder / "default.conf").chmod(0o440)
    found = (folder / "default.conf").stat()
    assert complaints(read_only_mounts(services(folder, f"{found.st_uid}:54321"))) == []
    assert complaints(read_only_mounts(services(folder, f"54321:{found.st_gid}"))) == []
    (folder / "default.conf").chmod(0o044)
    assert complaints(read_only_mounts(services(folder, f"{found.st_uid}:54321")))


def test_an_image_of_ours_has_its_own_user(folder: Path) -> None:
    """Where Compose names none, it is the one of our Dockerfiles."""
    for name in ("model_server", "drift_detector_server", "locust", "job_server", "stream", "retraining"):
        dockerfile = (PROJECT / name / "Dockerfile").read_text()
        assert re.findall(r"^USER (.*)$", dockerfile, re.M)[-1] == "10001:10001"
    named = services(folder)
    del named["nginx"]["user"]
    assert [mount.user for mount in read_only_mounts(named)] == [10001]


def test_what_nobody_asks_for_may_be_closed(folder: Path) -> None:
    """An editor's swap file, Python's cache, what a service writes, and what is not there yet."""
    for name in (".default.conf.swp", "__pycache__"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o600)
    assert complaints(read_only_mounts(services(folder))) == []
    (folder / "default.conf").chmod(0o600)
    assert complaints(read_only_mounts(services(folder, read_only=False))) == []
    assert complaints(read_only_mounts(services(folder / "missing"))) == []


@pytest.mark.parametrize("source", ["/", "/proc", "/sys"])
def test_the_machine_itself_is_not_searched(source: str) -> None:
    """The node exporter looks at what it may, and says nothing of the rest."""
    assert read_only_mounts(services(source)) == []


def test_the_readmes_advice_opens_what_is_mounted_and_not_env() -> None:
    """Every folder that Compose mounts is in the command, and the clone itself is not."""
    advice = re.search(r"`chmod -R a\+rX ([^`]*)`", (PROJECT / "README.md").read_text())
    assert advice
    opened = {path for word in advice[1].split() for path in PROJECT.glob(word)}
    names = ("docker-compose.yml", "docker-compose.jobs.yml", "docker-compose.training.yml")
    files = [(PROJECT / name).read_text() for name in names]
    mounted = re.findall(r"- (?:\$\{\w+:-)?\./([\w/]+)\}?:/", "".join(files))
    assert "rabbitmq" in mounted
    for name in mounted:
        assert opened & {PROJECT / name, *(PROJECT / name).parents}, name
    assert PROJECT not in opened
    assert not any(path.name.startswith(".") for path in opened)
    assert os.path.commonpath([str(path) for path in opened]) == str(PROJECT)


def binds() -> set[tuple[str, str, str, bool]]:
    """Return what Compose mounts of this machine: service, folder, place there, whether it is writable."""
    found = set()
    for service, told in compose_services().items():
        for volume in told.get("volumes") or ():
            source = re.match(r"(?:\$\{\w+:-)?(\.?/[\w./]*)\}?:", volume)
            if source:
                target, _, mode = volume[source.end() :].partition(":")
                found.add((service, source[1], target, mode != "ro"))
    return found


def test_what_is_writable_of_this_machine_is_listed_here() -> None:
    """The packages, what a release changes, and the demo's images: nothing else."""
    packages = ["./model_server/model", "./model_server_new/model"]
    assert {(service, source) for service, source, _, writable in binds() if writable} == {
        *[("models", folder) for folder in ["./examples/fruit/images", *packages]],
        *[("release", folder) for folder in ["./nginx", *packages]],
    }


def test_the_release_program_only_reads_the_registry() -> None:
    """Where its settings say; the image has that folder, so that the volume is of the user who writes it."""
    release = compose_services()["release"]
    place = release["environment"]["MODELS"]
    assert f"trained_models:{place}:ro" in release["volumes"]
    assert f"install -d -o 10001 -g 10001 {place}\n" in (PROJECT / "release/Dockerfile").read_text("utf-8")


def test_no_container_runs_what_the_release_program_could_write() -> None:
    """In nginx/ it replaces default.conf, so it could write beside it: nothing else is read there."""
    assert {(service, target) for service, source, target, _ in binds() if source.startswith("./nginx")} == {
        ("release", "/nginx"),
        ("nginx_config", "/nginx"),
    }
    assert [path.name for path in (PROJECT / "nginx").glob("[!.]*")] == ["default.conf"]
    services = compose_services()
    assert services["nginx_config"]["command"] == [
        "python",
        "-m",
        "proxy.render",
        "/nginx/default.conf",
        "/proxy",
        "/run/nginx",
    ]
    assert not any("working_dir" in services[name] for name in ("nginx_config", "nginx_log_exporter"))


def test_what_runs_beside_nginx_is_in_its_image() -> None:
    """The two programs with all that they import of ours, and what nginx's container runs."""
    dockerfile = (PROJECT / "model_server/Dockerfile").read_text("utf-8")
    for first in ("proxy/render.py", "proxy/exporter/__main__.py"):
        files, _ = reached(PROJECT / first)
        assert files <= copied(dockerfile), files - copied(dockerfile)
    assert "COPY proxy/*.py proxy/*.sh proxy/\n" in dockerfile
    ignored = (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
    assert {"!proxy/*.py", "!proxy/*.sh", "!proxy/exporter"} <= set(ignored)
