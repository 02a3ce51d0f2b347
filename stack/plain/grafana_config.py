"""Grafana's provisioning for a Grafana installed here: the same files with addresses of this machine."""

from stack.paths import Paths


def render_grafana(paths: Paths, prometheus_url: str) -> None:
    """Render grafana/provisioning into .local/run/grafana."""
    source, target = paths.project / "grafana" / "provisioning", paths.run / "grafana"
    for path in source.rglob("*.yml"):
        text = path.read_text("utf-8").replace("http://prometheus:9090", prometheus_url)
        text = text.replace("/var/lib/grafana/dashboards", str(paths.project / "grafana" / "dashboards"))
        rendered = target / path.relative_to(source)
        rendered.parent.mkdir(parents=True, exist_ok=True)
        rendered.write_text(text, "utf-8")
