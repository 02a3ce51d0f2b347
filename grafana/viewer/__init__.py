"""The dashboards' page where no Grafana is installed: the same JSON, drawn from the same Prometheus."""
