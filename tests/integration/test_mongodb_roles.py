"""The users that mongodb/init makes, and that the release program does what its role permits, and no more.

No MongoDB with users runs here. The script runs in a browser, over a `db` that is written below. What the
program asks of a database without users is recorded, and compared with the role.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import sync_playwright
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure

from mongodb.documents import Sample
from mongodb.feedback import Feedback, LabelledPackage, SampledPrediction
from mongodb.indexes import INDEX_OPTIONS_CONFLICT
from mongodb.positions import first_position_of
from mongodb.store import DATABASE, Store, StoreUnavailable
from proxy.routing import checksum
from release.evidence import NGINX_JOB, NOBODY, UP
from release.feedback import MongodbFeedback
from release.serving import serve_release
from release.store import ReleaseStore
from service.clock import utc_now
from service.slots import CANDIDATE
from tests.integration.detector_program import until
from tests.integration.mongodb_recorder import Actions, Recorder
from tests.integration.test_releasing import TOKEN, World, order, served, until_phase
from tests.integration.test_shadow_pairs import pairs
from tests.receivers import Webhook
from tests.stack.conftest import ARGUMENTS, CHROMIUM, QUIET
from tests.unit.service.test_slots import services

SCRIPT = Path(__file__).parents[2] / "mongodb" / "init" / "users.js"
FAKE = """({script, environment, there}) => {
  const made = structuredClone(there);
  const database = (db) => {
    const getRole = (name) => made.roles.find((one) => one.db === db && one.role === name) ?? null;
    const getUser = (name) => made.users.find((one) => one.db === db && one.user === name) ?? null;
    const createRole = (role) => made.roles.push({db, ...role});
    const updateRole = (name, role) => Object.assign(getRole(name), role);
    const createUser = (user) => made.users.push({db, ...user});
    return {getRole, getUser, createRole, updateRole, createUser};
  };
  new Function("db", "process", script)({getSiblingDB: database}, {env: environment});
  return made;
}"""
Made = dict[str, list[dict[str, Any]]]
NOTHING: Made = {"roles": [], "users": []}
READ = {"drift_results", "feedback", "packages", "samples"}
OWN = {
    *("notifications", "release_decisions", "release_labels", "release_looks"),
    *("release_shadow", "release_state"),
}


def defaults(service: str) -> dict[str, str]:
    """Return a service's environment in Compose where .env says nothing."""
    environment: dict[str, str] = services()[service]["environment"]
    return {
        name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value)) for name, value in environment.items() if value
    }


def run_script(changes: Mapping[str, str] = MappingProxyType({}), there: Made = NOTHING) -> Made:
    """Return what there is when the script has run, with the environment that Compose gives it, changed."""
    given = {"script": SCRIPT.read_text("utf-8"), "environment": {**defaults("mongodb"), **changes}}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS + QUIET)
        made: Made = browser.new_page().evaluate(FAKE, {**given, "there": there})
        browser.close()
    return made


@pytest.fixture(scope="module")
def made() -> Made:
    """Give what the script makes of an empty volume."""
    return run_script()


def permitted(made: Made, name: str) -> Actions:
    """Return what a role permits, by collection; no right covers a whole database, or comes from another."""
    [role] = [one for one in made["roles"] if one["role"] == name]
    assert (role["db"], role["roles"]) == (DATABASE, [])
    assert all({*one["resource"]} == {"db", "collection"} for one in role["privileges"])
    assert {one["resource"]["db"] for one in role["privileges"]} == {DATABASE}
    rights = {one["resource"]["collection"]: {*one["actions"]} for one in role["privileges"]}
    assert len(rights) == len(role["privileges"])
    return rights


@pytest.mark.parametrize(
    ("service", "role"),
    [
        ("release", "release"),
        ("job_server", "jobs"),
        ("worker", "jobs"),
        ("model_server", "readWrite"),
        ("drift_detector_server", "readWrite"),
    ],
)
def test_each_program_connects_as_a_user_that_there_is(made: Made, service: str, role: str) -> None:
    """With its password, in the database that is asked for it, and with one role there."""
    environment = defaults(service)
    [user] = [one for one in made["users"] if one["user"] == environment["MONGODB_USER"]]
    assert user == {
        "db": DATABASE,
        "user": environment["MONGODB_USER"],
        "pwd": environment["MONGODB_PASSWORD"],
        "roles": [{"role": role, "db": DATABASE}],
    }


