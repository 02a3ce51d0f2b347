"""What the program reads from the environment."""

import pytest

from release.settings import ReleaseSettings
from service.settings import load_settings


def test_replicas_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of hosts and ports, separated by commas; by default they are Compose's."""
    assert ReleaseSettings().candidate_replicas == ("model_server_new:8002",)
    monkeypatch.setenv("STABLE_REPLICAS", "127.0.0.1:18100, 127.0.0.1:18102")
    assert ReleaseSettings().stable_replicas == ("127.0.0.1:18100", "127.0.0.1:18102")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("STABLE_REPLICAS", "http://model_server:8002"),
        ("CANDIDATE_REPLICAS", "model_server_new"),
        ("PROMETHEUS_URL", "prometheus:9090"),
        ("NGINX_URL", "ftp://nginx"),
        ("RELEASE_TOKEN", "short"),
    ],
)
def test_what_is_wrong_is_named(
    name: str, wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with exit code 2; a token is not shown."""
    monkeypatch.setenv(name, wrong)
    with pytest.raises(SystemExit) as exit_:
        load_settings(ReleaseSettings)
    said = capsys.readouterr().err
    assert (exit_.value.code, said.count("\n")) == (2, 1)
    assert said.startswith(name)
    assert (wrong in said) == (name != "RELEASE_TOKEN")
