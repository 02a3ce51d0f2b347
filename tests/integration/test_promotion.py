"""The candidate's package becomes production's under load, is taken back, and survives every kill."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from inference.identity import identify
from release.package_folder import PackageFolder
from release.promotion import ServedPackage
from release.replicas import Replicas
from service.token import SharedToken
from tests.colour_model import write_colour_package
from tests.integration.model_server_program import PROJECT, ModelServerProgram
from tests.integration.promotion_kills import FileJournal
from tests.integration.test_reload import Load, running_server
from tests.waiting import until


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("slot")


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[list[ModelServerProgram]]:
    """Two replicas of a slot, which make their token."""
    package = write_colour_package(folder / "model")
    with ExitStack() as stack:
        yield [stack.enter_context(running_server(folder, package)) for _ in range(2)]


def addresses(servers: Sequence[ModelServerProgram]) -> list[str]:
    return [f"127.0.0.1:{one.internal_port}" for one in servers]


def production(
    folder: Path, servers: Sequence[ModelServerProgram], token: SharedToken | None = None
) -> ServedPackage:
    replicas = Replicas(addresses(servers), token or servers[0].token, patience_seconds=5)
    return ServedPackage(
        PackageFolder(folder / "model"), replicas.reload, FileJournal(folder / "journal.json")
    )


def candidate(folder: Path, version: str) -> tuple[Path, str]:
    place = write_colour_package(folder / "candidate", version)
    return place, identify(place).sha256


def versions(servers: Sequence[ModelServerProgram]) -> list[str]:
    return [one.predict("who").headers["x-model-version"] for one in servers]


async def test_no_request_fails_over_promotion_and_rollback(
    folder: Path, servers: list[ModelServerProgram]
) -> None:
    """Every replica serves the new package, and then the old one again."""
    before = versions(servers)
    with Load(servers[0]) as load:
        promoted = await production(folder, servers).promote(*candidate(folder, "promoted"))
        after = versions(servers)
        back = await production(folder, servers).rollback()
    assert (promoted.step, back.step) == ("done", "done")
    assert (after, versions(servers)) == (["promoted"] * 2, before)
    assert set(load.statuses) == {200}
    found = await Replicas(addresses(servers), servers[0].token).look()
    assert {one.sha256 for one in found} == {back.package_sha256}


async def test_a_rollback_takes_seconds(folder: Path, servers: list[ModelServerProgram]) -> None:
    """From one command to its answer, which comes when every replica serves the package."""
    await production(folder, servers).promote(*candidate(folder, "promoted"))
    started = time.monotonic()
    assert (await production(folder, servers).rollback()).step == "done"
    assert time.monotonic() - started < 5


async def test_a_package_that_fails_in_the_server_comes_back(
    folder: Path, servers: list[ModelServerProgram]
) -> None:
    """Its files are whole and its code is not: the servers alone can tell, and nobody else notices."""
    before = versions(servers)
    place, _ = candidate(folder, "broken")
    (place / "network.py").write_text((place / "network.py").read_text().replace("nn.Linear", "nn.Lineal"))
    with Load(servers[0]) as load:
        done = await production(folder, servers).promote(place, identify(place).sha256)
    assert done.step == "restored"
    assert "cannot be made" in done.reason
    assert versions(servers) == before
    assert set(load.statuses) == {200}
    assert identify(folder / "model").sha256 == done.previous_sha256


async def test_a_controller_with_another_token_changes_nothing(
    folder: Path, servers: list[ModelServerProgram]
) -> None:
    """The servers refuse it, and the folder holds what they serve."""
    before = versions(servers)
    other = SharedToken(SecretStr("a-token-of-nobody"), Path("/nowhere"))
    done = await production(folder, servers, other).promote(*candidate(folder, "unasked"))
    assert done.step == "restored"
    assert "401: This is not the token of this stack" in done.reason
    assert versions(servers) == before == [identify(folder / "model").manifest.version] * 2
    logs = "".join(one.log.read_text() for one in servers)
    assert "a-token-of-nobody" not in logs
    assert servers[0].token.read().get_secret_value() not in logs


def test_both_replicas_made_one_token_that_others_cannot_read(servers: list[ModelServerProgram]) -> None:
    """It is made at the first change that is asked for."""
    for one in servers:
        url = f"{one.internal_url}/v2/repository/models/colour/load"
        assert httpx.post(url, headers=one.token.header, timeout=30).status_code == 200
        assert httpx.post(url, timeout=30).status_code == 401
        assert one.token.file.stat().st_mode & 0o777 == 0o600


def test_a_killed_controller_leaves_no_half_promotion(
    folder: Path, servers: list[ModelServerProgram]
) -> None:
    """Killed at any instant and started again, it ends with the package served, and no request fails."""
    chance = random.Random(1)
    with Load(servers[0]) as load:
        for number in range(4):
            place, sha256 = candidate(folder, f"killed-{number}")
            known = {identify(folder / "model").sha256, sha256}
            with promote_in_a_process(folder, servers[0], place, sha256) as first:
                until("the work begun", partial(has_begun, folder / "journal.json", sha256), 60)
                with suppress(subprocess.TimeoutExpired):
                    first.wait(chance.uniform(0, 0.5))
                first.kill()
            assert identify(folder / "model").sha256 in known
            with promote_in_a_process(folder, servers[0], place, sha256) as again:
                assert again.communicate(timeout=60)[0] == "done\n"
            assert versions(servers[:1]) == [f"killed-{number}"]
    assert set(load.statuses) == {200}


def has_begun(journal: Path, sha256: str) -> bool:
    return journal.exists() and sha256 in journal.read_text()


def promote_in_a_process(
    folder: Path, server: ModelServerProgram, place: Path, sha256: str
) -> subprocess.Popen[str]:
    address, token = f"127.0.0.1:{server.internal_port}", server.token.file
    words = [folder / "model", place, sha256, address, token, folder / "journal.json"]
    command = [sys.executable, "-m", "tests.integration.promotion_program", *map(str, words)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", ["promotion", "refused", "rollback", "candidacy"])
def test_a_kill_before_any_change_of_a_file_does_no_harm(tmp_path: Path, operation: str) -> None:
    """Each leaves the whole old or new package, the same command finishes, also with its journal lost."""
    fewest = {"promotion": 60, "refused": 60, "rollback": 12, "candidacy": 60}[operation]
    assert kill(tmp_path, operation, "every-step") > fewest


@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", ["promotion", "refused", "rollback"])
def test_a_kill_at_any_instant_does_no_harm(tmp_path: Path, operation: str) -> None:
    """In the midst of a copy too; whoever loads the package meanwhile gets a whole one."""
    assert kill(tmp_path, operation, "20") > 20


def kill(folder: Path, operation: str, how: str) -> int:
    command = [sys.executable, "-m", "tests.integration.promotion_kills", str(folder), operation, how]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
