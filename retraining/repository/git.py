"""git, in a repository of the stack's own: neither a checkout around it nor a user's configuration counts."""

import logging
from collections.abc import Sequence

from retraining.repository.commands import Commands, Done
from retraining.repository.error import RepositoryError

SECONDS = 120.0
BRANCH = "refs/heads/main"
NOBODY = "0" * 40  # the revision that a name has that is not there
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Retraining",
    "GIT_AUTHOR_EMAIL": "retraining@localhost",
    "GIT_COMMITTER_NAME": "Retraining",
    "GIT_COMMITTER_EMAIL": "retraining@localhost",
}
# Kept in the repository, so that they hold for DVC's own git too, and for whoever looks into it by hand.
OPTIONS = {
    "core.hooksPath": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.fsync": "committed,reference",
    "gc.auto": "0",
}

logger = logging.getLogger(__name__)


class Git:
    """Commits and tags of the repository; every call says which one it means, and none looks for it."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._folder = commands.folder / ".git"

    def prepare(self) -> None:
        """Make the repository, or what is missing of it."""
        self._git("init", "--quiet", "--template=", "--initial-branch=main")
        for name, value in OPTIONS.items():
            if self._ask("config", "--local", name).output.decode().strip() != value:
                self._git("config", "--local", name, value)

    def unlock(self) -> None:
        """Remove the locks that a killed git has left; none of the stack's runs when this is called."""
        places = [self._folder, *(self._folder / name for name in ("refs/heads", "refs/tags"))]
        for lock in (lock for place in places for lock in place.glob("*.lock")):
            logger.warning("a killed git has left %s", lock.name)
            lock.unlink(missing_ok=True)

    def revision(self, name: str) -> str | None:
        """Return the revision that a full name leads to, None where there is no such name."""
        done = self._ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if done.code > 1:
            raise _fault(done)
        return done.output.decode().strip() or None

    def tags(self, prefix: str) -> list[str]:
        """Return the tags that begin so, by the numbers in them."""
        names = self._git(
            "for-each-ref", "--sort=version:refname", "--format=%(refname:strip=2)", "refs/tags/"
        )
        return [name for name in names.decode().split() if name.startswith(prefix)]

    def files(self, revision: str) -> dict[str, str]:
        """Return the ids of the contents of a revision's files, by their paths."""
        lines = self._git("ls-tree", "-r", "-z", revision).decode().split("\0")
        return {path: about.split()[2] for about, _, path in (line.partition("\t") for line in lines if line)}

    def content(self, blob: str) -> bytes:
        """Return a content by its id."""
        return self._git("cat-file", "blob", blob)

    def commit(self, paths: Sequence[str], message: str, tag: str | None = None) -> str:
        """Commit the files at these paths upon the branch, and return the revision, with its tag.

        Where the branch has them so already, there is no new revision. Branch and tag come to be together.
        """
        before = self.revision(BRANCH)
        # What a killed process has put into the index is nobody's.
        self._git("read-tree", *([before] if before else ["--empty"]))
        self._git("--literal-pathspecs", "add", "--force", "--", *paths)
        tree = self._git("write-tree").decode().strip()
        names = []
        if before and self._git("rev-parse", f"{before}^{{tree}}").decode().strip() == tree:
            revision = before
        else:
            parents = ["-p", before] if before else []
            made = self._git("commit-tree", tree, *parents, given=message.encode())
            revision = made.decode().strip()
            names.append(f"update {BRANCH} {revision} {before or NOBODY}")
        if tag:
            names.append(f"create refs/tags/{tag} {revision}")
        if names:
            self._git("update-ref", "--stdin", given="".join(f"{name}\n" for name in names).encode())
        return revision

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        done = self._ask(*arguments, given=given)
        if done.code:
            raise _fault(done)
        return done.output

    def _ask(self, *arguments: str, given: bytes = b"") -> Done:
        place = [f"--git-dir={self._folder}", f"--work-tree={self._commands.folder}"]
        return self._commands.run(
            ["git", *place, *arguments], seconds=SECONDS, level=logging.DEBUG, given=given
        )


def _fault(done: Done) -> RepositoryError:
    lines = done.last_lines
    if "No space left" in lines:
        advice = "Make room on its disk, then call again: it goes on where it was."
    elif "not a git repository" in lines:
        advice = "It is not made yet, or damaged: prepare() makes what is missing."
    else:
        advice = "`git fsck` in the repository tells whether it is whole."
    return RepositoryError(f"git failed: {lines}\n{advice}")
