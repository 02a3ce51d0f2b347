"""Another model package, without a pause."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.stack.client import NGINX, SLOTS, Load, answers, predict, wait_for
from tests.stack.project import PACKAGES, attempt, run
from tests.stack.running_stack import RunningStack

PACKAGE = PACKAGES["model_server"]
MANIFEST = PACKAGE / "model.toml"


@contextmanager
def changed(path: Path, content: bytes) -> Iterator[None]:
    """Change a file of the package under test, and put it back and have it loaded."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)
        run("python3", "-m", "stack", "reload", "model_server")


def with_version(version: str) -> bytes:
    return re.sub(r'^version = ".*"', f'version = "{version}"', MANIFEST.read_text(), flags=re.M).encode()


def served_version(slot: str = "model_server") -> str:
    return predict(SLOTS[slot]).headers["x-model-version"]


def test_a_new_version_takes_over_without_a_failed_request(stack: RunningStack) -> None:
    """Under load one command changes the version that answers, of the named slot alone."""
    before = served_version()
    with Load() as load:
        load.wait_for_answers(30)
        with changed(MANIFEST, with_version("reloaded")):
            shown = run("make", "reload", "SLOT=model_server")
            load.versions.clear()
            load.wait_for_answers(60)
            versions = dict(load.versions)
        load.wait_for_answers(30)
    assert "loaded small-cnn reloaded (sha256 " in shown
    assert set(load.statuses) == {200}, load.statuses
    # Those that were under way while the command ended may still be the old version's.
    assert versions["model_server", "reloaded"] > 20
    assert versions.get(("model_server", before), 0) <= load.clients
    assert "reloaded" not in {version for slot, version in versions if slot == "model_server_new"}
    assert served_version() == before


def test_a_broken_package_is_refused_and_the_old_model_goes_on(stack: RunningStack) -> None:
    """The command says why and fails; nobody who sends an image notices."""
    before = served_version()
    weights = next((PACKAGE / "artifacts").glob("*.safetensors"))
    with Load() as load:
        load.wait_for_answers(20)
        with changed(weights, weights.read_bytes()[:-1] + b"x"):
            refused = attempt("python3", "-m", "stack", "reload", "model_server")
            load.wait_for_answers(40)
            assert served_version() == before
    assert refused.returncode == 1
    assert "refused" in refused.stdout
    assert "SHA-256" in refused.stdout
    assert set(load.statuses) == {200}, load.statuses


def test_sighup_reloads_too(stack: RunningStack) -> None:
    """SIGHUP does what the command does, and a server that dies after it is started again."""
    with changed(MANIFEST, with_version("hung-up")):
        stack.send_sighup("model_server")
        wait_for("the version of the changed package", lambda: served_version() == "hung-up", 20)
    stack.kill("model_server")
    wait_for("the slot gone", lambda: not answers(f"{SLOTS['model_server']}/readyz"), 10)
    wait_for("the slot again", lambda: answers(f"{SLOTS['model_server']}/readyz"), 60)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("base", [NGINX, *SLOTS.values()])
def test_nobody_outside_can_have_a_model_reloaded(base: str) -> None:
    """A reload is asked for where the server runs, not through nginx."""
    answer = httpx.post(f"{base}/v2/repository/models/small-cnn/load")
    assert answer.status_code == 404
    assert answer.json()["error"]