def test_the_release_program_may_write_its_own_collections_only(made: Made) -> None:
    """It reads four others."""
    rights = permitted(made, "release")
    assert {name for name, actions in rights.items() if actions != {"find"}} == OWN
    assert {name for name, actions in rights.items() if actions == {"find"}} == READ
    assert all("find" in actions and "remove" not in actions for actions in rights.values())
    assert "update" not in rights["release_decisions"]


def test_jobs_read_their_own_collections_only(made: Made) -> None:
    """Whoever takes one of the programs over finds nothing else; samples can be added, not changed."""
    rights = permitted(made, "jobs")
    assert {name for name, actions in rights.items() if actions != {"insert"}} == {
        "jobs",
        "job_chunks",
        "job_inputs",
    }
    assert {name for name, actions in rights.items() if actions == {"insert"}} == {"samples"}


def test_the_script_brings_an_older_volume_up_to_date(made: Made) -> None:
    """Its user keeps its password, its role gets what is missing there; a second run changes nothing."""
    user, *missing = made["users"]
    role, *others = made["roles"]
    old = {"roles": [{**role, "privileges": []}], "users": [{**user, "pwd": "older"}]}
    after = run_script(there=old)
    assert after == {"roles": [role, *others], "users": [*old["users"], *missing]}
    assert run_script(there=after) == after


def test_users_and_passwords_are_those_of_the_environment() -> None:
    """Whatever characters they have."""
    names = {"MONGODB_APP_USER": "a", "MONGODB_APP_PASSWORD": "'\"$1"}
    names |= {"MONGODB_RELEASE_USER": "b", "MONGODB_RELEASE_PASSWORD": "`\\"}
    names |= {"MONGODB_JOBS_USER": "c", "MONGODB_JOBS_PASSWORD": "p@ss/w:rd"}
    found = [(one["user"], one["pwd"], one["roles"][0]["role"]) for one in run_script(names)["users"]]
    assert found == [("a", "'\"$1", "readWrite"), ("b", "`\\", "release"), ("c", "p@ss/w:rd", "jobs")]


@pytest.fixture
def recorder(store: Store, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Give what notes the commands of each store that is opened after `store`."""
    recorder = Recorder(mongodb_uri.rpartition("/")[2])
    client = partial(AsyncMongoClient, event_listeners=[recorder])
    monkeypatch.setattr("mongodb.store.AsyncMongoClient", client)
    return recorder


class ScrapedWorld(World):
    """The world with a Prometheus that has scraped nginx, so that there is something to look at."""

    def nginx(self, path: str) -> bytes:
        """Answer for nginx and for Prometheus."""
        if path == "/configuration":
            return checksum(self.split.read_text()).encode()
        series = {"__name__": UP, "job": NGINX_JOB, "slot": NOBODY}
        result = [{"metric": series, "value": [0, "1"]}]
        return httpx.Response(200, json={"status": "success", "data": {"result": result}}).content


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give the world of a release."""
    return ScrapedWorld(tmp_path)


@pytest.fixture
async def http(
    world: World, mongodb_uri: str, recorder: Recorder, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """Run the recorded program with all its parts, and give a client that knows the token."""
    apps: list[FastAPI] = []
    monkeypatch.setattr("release.traffic.part.PAIRS_SECONDS", 0.5)
    monkeypatch.setattr("release.shadow.pairs.PARTNERS", timedelta())
    monkeypatch.setattr("release.serving.configure_logging", lambda _: None)
    monkeypatch.setattr("release.serving.serve", lambda app, _: apps.append(app))
    with (
        served(world.nginx) as nginx,
        served(world.stable.answer) as stable,
        served(world.candidate.answer) as candidate,
    ):
        for name in ("PROMETHEUS_URL", "NGINX_URL", "NGINX_LOG_EXPORTER_URL"):
            monkeypatch.setenv(name, f"http://{nginx}")
        settings = {
            "SPLIT_FILE": world.split,
            "PLAN_FILE": world.plans,
            "STABLE_PACKAGE": world.stable.folder,
            "CANDIDATE_PACKAGE": world.candidate.folder,
            "MODELS": world.models,
            "STABLE_REPLICAS": stable,
            "CANDIDATE_REPLICAS": candidate,
            "RELEASE_TOKEN": TOKEN,
            "MONGODB_URI": mongodb_uri,
            "NOTIFY_URLS": webhook.url,
            "NOTIFY_INTERVAL_SECONDS": 0.1,
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, str(value))
        await prepare_where_times_differ(mongodb_uri)
        serve_release()
        [app] = apps
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://release",
                headers={"Authorization": f"Bearer {TOKEN}"},
            ) as http,
        ):
            yield http


