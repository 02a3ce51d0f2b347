"""Which `default.conf` nginx has in effect: it says so itself."""

from pathlib import Path

import httpx

from proxy.routing import checksum

SECONDS = 2.0
# A kept connection may lead to a worker from before a reload, which knows the file from before it.
NO_KEPT_CONNECTIONS = httpx.Limits(max_keepalive_connections=0)


class NginxConfiguration:
    """Compares the file with what nginx, asked at `url`, has taken."""

    def __init__(self, url: str, file: Path, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._file = file
        self._client = httpx.AsyncClient(
            base_url=url, timeout=SECONDS, limits=NO_KEPT_CONNECTIONS, trust_env=False, transport=transport
        )

    async def in_effect(self) -> bool:
        """Tell whether nginx has the file in effect as it is now; an nginx that is away has not."""
        try:
            text = self._file.read_bytes().decode("utf-8", "surrogateescape")
            response = await self._client.get("/configuration")
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return False
        return response.status_code == 200 and response.text.strip() == checksum(text)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
