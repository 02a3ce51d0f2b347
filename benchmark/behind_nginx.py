"""The project's own nginx files, rendered for the ports of one benchmark."""

from collections.abc import Mapping
from pathlib import Path

from benchmark.contestants import Program
from stack.paths import Paths
from stack.plain.addresses import Addresses
from stack.plain.nginx_config import NginxPlace, nginx_version, render_folder
from stack.plain.packages import find_program


def nginx_program(folder: Path, port: int, slots: Mapping[str, int]) -> Program:
    """Render nginx/ below the folder; the split listens on `port`, the rest of nginx on + 6 to + 8."""
    rendered, temporary = folder / "nginx", folder / "nginx-tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    addresses = Addresses(
        slots={slot: (f"127.0.0.1:{number}",) for slot, number in slots.items()},
        nginx_listeners={
            80: f"127.0.0.1:{port}",
            8000: f"127.0.0.1:{port + 6}",
            8001: f"127.0.0.1:{port + 7}",
            8081: f"127.0.0.1:{port + 8}",
        },
        scraped={},
    )
    place = NginxPlace(addresses, temporary, nginx_version())
    render_folder(Paths().project / "nginx", rendered, place)
    command = [find_program("nginx") or "nginx", "-c", str(rendered / "nginx.conf")]
    return Program("nginx", command, {}, f"http://127.0.0.1:{port + 8}/healthz")
