"""Releases: a candidate's way to production, judged by its numbers."""
