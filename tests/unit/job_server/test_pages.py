"""What the pages say of a model, whose words are text."""

from pathlib import Path

from job_server.routes.pages import PAGES, filled, model_words, row_words
from tests.tensor_model import write_sign_classifier


def test_what_a_package_says_is_text() -> None:
    """No markup, and no place of ours."""
    page = filled("<ul>{{features}}</ul>{{model}}", {"features": ["<b>", "{{model}}"], "model": "a & b"})
    assert page == "<ul><li>&lt;b&gt;</li><li>{{model}}</li></ul>a &amp; b"


def test_rows_are_named(tmp_path: Path) -> None:
    """With the classes of the answers."""
    words = model_words(write_sign_classifier(tmp_path), "http://here/")
    assert (words["model"], words["features"]) == ("sign, version 1", ("x1", "x2", "x3"))
    assert words["answers"] == "It answers with one of 2 classes: negative, positive."


def test_of_very_many_names_the_first_are_shown() -> None:
    """And how many more there are."""
    features = row_words([f"x{number}" for number in range(1000)], "http://here/")["features"]
    assert (len(features), features[-1]) == (41, "and 960 more")


def test_nothing_is_inline_or_from_elsewhere() -> None:
    """The policy that the pages come with would not let it run."""
    for path in PAGES.iterdir():
        text = path.read_text("utf-8")
        assert "innerHTML" not in text
        assert " style=" not in text
        assert "//" not in text.replace("// ", "").replace("://{{", "")
        assert path.suffix != ".html" or text.count("<script") == text.count(
            '<script type="module" src="/static/'
        )
