"""Send images to the stack, as a client of `POST /predict` would."""

import json
import urllib.request
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tqdm import tqdm

BOUNDARY = "a-line-that-no-image-holds"
TIMEOUT_SECONDS = 30


def post_image(url: str, path: Path) -> dict[str, Any]:
    """Send one image to `url`/predict and return the answer.

    Raises:
        OSError: the stack cannot be reached, or it answered with an error.
    """
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + path.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    request = urllib.request.Request(f"{url}/predict", body, headers)  # noqa: S310 - the operator's own URL
    answer: dict[str, Any] = read_json(request)
    return answer


def read_json(request: str | urllib.request.Request) -> Any:
    """Return what a URL answers."""
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
        return json.load(response)


def send_images(url: str, paths: Sequence[Path], title: str, clients: int = 4) -> Counter[str]:
    """Send the images with a progress bar and return how many each slot answered."""

    def answering_slot(path: Path) -> str:
        return str(post_image(url, path)["slot"])

    with ThreadPoolExecutor(clients) as pool:
        answers: Iterable[str] = pool.map(answering_slot, paths)
        return Counter(tqdm(answers, total=len(paths), desc=title, unit="image"))
