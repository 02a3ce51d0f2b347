"""stream/*/settings.py: what cannot work is refused before anything starts."""

import pytest

from service.settings import load_settings
from stream.collector.settings import CollectorSettings
from stream.settings import StreamSettings
from stream.statistics.settings import StatisticsSettings


def test_refused_records_have_a_topic_of_their_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the topic that is read each would be refused again, and again."""
    monkeypatch.setenv("TOPIC", "training-data-rejected")
    with pytest.raises(SystemExit):
        load_settings(CollectorSettings)
    assert "REJECTED_TOPIC is TOPIC" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (CollectorSettings, "SHARD_SECONDS"),
        (StatisticsSettings, "SAVE_SECONDS"),
        (StatisticsSettings, "IMAGES_PER_SECOND"),
    ],
)
def test_a_time_without_an_end_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: type[StreamSettings],
    name: str,
) -> None:
    """Nothing would ever be kept, or each batch would overflow."""
    monkeypatch.setenv(name, "inf")
    with pytest.raises(SystemExit):
        load_settings(settings)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{name}: ")
