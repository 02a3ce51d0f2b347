"""retraining/learning: the process that learns ends with its parent."""

import os
import subprocess
import sys


def test_it_does_not_begin_where_its_parent_has_ended_meanwhile() -> None:
    """It takes seconds to begin, and another one may do the same step by then."""
    command = [sys.executable, "-m", "retraining.learning", "fit", "none", "--parent", str(os.getpid() + 1)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "its parent has ended" in found.stderr
