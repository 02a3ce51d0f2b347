"""The release program between a real database, real files, and servers that stand in for the rest."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from inference.identity import identify
from mongodb.store import Store
from proxy.routing import checksum
from release import lifecycle
from release.app import create_app
from release.metrics import ReleaseMetrics
from release.package_folder import PackageFolder
from release.packages import ReplacementJournal, package_in
from release.parts import Part
from release.promotion import Replacement, Step
from release.registry.part import RegistryPart
from release.releasing import Releasing
from release.settings import ReleaseSettings
from release.split_file import SplitFile
from release.store import ReleaseStore
from service.slots import CANDIDATE, STABLE
from tests.colour_model import write_colour_package
from tests.integration.conftest import MongodbServer
from tests.lineages import add_lineage
from tests.unit.release.made_up import PLAN, a_decision, later

TOKEN = "a-token-of-the-tests"
PLANS = """
[patient]
steps = [20]
step_seconds = 3600
min_requests = 5
[patient.gates.error_rate]
"""
SPLIT = """upstream split {
    server model_server:8000      weight=1  resolve;
    server model_server_new:8000  weight=1  resolve;
}
"""
Answer = Callable[[str], Any]


class Handler(BaseHTTPRequestHandler):
    """Answers with what the server's function makes of the path."""

    def do_GET(self) -> None:
        data = self.server.answer(self.path.partition("?")[0])  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815 - the base class's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(answer: Callable[[str], bytes]) -> Iterator[str]:
    """Serve the answers at a host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.answer = answer  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Slot:
    """A slot with one replica, which loads whatever its folder holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.serves = identify(folder).sha256
        self.loads = 0

    def answer(self, path: str) -> bytes:
        if path.endswith("/load"):
            self.serves = identify(self.folder).sha256
            self.loads += 1
            return json.dumps({"sha256": self.serves}).encode()
        return json.dumps([{"sha256": self.serves}]).encode()


class World:
    """Two slots, nginx and a Prometheus without numbers."""

    def __init__(self, folder: Path) -> None:
        self.split = folder / "default.conf"
        self.split.write_text(SPLIT)
        self.plans = folder / "plan.toml"
        self.plans.write_text(PLANS)
        self.stable = Slot(write_colour_package(folder / "stable", version="1"))
        self.candidate = Slot(write_colour_package(folder / "candidate", version="2"))
        self.models = folder / "models"
        write_colour_package(self.models / "new", version="3")
        self.third = add_lineage(self.models / "new")

    def nginx(self, path: str) -> bytes:
        if path == "/configuration":
            return checksum(self.split.read_text()).encode()
        return json.dumps({"status": "success", "data": {"result": []}}).encode()

    @asynccontextmanager
    async def program(self, uri: str) -> AsyncIterator[httpx.AsyncClient]:
        """Run the program on a database, and give a client that knows the token."""
        store = Store(uri, timeout_seconds=1.0)
        with (
            served(self.nginx) as nginx,
            served(self.stable.answer) as stable,
            served(self.candidate.answer) as candidate,
        ):
            settings = ReleaseSettings(
                prometheus_url=f"http://{nginx}",
                nginx_url=f"http://{nginx}",
                split_file=self.split,
                plan_file=self.plans,
                stable_package=self.stable.folder,
                candidate_package=self.candidate.folder,
                models=self.models,
                stable_replicas=(stable,),
                candidate_replicas=(candidate,),
                release_token=SecretStr(TOKEN),
            )
            metrics = ReleaseMetrics(CollectorRegistry(), settings.slot)
            releasing = Releasing(settings, store, store.outbox([]), metrics)
            versions = CollectorRegistry()
            parts: list[Part] = [releasing, RegistryPart(settings, releasing, versions)]
            app = create_app(settings, store, [], parts, versions)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app),
                    base_url="http://release",
                    headers={"Authorization": f"Bearer {TOKEN}"},
                ) as http,
            ):
                yield http


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def order(http: httpx.AsyncClient, path: str, **order: str) -> dict[str, Any]:
    response = await http.post(path, json=order)
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def until_phase(http: httpx.AsyncClient, phase: str) -> dict[str, Any]:
    """Wait until the newest release is in a phase, and return it."""
    async with asyncio.timeout(20):
        while True:
            response = await http.get("/release")
            release: dict[str, Any] = response.json().get("release") or {}
            if release.get("phase") == phase:
                return release
            await asyncio.sleep(0.05)