def a_label(world: World) -> Feedback:
    """Return what a person says now about an answer of the candidate's."""
    now = utc_now()
    prediction = SampledPrediction(
        request_id="labelled",
        slot=CANDIDATE,
        model="colour",
        version="2",
        package_sha256=world.candidate.serves,
        traffic="user",
        label="lemon",
        created_at=now,
        position=first_position_of(now),
    )
    return Feedback(prediction, "lemon", now)


def packages_of(samples: Iterable[Sample]) -> Iterable[LabelledPackage]:
    return {
        one.package_sha256: LabelledPackage(one.package_sha256, one.model, one.version, ("apple", "lemon"))
        for one in samples
    }.values()


async def is_there(collection: AsyncCollection[dict[str, Any]]) -> bool:
    return await collection.find_one() is not None


ALERT = {
    "version": "4",
    "groupKey": "{}",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "TargetDown"},
            "annotations": {},
            "startsAt": "2026-11-29T08:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "a1",
        }
    ],
}


async def prepare_where_times_differ(uri: str) -> None:
    """Prepare a database of a version that kept things for another time.

    MongoDB then refuses the index, which NX-27017 does not, and NX-27017 does not know what is asked next.
    """
    create = AsyncCollection.create_index

    async def refuse(collection: AsyncCollection[Any], keys: Any, **options: Any) -> str:
        if "expireAfterSeconds" in options:
            raise OperationFailure("an index with other options", INDEX_OPTIONS_CONFLICT)
        return await create(collection, keys, **options)

    store = Store(uri)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(AsyncCollection, "create_index", refuse)
        for one in (ReleaseStore(store.database), MongodbFeedback(store.database), store.outbox(["json_1"])):
            with suppress(StoreUnavailable):
                await one.prepare()
    await store.close()


async def test_the_role_permits_what_the_release_program_does_and_no_more(
    made: Made, store: Store, http: httpx.AsyncClient, world: World, recorder: Recorder
) -> None:
    """A release with labels, promoted and rolled back; orders, alerts, messages, and a shadow's pairs."""
    kept = store.database
    await until(lambda: is_there(kept.release_shadow))
    answers = pairs(3)
    for package in packages_of(answers):
        await store.note_package(package)
    await store.insert_samples(answers)
    assert (await http.post("/alerts", json=ALERT)).json() == {"messages": 1}
    await order(http, "/release", plan="patient", who="ann", why="new data")
    await until(lambda: is_there(kept.release_looks))
    await store.write_feedback([a_label(world)])
    await until(lambda: is_there(kept.release_labels))
    await order(http, "/release/promote", who="ann")
    await until_phase(http, "promoted")
    await order(http, "/release/rollback", who="ann", why="worse")
    await until_phase(http, "rolled_back")
    await order(http, "/candidate", package=world.third, who="ann", why="newer data")
    split = await http.post("/traffic/split", json={"stable": 80, "candidate": 20})
    assert split.is_success, split.text
    for path in ("/release", "/decisions", "/traffic", "/models", "/metrics"):
        assert (await http.get(path)).is_success

    async def all_joined_and_sent() -> bool:
        shadow, backlog = (await http.get("/shadow")).json(), await store.outbox(["json_1"]).backlog()
        return bool(shadow["comparisons"]) and not backlog.deliveries

    await until(all_joined_and_sent)
    assert recorder.unknown == []
    assert recorder.needed == permitted(made, "release")
