"""The container's limit counts, not the machine's memory."""

import os
from pathlib import Path

import pytest

from service.memory_limit import available_memory

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"])
@pytest.mark.parametrize(
    ("content", "limit"),
    [("314572800\n", 314_572_800), ("max\n", MACHINE), ("9223372036854771712\n", MACHINE), ("", MACHINE)],
)
def test_the_limit_is_read_as_the_kernel_writes_it(
    tmp_path: Path, file: str, content: str, limit: int
) -> None:
    """Version 2 says "max" where there is none, version 1 a number beyond any memory."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(content)
    assert available_memory(tmp_path) == limit


def test_without_a_cgroup_it_is_the_machines_memory(tmp_path: Path) -> None:
    """As on a developer's machine."""
    assert available_memory(tmp_path) == MACHINE
