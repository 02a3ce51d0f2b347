"""The project's own nginx files, rendered for the ports of one benchmark."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmark.systems import Server
from proxy.render import source_of
from stack.paths import Paths
from stack.plain.addresses import Addresses, Replica
from stack.plain.nginx_config import NginxPlace, nginx_version, render_folder
from stack.plain.packages import find_program
from stack.plain.probes import http_complaint
from stack.plain.program import Program


def nginx_server(folder: Path, port: int, replicas: Sequence[Replica]) -> Server:
    """Render the files below the folder; the split listens on `port`, the rest of nginx on + 6 to + 10."""
    rendered, temporary = folder / "nginx", folder / "nginx-tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    addresses = Addresses(
        slots={one.slot: (one.address,) for one in replicas},
        nginx_listeners={
            80: f"127.0.0.1:{port}",
            8000: f"127.0.0.1:{port + 6}",
            8001: f"127.0.0.1:{port + 7}",
            8081: f"127.0.0.1:{port + 8}",
            8082: f"127.0.0.1:{port + 9}",
            8083: f"127.0.0.1:{port + 10}",
        },
        scraped={},
    )
    place = NginxPlace(addresses, temporary, nginx_version())
    render_folder(source_of(Paths().project), rendered, place)
    program = Program("nginx", (find_program("nginx") or "nginx", "-c", str(rendered / "nginx.conf")))
    return Server(program, partial(http_complaint, f"http://{addresses.nginx_listeners[8081]}/healthz"))
