"""The code that generates the dashboards."""
