"""Download published weights: resumed after an interruption, under their final name only when complete."""

import http
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from examples.errors import root_cause

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30.0
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class DownloadError(Exception):
    """A file could not be downloaded; the message is one line that says what to do."""


class Incomplete(Exception):
    """The answer ended before the file did, or nobody can say whether it did."""


def download(url: str, path: Path, check: Callable[[Path], None]) -> None:
    """Download `url` to `path`; `check` sees the complete file before it gets its name, and may refuse it.

    Raises:
        DownloadError: no network, not found, interrupted for good. What has come stays in a `.part` file.
    """
    part = path.with_name(path.name + ".part")
    try:
        _download_with_resumes(url, part)
    except (OSError, Incomplete) as error:  # all that requests raises are OSErrors
        raise DownloadError(
            f"{url} cannot be downloaded: {root_cause(error)}. Run it again to resume, or make models here:"
            " python download_models.py --source demo"
        ) from error
    try:
        check(part)
    except Exception:
        part.unlink()  # complete, and wrong: there is nothing to resume
        raise
    part.replace(path)


def _download_with_resumes(url: str, part: Path) -> None:
    """Resume as long as each attempt brings something."""
    while True:
        before = _size(part)
        try:
            _download_rest(url, part)
        except Incomplete:
            if _size(part) <= before:
                raise
        else:
            return


def _download_rest(url: str, part: Path) -> None:
    """Add to the partial file what it lacks."""
    size = _size(part)
    headers = {"Accept-Encoding": "identity"}  # else lengths and ranges are those of compressed bytes
    if size:
        headers["Range"] = f"bytes={size}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as response:
        if size and response.status_code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            if response.headers.get("Content-Range") != f"bytes */{size}":
                part.unlink()  # it is longer than the file: it cannot be its beginning
                _download_rest(url, part)
            return
        response.raise_for_status()
        start, total = _position(response, size)
        _write(response, part, start, total)
    if _size(part) != total:
        raise Incomplete(f"broken off at {_size(part)} of {total} bytes")


def _position(response: requests.Response, size: int) -> tuple[int, int]:
    """Return at which byte the answer starts, and how long the whole file is."""
    if response.status_code == http.HTTPStatus.PARTIAL_CONTENT:
        found = RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if not found or int(found[1]) != size:
            raise Incomplete("the server answered with another range than asked for")
        return size, int(found[2])
    if "Content-Length" not in response.headers:
        raise Incomplete("the server does not say how long the file is")
    return 0, int(response.headers["Content-Length"])


def _write(response: requests.Response, part: Path, start: int, total: int) -> None:
    """Stream the answer into the partial file, from its beginning where a server ignores ranges."""
    part.parent.mkdir(parents=True, exist_ok=True)
    name = part.name.removesuffix(".part")
    with (
        part.open("ab" if start else "wb") as file,
        tqdm(desc=name, initial=start, total=total, unit="B", unit_scale=True) as bar,
        suppress(HTTPError),  # an interruption: the size tells how far it came
    ):
        # not iter_content: it loses what has come of an unfinished chunk
        while chunk := response.raw.read(CHUNK_BYTES):
            file.write(chunk)
            bar.update(len(chunk))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
