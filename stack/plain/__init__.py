"""The stack as plain processes, where there is no Docker."""
