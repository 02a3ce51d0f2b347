"""Fetch published weights: streamed, resumed after a break, under their final name only when whole."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30.0
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class CannotFetch(Exception):
    """A file could not be fetched; the message is one line that says what to do."""


class BrokenOff(Exception):
    """The connection ended before the file did."""


def fetch(url: str, path: Path, check: Callable[[Path], None]) -> None:
    """Fetch `url` to `path`; `check` sees the whole file before it gets its name, and may refuse it.

    Raises:
        CannotFetch: no network, not found, broken off for good. What has come stays in a `.part` file.
    """
    part = path.with_name(path.name + ".part")
    try:
        _fetch_with_resumes(url, part)
    except (OSError, http.client.HTTPException, BrokenOff) as error:
        reason = " ".join(str(getattr(error, "reason", error) or type(error).__name__).split())
        raise CannotFetch(
            f"{url} cannot be fetched: {reason}. Run it again to go on, or make models here:"
            " python download_models.py --source demo"
        ) from error
    try:
        check(part)
    except Exception:
        part.unlink()  # whole, and wrong: to go on from it would be no use
        raise
    part.replace(path)


def _fetch_with_resumes(url: str, part: Path) -> None:
    """Go on as long as each try brings something."""
    while True:
        before = _size(part)
        try:
            _stream(url, part)
        except (BrokenOff, http.client.IncompleteRead, ConnectionError, TimeoutError):
            if _size(part) <= before:
                raise
        else:
            return


def _stream(url: str, part: Path) -> None:
    """Add to the partial file what it lacks."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310  # the operator's own address
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return  # all of it had come before the last break
        part.unlink()  # it is longer than the file: it cannot be its beginning
        _stream(url, part)
        return
    with response:
        have, total = _position(response, have)
        _write(response, part, have, total)
    if _size(part) != total:
        raise BrokenOff(f"broken off at {_size(part)} of {total} bytes")


def _position(response: http.client.HTTPResponse, have: int) -> tuple[int, int]:
    """Return at which byte the answer starts, and how long the whole file is."""
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        found = RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if not found or int(found[1]) != have:
            raise BrokenOff("the server answered with another range than asked for")
        return have, int(found[2])
    if "Content-Length" not in response.headers:
        raise BrokenOff("the server does not say how long the file is")
    return 0, int(response.headers["Content-Length"])


def _write(response: http.client.HTTPResponse, part: Path, have: int, total: int) -> None:
    """Stream the answer into the partial file; a server that ignores ranges starts it anew."""
    part.parent.mkdir(parents=True, exist_ok=True)
    name = part.name.removesuffix(".part")
    with (
        part.open("ab" if have else "wb") as file,
        tqdm(desc=name, initial=have, total=total, unit="B", unit_scale=True) as bar,
    ):
        while chunk := response.read(CHUNK_BYTES):
            file.write(chunk)
            bar.update(len(chunk))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
