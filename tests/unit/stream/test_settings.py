"""stream/*/settings.py: what cannot work is refused before anything starts."""

import pytest

from service.settings import load_settings
from stream.collector.settings import CollectorSettings


def test_refused_records_have_a_topic_of_their_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the topic that is read each would be refused again, and again."""
    monkeypatch.setenv("TOPIC", "training-data-rejected")
    with pytest.raises(SystemExit):
        load_settings(CollectorSettings)
    assert "REJECTED_TOPIC is TOPIC" in capsys.readouterr().err
