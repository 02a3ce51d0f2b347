"""A file per endpoint."""
