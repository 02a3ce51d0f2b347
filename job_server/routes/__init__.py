"""The job server's routes."""
