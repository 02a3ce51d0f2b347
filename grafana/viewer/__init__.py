"""The dashboards without Grafana: the same JSON, drawn from the same Prometheus."""