def served_version(slot: Slot) -> str:
    return identify(slot.folder).manifest.version


async def test_a_release_from_its_start_to_its_rollback(store: Store, mongodb_uri: str, world: World) -> None:
    """By orders; without numbers it holds meanwhile. People are told of each end, the history of all."""
    async with world.program(mongodb_uri) as http:
        await order(http, "/release", plan="patient", who="ann", why="new data")
        assert SplitFile(world.split).read().weights == {STABLE: 80, CANDIDATE: 20}
        async with asyncio.timeout(20):
            while not (await http.get("/release")).json()["release"]["held_by"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await order(http, "/release/promote", who="ann")
        await until_phase(http, "promoted")
        assert (served_version(world.stable), world.stable.loads) == ("2", 1)
        assert world.stable.serves == world.candidate.serves
        assert SplitFile(world.split).read().weights == {STABLE: 100, CANDIDATE: 0}
        await order(http, "/release/rollback", who="ann", why="worse")
        await until_phase(http, "rolled_back")
        assert (served_version(world.stable), world.stable.loads) == ("1", 2)
        decided = (await http.get("/decisions")).json()
    assert [one["decision"] for one in reversed(decided)] == [
        "start",
        "hold",
        "promote",
        "promoted",
        "rollback",
        "rolled_back",
    ]
    assert "Prometheus has nothing" in decided[4]["why"]
    told = [one["_id"].split(":")[2] async for one in store.database.notifications.find()]
    assert sorted(told) == ["held", "promoted", "rolled_back", "started"]


async def test_the_next_release_begins_when_the_one_before_has_ended(mongodb_uri: str, world: World) -> None:
    """A program that starts anew knows it."""
    async with world.program(mongodb_uri) as http:
        first = await order(http, "/release", plan="patient")
    async with world.program(mongodb_uri) as http:
        refused = await http.post("/release", json={"plan": "patient"})
        assert (refused.status_code, "end it first" in refused.json()["detail"]) == (409, True)
        await order(http, "/release/abort")
        await until_phase(http, "aborted")
        await asyncio.sleep(1)  # a release is named by its second
        second = await order(http, "/release", plan="patient")
    assert first["release"]["_id"] < second["release"]["_id"]


async def test_a_promotion_that_a_kill_left_is_finished_by_its_release(
    store: Store, mongodb_uri: str, world: World
) -> None:
    """In whatever step it was: the slot loads the package once."""
    release = lifecycle.start(
        name="r1",
        plan_name="patient",
        plan=PLAN,
        stable=package_in(world.stable.folder),
        candidate=package_in(world.candidate.folder),
        in_file=SplitFile(world.split).read(),
        now=later(0),
    )
    promoting = lifecycle.promote(release, "so")
    releases, journal = ReleaseStore(store.database), ReplacementJournal(store.database, STABLE)
    await releases.change(None, promoting, a_decision(promoting, "promote", "ann"))
    await journal.record(Replacement("promotion", release.candidate.sha256, world.candidate.folder))
    async with world.program(mongodb_uri) as http:
        await until_phase(http, "promoted")
    assert (served_version(world.stable), world.stable.loads) == ("2", 1)


async def test_a_replacement_that_no_release_knows_is_finished_too(
    store: Store, mongodb_uri: str, world: World
) -> None:
    """So the slot never stays half way between two packages."""
    journal = ReplacementJournal(store.database, STABLE)
    await journal.record(Replacement("promotion", world.candidate.serves, world.candidate.folder))
    async with world.program(mongodb_uri):
        async with asyncio.timeout(20):
            while not world.stable.loads:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    found = await journal.read()
    assert found is not None
    assert found.step == "done"


async def test_a_retrained_version_is_tried_and_promoted(mongodb_uri: str, world: World) -> None:
    """By its checksum, from the registry; and the version from before by the same way back."""
    first, second = world.stable.serves, world.candidate.serves
    async with world.program(mongodb_uri) as http:
        await order(http, "/release", plan="patient", package=world.third[:12], who="ann", why="new data")
        assert (world.candidate.serves, world.candidate.loads) == (world.third, 1)
        refused = await http.post("/candidate", json={"package": second})
        assert (refused.status_code, "end it first" in refused.json()["detail"]) == (409, True)
        await order(http, "/release/promote", who="ann")
        await until_phase(http, "promoted")
        listed = {one["sha256"]: one for one in (await http.get("/models")).json()["models"]}
        assert {sha256: one["where"] for sha256, one in listed.items()} == {
            world.third: ["production", "candidate"],
            first: ["archive"],
            second: ["archive"],
        }
        assert listed[world.third]["lineage"]["metrics"]["golden"]["accuracy"] == 0.9
        answer = await order(http, "/candidate", package="colour:1", who="ann", why="back")
        assert answer["package"]["sha256"] == first == world.candidate.serves
        decided = [one["decision"] for one in (await http.get("/decisions")).json()]
    assert decided == ["candidate", "promoted", "promote", "start", "candidate"]


async def test_the_metrics_follow_the_listing(mongodb_uri: str, world: World) -> None:
    """Within seconds: what was put into the slot is the candidate there."""

    async def shown(http: httpx.AsyncClient, version: str, where: str) -> None:
        async with asyncio.timeout(20):
            while True:
                lines = (await http.get("/metrics")).text.splitlines()
                found = [one for one in lines if one.startswith("model_version_info{")]
                if any(f'version="{version}"' in one and f'where="{where}"' in one for one in found):
                    return
                await asyncio.sleep(0.05)

    async with world.program(mongodb_uri) as http:
        await shown(http, "3", "archive")
        await order(http, "/candidate", package="colour:3")
        await shown(http, "3", "candidate")


@pytest.mark.parametrize("step", ["begun", "copied", "replaced"])
async def test_a_candidate_that_was_begun_is_finished_at_the_next_start(
    store: Store, mongodb_uri: str, world: World, step: Step
) -> None:
    """In whatever step the program was killed; production is left alone."""
    journal = ReplacementJournal(store.database, CANDIDATE)
    packages = PackageFolder(world.candidate.folder)
    if step != "begun":
        with packages.locked():
            packages.take(world.models / "new", world.third)
    if step == "replaced":
        with packages.locked():
            packages.serve(world.third)
    previous = world.candidate.serves
    await journal.record(Replacement("candidacy", world.third, world.models / "new", previous, step))
    async with world.program(mongodb_uri) as http:
        async with asyncio.timeout(20):
            while world.candidate.serves != world.third:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await order(http, "/candidate", package=world.third)
    found = await journal.read()
    assert found is not None
    assert (found.step, found.previous_sha256) == ("done", previous)
    assert (world.stable.loads, await ReplacementJournal(store.database, STABLE).read()) == (0, None)


async def test_without_the_token_no_candidate_changes(mongodb_uri: str, world: World) -> None:
    """The list wants none."""
    async with world.program(mongodb_uri) as http:
        http.headers.pop("Authorization")
        assert (await http.post("/candidate", json={"package": world.third})).status_code == 401
        assert len((await http.get("/models")).json()["models"]) == 3
    assert world.candidate.loads == 0


async def test_without_the_database_nothing_is_decided(
    mongodb_server: MongodbServer, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The program is ready all the same, and goes on by itself; the log has one line of it."""
    caplog.set_level("INFO")
    async with world.program(mongodb_server.uri("release")) as http:
        await order(http, "/release", plan="patient")
        mongodb_server.stop()
        async with asyncio.timeout(20):
            while "the release waits for it" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        refused = await http.post("/release/abort", json={})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert (await http.get("/readyz")).status_code == 200
        assert SplitFile(world.split).read().weights == {STABLE: 80, CANDIDATE: 20}
        mongodb_server.start()
        async with asyncio.timeout(20):
            while "worked on again" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await order(http, "/release/abort")
        await until_phase(http, "aborted")
    assert caplog.text.count("the release waits for it") == 1
