"""supervisord is started with the stack's own settings."""

from pathlib import Path

import pytest

from stack.paths import Paths
from stack.plain import supervisor


def test_the_stacks_own_database_goes_before_the_shells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody has exported for another program is not what the plain processes use."""
    server = tmp_path / ".local/environments/stack/bin/supervisord"
    server.parent.mkdir(parents=True)
    server.write_text(f'#!/bin/sh\necho "$MONGODB_URI $OTHER" > {tmp_path}/told\n')
    server.chmod(0o755)
    monkeypatch.setenv("MONGODB_URI", "mongodb://production/serving")
    monkeypatch.setenv("OTHER", "kept")
    supervisor.start(Paths(tmp_path), {"MONGODB_URI": "mongodb://127.0.0.1:27017/drift_detection"})
    assert (tmp_path / "told").read_text() == "mongodb://127.0.0.1:27017/drift_detection kept\n"
