"""What a slot chooses in its detector.toml, and what goes before it."""

from pathlib import Path

import pytest

from drift_detector_server.settings import (
    OF_THE_SLOT,
    DetectorSettings,
    LiveSettings,
    WrongSettings,
    read_settings,
)

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A slot's file, which the environment names."""
    path = tmp_path / "detector.toml"
    path.write_text('detector = "mmd"\nwindow_size = 64\n')
    monkeypatch.setenv("DETECTOR_CONFIG", str(path))
    return path


@pytest.mark.usefixtures("choice")
def test_the_slots_file_is_read() -> None:
    """What the file says counts, and what it leaves out is as by default."""
    settings = read_settings()
    assert (settings.detector, settings.window_size, settings.permutations) == ("mmd", 64, 500)


@pytest.mark.usefixtures("choice")
def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable overrides the file of every slot; an empty one says nothing."""
    monkeypatch.setenv("WINDOW_SIZE", "200")
    monkeypatch.setenv("DETECTOR", "")
    settings = read_settings()
    assert (settings.detector, settings.window_size) == ("mmd", 200)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("windowsize = 3", "windowsize: not a setting of a slot"),
        ('mongodb_uri = "mongodb://x"', "mongodb_uri: not a setting of a slot"),
        ("window_size = ", "detector.toml: "),
        ("window_size = 'many'", r"WINDOW_SIZE: Input should be a valid integer.*, in .*detector\.toml"),
        ("drifted_windows = 6", "DRIFTED_WINDOWS <= RECENT_WINDOWS"),
        ("permutations = 30\np_value_threshold = 0.01", "permutations cannot show a p-value below 0.01"),
    ],
)
def test_what_is_wrong_is_one_line(choice: Path, text: str, line: str) -> None:
    """Unknown keys, no TOML and wrong values are told by name."""
    choice.write_text(text)
    with pytest.raises(WrongSettings, match=line) as raised:
        read_settings()
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_said(choice: Path) -> None:
    """A slot whose choice is gone is not watched by defaults unnoticed."""
    choice.unlink()
    with pytest.raises(WrongSettings, match=r"detector\.toml"):
        read_settings()


def test_an_edit_counts_and_a_wrong_one_does_not(choice: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the program runs a wrong file is logged once, and the old choice stays in effect."""
    live = LiveSettings(read_settings())
    choice.write_text("window_size = 80")
    assert live.current().window_size == 80
    choice.write_text("window_size = 1")
    assert [live.current().window_size for _ in range(3)] == [80, 80, 80]
    assert caplog.text.count("detector.toml is wrong, the old settings stay in effect") == 1
    choice.unlink()
    assert live.current().window_size == 80
    choice.write_text("window_size = 90")
    assert live.current().window_size == 90


@pytest.mark.parametrize("folder", ["drift_detector_server", "drift_detector_server_new"])
def test_the_shipped_choice_is_the_default(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both slots' files name every setting, with the value that counts without them."""
    default = DetectorSettings()
    monkeypatch.setenv("DETECTOR_CONFIG", str(PROJECT / folder / "detector.toml"))
    shipped = read_settings()
    assert shipped.model_dump(include=set(OF_THE_SLOT)) == default.model_dump(include=set(OF_THE_SLOT))
    text = (PROJECT / folder / "detector.toml").read_text()
    assert all(f"\n{name} = " in text for name in OF_THE_SLOT)
