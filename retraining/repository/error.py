"""What git, DVC or their disk could not do."""


class RepositoryError(Exception):
    """What the repository could not do, with the tools' last lines, and what to do about it."""
