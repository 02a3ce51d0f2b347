"""The whole stack is small, and its containers may do little."""

import json
import os

import pytest

from tests.stack.ways import ComposeWay, LocalWay, run

LIMIT_BYTES = 3 * 2**30
ONE_SHOT = {"models"}


@pytest.mark.usefixtures("traffic")
def test_the_stack_stays_below_three_gigabytes(stack: LocalWay | ComposeWay) -> None:
    """All parts together, after they have worked."""
    used = stack.memory_bytes()
    for part, count in sorted(used.items(), key=lambda one: -one[1]):
        print(f"{part:<28} {count / 2**20:7.0f} MiB")
    print(f"{'together':<28} {sum(used.values()) / 2**20:7.0f} MiB")
    assert sum(used.values()) < LIMIT_BYTES


if os.environ.get("STACK") == "compose":

    def test_containers_run_without_root_and_capabilities(stack: ComposeWay) -> None:
        """Also read-only, bounded in memory, processes and logs; node_exporter alone looks at the host."""
        for part in set(stack.running()) - ONE_SHOT:
            found = json.loads(run("docker", "inspect", stack.container(part)))[0]
            host = found["HostConfig"]
            if (
                part != "mongodb" or "MONGODB_CONTAINER_USER" not in os.environ
            ):  # set by whoever brings an image
                assert found["Config"]["User"].partition(":")[0] not in {"", "0", "root"}, part
            assert host["ReadonlyRootfs"], part
            assert [name.upper() for name in host["CapDrop"]] == ["ALL"], part
            assert not host["CapAdd"], part
            assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"]), part
            assert host["Memory"] > 0, part
            assert host["PidsLimit"], part
            assert host["LogConfig"]["Config"]["max-size"], part
            bindings = [one for ports in (host["PortBindings"] or {}).values() for one in ports]
            assert all(one["HostIp"] == "127.0.0.1" for one in bindings), part
