"""Data sets: immutable versions of what was collected."""
