"""Promote to a slot that runs: `python -m … PRODUCTION CANDIDATE SHA256 ADDRESS TOKEN_FILE JOURNAL`."""

import asyncio
import sys
from pathlib import Path

from release.package_folder import PackageFolder
from release.promotion import ServedPackage
from release.replicas import Replicas
from service.token import SharedToken
from tests.integration.promotion_kills import FileJournal

if __name__ == "__main__":
    production, candidate, sha256, address, token, journal = sys.argv[1:]
    replicas = Replicas([address], SharedToken(None, Path(token)))
    packages = PackageFolder(Path(production))
    done = ServedPackage(packages, replicas.reload, FileJournal(Path(journal)))
    print(asyncio.run(done.promote(Path(candidate), sha256)).step)
