"""What users see at the front door: nginx's answers, counted for Prometheus from its access log."""
