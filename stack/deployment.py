"""What both ways of running the stack can do."""

from collections.abc import Sequence
from pathlib import Path
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

    def release(self, words: Sequence[str]) -> int:
        """Run a command of the release program, `status` where there are no words."""

    def retraining(self, words: Sequence[str]) -> int:
        """Run a command of the retraining program."""

    def import_examples(self, source: Path, *, golden: bool) -> int:
        """Have the retraining take what is in a folder or a table."""

    def kill(self, service: str) -> int:
        """End a service's processes at once, as if they had died; they stay away until they are started."""

    def start(self, service: str) -> int:
        """Start a service that was killed; one that runs is left alone."""

    def address(self, service: str) -> str:
        """Return the URL at which this machine reaches a published service, without a slash at its end."""
