"""Alertmanager's configuration for plain processes: the same file with addresses of this machine."""

from stack.paths import Paths


def render_alertmanager(paths: Paths, release: str) -> None:
    """Render alertmanager/alertmanager.yml into .local/run/alertmanager.yml; `release` is host and port."""
    text = (paths.project / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    rendered = text.replace("http://release:8000/", f"http://{release}/")
    (paths.run / "alertmanager.yml").write_text(rendered, "utf-8")
