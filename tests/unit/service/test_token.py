"""The token that the stack's programs share."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import SecretStr

from model_server.settings import ModelServerSettings
from service.problems import install_problem_handlers
from service.settings import load_settings
from service.token import TOKEN, NoToken, SharedToken, TokenSettings, make_token, token_demand

PROJECT = Path(__file__).parents[3]
READ = """
import sys, pathlib
from service.token import SharedToken
token = SharedToken(None, pathlib.Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(token.read().get_secret_value())
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "release/token"


def write(file: Path, content: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)


def secret(token: SharedToken) -> str:
    return token.read().get_secret_value()


def app_of(token: SharedToken) -> FastAPI:
    app = FastAPI()
    install_problem_handlers(app)

    @app.post("/split", dependencies=[Depends(token_demand(token))])
    async def split() -> dict[str, bool]:
        return {"done": True}

    return app


async def post(token: SharedToken, headers: Mapping[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(app_of(token))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        return await client.post("/split", headers=headers)


def test_it_is_made_once(file: Path) -> None:
    """Whoever reads it then reads the same, after a restart too; nobody could guess it."""
    made = secret(SharedToken(None, file))
    assert secret(SharedToken(None, file)) == made
    assert TOKEN.fullmatch(made)
    assert len(set(made)) > 8
    assert made != secret(SharedToken(None, file.with_name("another")))


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_only_its_owner_can_read_it(file: Path, umask: int) -> None:
    """Nor can others look into its folder, whatever the umask is."""
    before = os.umask(umask)
    try:
        make_token(file)
    finally:
        os.umask(before)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(file.parent.iterdir()) == [file]


def test_a_volume_for_a_group_lets_its_group_read_it(file: Path) -> None:
    """In Compose the release program is of another user than the slots, and of their group."""
    file.parent.mkdir()
    file.parent.chmod(0o2770)
    make_token(file)
    assert file.stat().st_mode & 0o777 == 0o640


def test_programs_that_start_at_once_have_the_same(file: Path) -> None:
    """The first one's counts, and each sees it whole."""
    command = [sys.executable, "-c", READ, str(file)]
    programs = [
        subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for one in programs:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in programs:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    said = {one.communicate(timeout=30)[0] for one in programs}
    assert len(said) == 1
    assert list(file.parent.iterdir()) == [file]


def test_one_that_was_first_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it comes between the look and the making."""
    first = secret(SharedToken(None, file))
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert secret(SharedToken(None, file)) == first


def test_a_given_one_goes_before_the_file(file: Path) -> None:
    """And no file is made."""
    assert secret(SharedToken(SecretStr("given-by-a-person"), file)) == "given-by-a-person"
    assert not file.parent.exists()


@pytest.mark.parametrize("content", [b"", b"short", b"two words of a file", b"\xff" * 40])
def test_a_file_that_holds_no_token_is_named(file: Path, content: bytes) -> None:
    """With what to do; an empty token would let everybody in."""
    write(file, content)
    with pytest.raises(NoToken, match="RELEASE_TOKEN"):
        SharedToken(None, file).read()


def test_where_no_file_can_be_made_it_is_said(tmp_path: Path) -> None:
    """A folder that cannot be made, say."""
    (tmp_path / "file").touch()
    with pytest.raises(NoToken, match=r"RELEASE_TOKEN_FILE: .*; or set RELEASE_TOKEN"):
        SharedToken(None, tmp_path / "file/release/token").read()


async def test_who_has_the_token_may_change_things(file: Path) -> None:
    """The header that a client sends is the one that is demanded."""
    token = SharedToken(None, file)
    assert (await post(token, token.header)).json() == {"done": True}
    assert (await post(token, {"Authorization": f"bearer  {secret(token)} "})).status_code == 200


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, "Bearer"),
        ("", "Bearer"),
        ("Basic dXNlcjpwYXNz", "Bearer"),
        ("Bearer", 'Bearer error="invalid_token"'),
        ("Bearer another-token-of-many", 'Bearer error="invalid_token"'),
        ("Bearer \xe9\xe9", 'Bearer error="invalid_token"'),
    ],
)
async def test_who_lacks_it_is_refused_with_a_problem_document(
    file: Path, authorization: str | None, challenge: str
) -> None:
    """401 as RFC 6750 has it; the answer does not hold the token."""
    token = SharedToken(None, file)
    headers = {} if authorization is None else {"Authorization": authorization}
    transport = httpx.ASGITransport(app_of(token))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        refused = await client.post("/split", headers=raw)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == challenge
    assert refused.headers["content-type"] == "application/problem+json"
    assert secret(token) not in refused.text


async def test_without_a_token_nobody_is_let_in(file: Path) -> None:
    """Not with an empty one either; predictions go on, as the program does not end."""
    write(file, b"")
    refused = await post(SharedToken(None, file), {"Authorization": "Bearer "})
    assert refused.status_code in {401, 503}
    assert (await post(SharedToken(None, file), {"Authorization": "Bearer x"})).status_code == 503


async def test_a_token_that_was_made_anew_counts_at_once(file: Path) -> None:
    """All programs read the same file, so none goes on with another one's."""
    token = SharedToken(None, file)
    old = token.header
    write(file, b"a-new-token-of-a-person\n")
    new = SharedToken(None, file).header
    assert (await post(token, old)).status_code == 401
    assert (await post(token, new)).status_code == 200


@pytest.mark.parametrize("wrong", ["short", "with a blank in its middle", "x" * 600, "quote'quote'quote'"])
def test_a_wrong_one_is_refused_at_the_start_and_not_shown(
    wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what to give."""
    monkeypatch.setenv("RELEASE_TOKEN", wrong)
    with pytest.raises(SystemExit):
        load_settings(ModelServerSettings)
    said = capsys.readouterr().err
    assert said.startswith("RELEASE_TOKEN: ")
    assert "openssl rand" in said
    assert wrong not in said


def test_settings_show_no_token() -> None:
    """Whoever logs them."""
    settings = TokenSettings(release_token=SecretStr("given-by-a-person"))
    assert "given-by-a-person" not in repr(settings) + repr(settings.shared_token) + str(settings)
