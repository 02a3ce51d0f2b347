"""A password reaches the database as it is, and reaches nobody else."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from model_server.settings import ModelServerSettings
from mongodb.settings import MongodbSettings, open_store
from mongodb.store import StoreUnavailable
from tests.integration.detector_program import DetectorProgram, package_settings
from tests.integration.fake_mongodb import mongodb_with_user

PASSWORDS = [
    "drift",
    "p@ss/w:rd",
    "100%25?a=b&c#d",
    "$HOME ${X}",
    "'\" \\`",
    "pässwörd€",
    "a,b=c",
    "{}[]<>|;*",
]


async def prepare(settings: MongodbSettings) -> None:
    """Make the indexes, as a program does when it starts."""
    store = open_store(settings)
    try:
        await store.prepare()
    finally:
        await store.close()


@pytest.mark.parametrize("password", PASSWORDS)
async def test_a_password_may_have_any_characters(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """User and password of the environment, and none of their characters needs quoting."""
    with mongodb_with_user(f"user {password}", password) as server:
        for name, value in (("HOST", server.host), ("USER", f"user {password}"), ("PASSWORD", password)):
            monkeypatch.setenv(f"MONGODB_{name}", value)
        await prepare(ModelServerSettings())


@pytest.mark.parametrize("password", PASSWORDS)
async def test_an_address_keeps_its_own_user(password: str) -> None:
    """MONGODB_URI with its credentials, quoted as in every address, goes before the three."""
    with mongodb_with_user("theirs", password) as server:
        uri = f"mongodb://theirs:{quote(password, safe='')}@{server.host}/drift_detection"
        others = {"mongodb_user": "drift", "mongodb_password": "drift"}
        await prepare(MongodbSettings.model_validate({"mongodb_uri": uri, **others}))


async def test_an_address_without_a_user_asks_as_nobody(mongodb_uri: str) -> None:
    """A database without users, under an address of its own, is not asked with the stack's user."""
    others = {"mongodb_user": "drift", "mongodb_password": "drift"}
    await prepare(MongodbSettings.model_validate({"mongodb_uri": mongodb_uri, **others}))


async def test_a_wrong_password_is_an_outage_that_does_not_tell_it() -> None:
    """It may be set right while the samples wait; the reason is logged, and has neither password."""
    with mongodb_with_user("drift", "right-one") as server:
        given = {"mongodb_host": server.host, "mongodb_user": "drift", "mongodb_password": "wrong-one"}
        with pytest.raises(StoreUnavailable, match="Authentication failed") as refused:
            await prepare(MongodbSettings.model_validate(given))
    assert "one" not in str(refused.value)


BAD = {
    "a slash in an address": ("MONGODB_URI", "mongodb://drift:hush/hush@db:27017/drift_detection"),
    "digits and a slash": ("MONGODB_URI", "mongodb://drift:1/hush@db"),
    "a question mark": ("MONGODB_URI", "mongodb://drift:hush?hush@db:27017/drift_detection"),
    "a percent sign": ("MONGODB_URI", "mongodb://drift:hush%zz@db:27017/drift_detection"),
    "an at sign": ("MONGODB_URI", "mongodb://drift:hush@hush@db:27017/drift_detection"),
    "a wrong port": ("MONGODB_URI", "mongodb://drift:hush@db:port/drift_detection"),
    "no address": ("MONGODB_URI", "postgres://drift:hush@db"),
    "a control character": ("MONGODB_PASSWORD", "hush\x07"),
    "no user": ("MONGODB_PASSWORD", "hush"),
    "no text": ("MONGODB_PASSWORD", "hush\udcff"),
}


@pytest.mark.parametrize(("name", "value"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_without_the_password(name: str, value: str, tmp_path: Path) -> None:
    """Every program ends with a line that names the variable and has no part of its value."""
    user = {"MONGODB_USER": "drift"} if "\x07" in value or "\udcff" in value else {}
    program = DetectorProgram(
        tmp_path / "out", {"DETECTOR": "mmd", name: value, **user, **package_settings(tmp_path)}
    )
    program.start()
    assert program.wait() == 2
    said = program.output.read_text()
    assert name in said
    assert "hush" not in said
    assert "Traceback" not in said


def test_the_model_server_does_not_tell_it_either(tmp_path: Path) -> None:
    """Its address is read before its model package."""
    environment = {"MONGODB_URI": "mongodb://drift:hush/hush@db/x", "MODEL_PACKAGE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "model_server"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "MONGODB_URI is not an address of MongoDB" in done.stdout
    assert "hush" not in done.stdout + done.stderr
