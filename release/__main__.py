"""`python -m release`: the program itself (`serve`), and the commands that ask it."""

import os
from pathlib import Path

from release.client import TOKEN_FILE
from release.command_line import app
from release.owner import become_owner

if __name__ == "__main__":
    if folder := os.environ.get("RUN_AS_OWNER_OF"):  # Compose's
        token_file = Path(os.environ.get("RELEASE_TOKEN_FILE") or TOKEN_FILE)
        become_owner(Path(folder), groups_of=[token_file.parent])
    app(prog_name="release")
