"""Copies of packages: who works with one keeps it when its slot gets another."""

import os
import shutil
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from inference.identity import Identity, unchanged

DRAFT = "."
LEFT_OUT = ("__pycache__", ".packages")  # the latter has what a slot served before
YOUNG_SECONDS = 3600.0


class KeptPackages:
    """A folder of package folders, named by their checksums; there whole, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Return where a package is, or would be."""
        return self._folder / sha256

    def keep(self, package: Path) -> Identity:
        """Have a copy of the package as it is now.

        Raises:
            BadModelPackage: it is none, or was changed meanwhile.
            OSError: the copy cannot be written.
        """
        with unchanged(package) as identity:
            target = self.path(identity.sha256)
            if target.exists():
                os.utime(target)
                return identity
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=self._folder))
            try:
                shutil.copytree(package, draft, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise
        draft.chmod(0o755)
        os.utime(draft)
        try:
            draft.rename(target)
        except OSError:  # another has made it meanwhile
            shutil.rmtree(draft, ignore_errors=True)
            if not target.exists():
                raise
        return identity

    def remove_others(self, needed: Collection[str]) -> None:
        """Remove the copies that nobody needs, but young ones: who needs one may be about to say so."""
        if not self._folder.exists():
            return
        for path in self._folder.iterdir():
            if path.name not in needed and time.time() - path.stat().st_mtime > YOUNG_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
