"""What both ways of running the stack can do."""

from collections.abc import Sequence
from typing import Protocol


class Deployment(Protocol):
    """The stack in one way of running; a command returns its exit code, or exits with the reason."""

    def up(self) -> int:
        """Start everything and return when it is ready."""

    def down(self) -> int:
        """Stop everything; the data stay."""

    def status(self) -> int:
        """Print every component, its URL and its state; return 1 where one is not ready."""

    def logs(self) -> int:
        """Follow every log until interrupted."""

    def make_models(self) -> int:
        """Make what is missing of the models and references."""

    def reload(self, slots: Sequence[str]) -> int:
        """Have these slots' model servers load their packages again; return 1 where one refuses."""

    def address(self, service: str) -> str:
        """Return the URL at which this machine reaches a published service, without a slash at its end."""
