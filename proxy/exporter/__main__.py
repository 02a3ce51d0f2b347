"""Count nginx's answers.

python -m proxy.exporter LOG METRICS

receives nginx's access log at LOG (HOST:PORT, or unix:PATH) and serves the counts at METRICS (HOST:PORT).
"""

import sys

from prometheus_client import CollectorRegistry, start_http_server

from proxy.exporter.metrics import ResponseMetrics
from proxy.exporter.receiver import listen, receive


def main() -> None:
    """Receive for ever."""
    log, served = sys.argv[1:]
    registry = CollectorRegistry()
    metrics = ResponseMetrics(registry)
    host, _, port = served.rpartition(":")
    with listen(log) as receiver:
        start_http_server(int(port), host, registry)
        while True:
            receive(receiver, metrics)


if __name__ == "__main__":
    main()
