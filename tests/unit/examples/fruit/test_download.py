"""Downloads are resumed after a break, and get their final name only when they are whole and sound."""

import gzip
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from examples.fruit.download import DownloadError, download

CONTENT = bytes(range(256)) * 5000


class Server(ThreadingHTTPServer):
    """A file server whose manners can be spoilt; it keeps a list of the ranges asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FileHandler)
        self.ranges: list[str | None] = []
        self.breaks_off_after: list[int] = []  # bytes to send before each of the next breaks
        self.knows_ranges = True
        self.says_the_length = True
        self.compresses = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/models/weights.pt"


class FileHandler(BaseHTTPRequestHandler):
    """Answers the one file there is, or a range of it."""

    server: Server

    def do_GET(self) -> None:
        """Send the file as the server's manners have it."""
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if not self.path.endswith("weights.pt"):
            self.send_error(404)
            return
        if self.server.compresses and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send_compressed()
            return
        found = re.fullmatch(r"bytes=(\d+)-", asked or "")
        start = int(found[1]) if found and self.server.knows_ranges else 0
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if self.server.says_the_length:
            self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        breaks = self.server.breaks_off_after
        self.wfile.write(CONTENT[start : start + breaks.pop(0)] if breaks else CONTENT[start:])

    def send_compressed(self) -> None:
        """Send the file as a server does that compresses what it can."""
        body = gzip.compress(CONTENT)
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the tests' output quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "artifacts/weights.pt"


def anything(part: Path) -> None:
    """Find nothing wrong with the file."""


def write_part(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.with_name("weights.pt.part").write_bytes(content)


def test_a_file_arrives_whole(server: Server, path: Path) -> None:
    """The bytes are the server's, and no partial file stays."""
    download(server.url, path, anything)
    assert path.read_bytes() == CONTENT
    assert [one.name for one in path.parent.iterdir()] == ["weights.pt"]


def test_a_break_is_resumed_where_it_was(server: Server, path: Path) -> None:
    """Broken off twice, the file is downloaded to its end without starting again."""
    server.breaks_off_after = [300_000, 200_000]
    download(server.url, path, anything)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=500000-"]


def test_a_later_run_resumes_the_partial_file(server: Server, path: Path) -> None:
    """What had come before a crash is not downloaded again."""
    write_part(path, CONTENT[:1000])
    download(server.url, path, anything)
    assert path.read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-"]


def test_a_server_without_ranges_starts_again(server: Server, path: Path) -> None:
    """Where the server sends all of it again, the partial file is not kept in front."""
    server.knows_ranges = False
    write_part(path, b"x" * 1000)
    download(server.url, path, anything)
    assert path.read_bytes() == CONTENT


def test_a_server_that_compresses_sends_the_file_as_it_is(server: Server, path: Path) -> None:
    """Lengths and ranges are the file's own, so nothing else is asked for."""
    server.compresses = True
    download(server.url, path, anything)
    assert path.read_bytes() == CONTENT


def test_a_partial_file_that_is_whole_needs_no_more(server: Server, path: Path) -> None:
    """A run that ended between the last byte and the renaming is made up for."""
    write_part(path, CONTENT)
    download(server.url, path, anything)
    assert path.read_bytes() == CONTENT


def test_a_partial_file_longer_than_the_file_is_dropped(server: Server, path: Path) -> None:
    """What cannot be the beginning of the file is downloaded again."""
    write_part(path, CONTENT + b"more")
    download(server.url, path, anything)
    assert path.read_bytes() == CONTENT


def test_a_truncated_file_never_gets_its_name(server: Server, path: Path) -> None:
    """A server that keeps breaking off leaves a partial file, and a line that says how far it came."""
    server.breaks_off_after = [1000, 0, 0]
    with pytest.raises(DownloadError, match=f"broken off at 1000 of {len(CONTENT)} bytes"):
        download(server.url, path, anything)
    assert [one.name for one in path.parent.iterdir()] == ["weights.pt.part"]


def test_a_length_is_insisted_on(server: Server, path: Path) -> None:
    """Without a length nobody knows whether a file is whole."""
    server.says_the_length = False
    with pytest.raises(DownloadError, match="does not say how long"):
        download(server.url, path, anything)
    assert not path.exists()


def test_a_refused_file_is_dropped(server: Server, path: Path) -> None:
    """A login page in place of weights is neither kept nor resumed."""

    def refuse(part: Path) -> None:
        raise ValueError(part.name)

    with pytest.raises(ValueError, match=r"weights\.pt\.part"):
        download(server.url, path, refuse)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/weights.pt", "http://no-such-host.invalid/weights.pt", "no-address/weights.pt"],
)
def test_without_a_network_one_line_says_what_to_do(url: str, path: Path) -> None:
    """The line names the URL and the way without a network; nothing is written."""
    with pytest.raises(DownloadError) as raised:
        download(url, path, anything)
    message = str(raised.value)
    assert url in message
    assert "--source demo" in message
    assert "\n" not in message
    assert not path.parent.exists()


def test_a_file_that_is_not_there_is_said(server: Server, path: Path) -> None:
    """A wrong mirror ends with the status it answered."""
    with pytest.raises(DownloadError, match="Not Found"):
        download(server.url.replace("weights.pt", "other"), path, anything)
    assert not path.parent.exists()
