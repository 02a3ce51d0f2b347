"""Run a command of git or DVC: within a time, logged, and never with a terminal to ask at."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import logging
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retraining.repository.error import RepositoryError

LAST_LINES = 6
CHATTER = ("Having any troubles?", "<https://error.dvc.org", "To track the changes", "To enable auto staging")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Done:
    """What a command that has ended left: its code, its output, and what it said beside it."""

    code: int
    output: bytes
    errors: str

    @property
    def last_lines(self) -> str:
        """Return the last lines that say something."""
        lines = self.errors.splitlines() or self.output.decode("utf-8", "replace").splitlines()
        telling = [line.strip() for line in lines if line.strip() and not line.startswith(CHATTER)]
        return "\n".join(telling[-LAST_LINES:]) or f"it ended with code {self.code} and said nothing"


@dataclass(frozen=True)
class Commands:
    """Runs commands in a folder. What they hold open is the lock: it stays held while one still runs.

    A process that is killed leaves its command running; who comes next must wait for that.
    """

    folder: Path
    environment: Mapping[str, str]
    held: tuple[int, ...] = ()

    def run(
        self,
        command: Sequence[str],
        *,
        seconds: float,
        level: int,
        given: bytes = b"",
        folder: Path | None = None,
    ) -> Done:
        """Run a command to its end, and log what it said at a level.

        Raises:
            RepositoryError: it is not there, or did not end within `seconds`.
        """
        started = time.monotonic()
        # Files, not pipes: what a killed command has started may hold a pipe open for ever.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            with tempfile.TemporaryFile() as read:
                read.write(given)
                read.seek(0)
                try:
                    code = subprocess.run(
                        command,
                        cwd=folder or self.folder,
                        env=dict(self.environment),
                        stdin=read,
                        stdout=output,
                        stderr=errors,
                        timeout=seconds,
                        pass_fds=self.held,
                        check=False,
                    ).returncode
                except subprocess.TimeoutExpired:
                    raise RepositoryError(
                        f"{_name(command)} did not end within {seconds:g} s and was ended."
                        " See what it waits for, the remote say, then call again: it goes on where it was."
                    ) from None
                except OSError as error:
                    raise RepositoryError(
                        f"{command[0]} cannot be started ({error.strerror}): install it, or say where it is;"
                        " `python3 -m stack run dvc -c ''` makes an environment with DVC."
                    ) from None
            output.seek(0)
            errors.seek(0)
            done = Done(code, output.read(), errors.read().decode("utf-8", "replace"))
        logger.log(
            level,
            "%s",
            _name(command),
            extra={
                "code": code,
                "seconds": round(time.monotonic() - started, 3),
                "output": done.errors.strip()[-2000:],
            },
        )
        return done


def _name(command: Sequence[str]) -> str:
    """Return a command without the options that stand before what it is to do."""
    words = [Path(command[0]).name]
    words += [word for word in command[1:] if not word.startswith("-") and "=" not in word]
    return " ".join(words[:4])
