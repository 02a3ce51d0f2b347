"""The panels about what both slots share: the machine and nginx."""

from grafana.generator.expressions import HOST, per_second, selector
from grafana.generator.panel_kinds import Header, Panel, Query, dial, series

IDLE = selector("node_cpu_seconds_total", HOST, 'mode="idle"')
CPU_BUSY = f"1 - avg by (slot) (rate({IDLE}[$__rate_interval]))"
DISKS = 'fstype!~"tmpfs|devtmpfs|ramfs|squashfs|nsfs"'
CARDS = 'device!~"lo|veth.*|br-.*|docker.*|ifb.*"'


def memory(name: str) -> str:
    """Select one of the host's memory gauges."""
    return f"sum by (slot) ({selector(f'node_memory_{name}_bytes', HOST)})"


def disk_used_share() -> str:
    """Give the used share of every disk."""
    available = selector("node_filesystem_avail_bytes", HOST, DISKS)
    size = selector("node_filesystem_size_bytes", HOST, DISKS)
    return f"max by (slot, device) (1 - {available} / {size})"


def dials() -> list[Panel]:
    """Show what may run out."""
    used = f"1 - {memory('MemAvailable')} / {memory('MemTotal')}"
    return [
        dial(
            Header(
                "CPU",
                "Busy share of all cores. The alert fires after 5 minutes above 50 %.",
                "percentunit",
                8,
                6,
            ),
            Query(CPU_BUSY, "{{slot}}"),
            ((None, "green"), (0.5, "red")),
        ),
        dial(
            Header("Memory", "Share of the memory that programs hold.", "percentunit", 8, 6),
            Query(used, "{{slot}}"),
            ((None, "green"), (0.8, "yellow"), (0.9, "red")),
        ),
        dial(
            Header("Disk", "Used share of the fullest disk.", "percentunit", 8, 6),
            Query(f"max by (slot) ({disk_used_share()})", "{{slot}}"),
            ((None, "green"), (0.8, "yellow"), (0.9, "red")),
        ),
    ]


def machine() -> list[Panel]:
    """Plot the machine."""
    loads = [
        Query(f"max by (slot) ({selector(f'node_load{minutes}', HOST)})", f"{{{{slot}}}} {minutes} min")
        for minutes in (1, 5, 15)
    ]
    cores = Query(f"count by (slot) ({IDLE})", "{{slot}} cores")
    used = f"{memory('MemTotal')} - {memory('MemAvailable')}"
    swapped = f"{memory('SwapTotal')} - {memory('SwapFree')}"
    return [
        series(
            Header("CPU over time", "Busy share of all cores.", "percentunit", 8),
            Query(CPU_BUSY, "{{slot}} busy"),
            maximum=1,
            thresholds=((None, "transparent"), (0.5, "red")),
        ),
        series(
            Header("Load", "Programs that run or wait for a core. Above the cores: they wait.", "short", 8),
            *loads,
            cores,
        ),
        series(
            Header("Memory and swap", "What programs hold, and what had to leave for the disk.", "bytes", 8),
            Query(used, "{{slot}} used"),
            Query(memory("MemTotal"), "{{slot}} total"),
            Query(swapped, "{{slot}} swap used"),
        ),
    ]


def traffic_of_the_host() -> list[Panel]:
    """Plot what goes through disk, network and nginx."""
    return [
        series(
            Header("Disk traffic", "Bytes per second from and to all disks.", "Bps", 6),
            Query(per_second(selector("node_disk_read_bytes_total", HOST)), "{{slot}} read"),
            Query(per_second(selector("node_disk_written_bytes_total", HOST)), "{{slot}} written"),
        ),
        series(
            Header("Disk space", "Used share of each disk.", "percentunit", 6),
            Query(disk_used_share(), "{{slot}} {{device}}"),
            maximum=1,
        ),
        series(
            Header(
                "Network",
                "Bytes per second through the network cards; in Docker, those of the exporter's own network.",
                "Bps",
                6,
            ),
            Query(per_second(selector("node_network_receive_bytes_total", HOST, CARDS)), "{{slot}} in"),
            Query(per_second(selector("node_network_transmit_bytes_total", HOST, CARDS)), "{{slot}} out"),
        ),
        series(
            Header("nginx connections", "Clients' connections at the front door.", "short", 6),
            Query(f"sum by (slot) ({selector('nginx_connections_active', HOST)})", "{{slot}} active"),
            Query(f"sum by (slot) ({selector('nginx_connections_waiting', HOST)})", "{{slot}} idle"),
        ),
    ]
