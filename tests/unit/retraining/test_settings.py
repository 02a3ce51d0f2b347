"""retraining/settings.py: what no clock can count is refused before anything starts."""

import pytest

from retraining.settings import RetrainingSettings
from service.settings import load_settings


@pytest.mark.parametrize(
    "name",
    [
        "EVERY_DAYS",
        "COLLECT_MINUTES",
        "LEARNING_SECONDS",
        "LEARNING_MEMORY_MIB",
        "LOOK_SECONDS",
        "REST_MINUTES",
    ],
)
@pytest.mark.parametrize("value", ["inf", "nan", "-1", "1e300", "often"])
def test_a_time_that_is_none_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    """Later it would be an overflow in a step, and a run that failed."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load_settings(RetrainingSettings)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{name}: ")


@pytest.mark.parametrize("value", ["nonsense", "http://[", "ftp://host"])
def test_a_url_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Else it were found out when a candidate is to be released."""
    monkeypatch.setenv("RELEASE_URL", value)
    with pytest.raises(SystemExit):
        load_settings(RetrainingSettings)
