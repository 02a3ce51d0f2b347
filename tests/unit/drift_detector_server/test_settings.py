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
        (
            "windowsize = 3\nwindow = 2",
            r"detector\.toml: window, windowsize: not a setting of a slot\. These are: detector,"
            " drifted_windows, p_value_threshold, permutations, recent_windows, window_size$",
        ),
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


def test_each_wrong_value_has_a_line_that_says_where_it_is_from(
    choice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is named for what stands in it, not for a variable, nor for what no file may set."""
    choice.write_text("window_size = 'many: 3'\npermutations = 1")
    monkeypatch.setenv("PERMUTATIONS", "2")
    monkeypatch.setenv("MAX_BATCH_ROWS", "1")
    with pytest.raises(WrongSettings) as raised:
        read_settings()
    lines = str(raised.value).splitlines()
    ends = {line.partition(":")[0]: line.endswith(f", in {choice}") for line in lines}
    assert ends == {"WINDOW_SIZE": True, "PERMUTATIONS": False, "MAX_BATCH_ROWS": False}


def test_without_a_file_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong variable is then the only source."""
    monkeypatch.setenv("WINDOW_SIZE", "many")
    with pytest.raises(WrongSettings, match=r"^WINDOW_SIZE: [^\n]*(?<!None)$"):
        read_settings()


def test_a_file_that_is_not_there_is_said(choice: Path) -> None:
    """A slot whose choice is gone is not watched by defaults unnoticed."""
    choice.unlink()
    with pytest.raises(WrongSettings, match=r"detector\.toml"):
        read_settings()


def test_an_edit_counts_and_a_wrong_one_does_not(choice: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the program runs a wrong file is logged once, and the old choice stays in effect."""
    caplog.set_level("INFO")
    live = LiveSettings(read_settings())
    assert live.current().window_size == 64
    assert not caplog.messages
    choice.write_text("window_size = 80")
    assert live.current().window_size == 80
    assert caplog.messages == ["detector.toml has changed, and counts from now on"]
    choice.write_text("window_size = 1")
    assert [live.current().window_size for _ in range(3)] == [80, 80, 80]
    [_, wrong] = caplog.messages
    assert wrong.startswith("detector.toml is wrong, the old settings stay in effect: WINDOW_SIZE: Input")
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
