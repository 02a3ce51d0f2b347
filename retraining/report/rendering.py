"""The page of a report: one file with everything in it, which runs nothing and asks nobody."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from retraining.report import charts, words
from retraining.report.contents import Report
from retraining.telling import KEPT

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "report.css").read_text("utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'"
)

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,  # a class, an id and a reason may be any text
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals |= {
    "charts": charts,
    "words": words,
    "style": Markup(STYLE),  # noqa: S704 - our own file
    "policy": POLICY,
    "kept": KEPT,
}


def render(report: Report) -> str:
    """Return the page; all text in it is escaped."""
    return _environment.get_template("report.html").render(report=report)
