"""retraining/pages/ and routes/pages.py: nothing inline, nothing from elsewhere."""

from pathlib import Path

from retraining.routes.pages import PAGES, beginnings, model_words
from tests.tensor_model import write_regressor, write_sign_classifier


def test_nothing_is_inline_or_from_elsewhere() -> None:
    """The policy that the pages come with would not let it run."""
    for path in PAGES.iterdir():
        text = path.read_text("utf-8")
        assert "innerHTML" not in text
        assert " style=" not in text
        assert "//" not in text.replace("// ", "")
        assert path.suffix != ".html" or text.count("<script") == text.count(
            '<script type="module" src="/static/'
        )


def test_what_begins_a_run_is_said() -> None:
    """The clock, drift, both or neither."""
    assert beginnings(0, by_drift=False) == "None begins by itself."
    assert beginnings(2, by_drift=False) == "The next one begins 2 days after the last one began."
    both = "The next one begins 0.5 days after the last one began, or when both slots drift and enough new"
    assert beginnings(0.5, by_drift=True) == f"{both} records are here."


def test_the_model_is_named(tmp_path: Path) -> None:
    """With what it takes and answers; where there is none, it is said why."""
    sign = model_words(write_sign_classifier(tmp_path / "sign"))
    assert sign == "sign, version 1. It takes rows of 3 numbers and answers with one of 2 classes."
    assert model_words(write_regressor(tmp_path / "values")).endswith("answers with a number.")
    assert model_words(tmp_path).startswith("No model can be renewed now: ")
