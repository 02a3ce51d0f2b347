"""Requests of the inference protocol to try a model server with, wrong in some ways."""

import gzip
import json
import struct
from dataclasses import dataclass
from random import Random

from tests.robustness.corpus import small_images
from tests.robustness.inference_documents import inference_document
from tests.robustness.mutations import mutate
from tests.robustness.wire import request

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
CONTENT_TYPES = (
    "application/json",
    "application/octet-stream",
    "text/plain",
    "",
    "application/json; charset=utf-16",
)
ENCODINGS = ("utf-16", "utf-32", "utf-8-sig", "latin-1", "utf-7")
LENGTHS = ("0", "1", "-1", "99999999999", "1e2", " 5", "0x10", "", "abc", "\xb2", "5, 5")
HEADERS = (
    {"Accept": "text/html"},
    {"Content-Encoding": "gzip"},
    {"Origin": "http://example.org"},
    {"X-Request-ID": "a" * 3000},
    {"X-Request-ID": "\xe4{}%0a"},
    {"Expect": "100-continue"},
    {"Range": "bytes=0-1"},
    {"If-None-Match": "*"},
    {"Cookie": "a=b;" * 500},
    {"Authorization": "Bearer x"},
    {"X-HTTP-Method-Override": "DELETE"},
)


@dataclass(frozen=True)
class Model:
    """The model that a server under test serves."""

    name: str
    version: str


def protocol_case(random: Random, model: Model) -> bytes:
    """Return an inference request, or another request of JSON, that is wrong in some ways."""
    path, body = random_path(random, model), b""
    method = "POST" if random.random() < 0.85 else random.choice(METHODS)
    headers: dict[str, str] = {}
    if random.random() < 0.95:
        body, headers = inference_body(random)
    if random.random() < 0.1:
        headers |= random.choice(HEADERS)
    content_type = CONTENT_TYPES[0] if random.random() < 0.8 else random.choice(CONTENT_TYPES)
    if headers.get("Content-Encoding"):
        body = gzip.compress(body, mtime=0)
    if random.random() < 0.05:
        return chunked(random, path, body, content_type, method)
    return request(path, body, content_type, method, headers)


def random_path(random: Random, model: Model) -> str:
    """Return a path: mostly the model's inference."""
    base = f"/v2/models/{model.name}"
    if random.random() < 0.7:
        return random.choice((f"{base}/infer", f"{base}/versions/{model.version}/infer"))
    others = (
        "/predict",
        "/predict/",
        "/v2",
        "/v2/",
        "/v2/models",
        "/v2/models/",
        "/v2/health/live",
        "/v2/health/ready",
        base,
        f"{base}/ready",
        f"{base}/versions/{model.version}/ready",
        f"{base}/versions/99/infer",
        f"{base}/versions//infer",
        "/v2/models/other/infer",
        "/v2/models/%00/infer",
        "/v2/models/..%2f..%2fetc/infer",
        f"/v2/models/{'a' * 4000}/infer",
        "/v2/repository/index",
        "/v2/repository/models/x/load",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/",
        "//",
        "/?a=%ff",
        "/%ff",
        "/predict?file=x",
    )
    return random.choice(others)


def inference_body(random: Random) -> tuple[bytes, dict[str, str]]:
    """Return a body, and the header that it asks for."""
    document = inference_document(random)
    headers = {}
    text = json.dumps(document)
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        text = reshape(random, text)
    encoding = "utf-8" if random.random() < 0.95 else random.choice(ENCODINGS)
    body = text.encode(encoding, "surrogatepass" if "utf" in encoding else "replace")
    if random.random() < 0.15:
        raw = random.choice((b"", random.randbytes(16), struct.pack("<I", 4) + b"abcd", small_images()[0]))
        honest = str(len(body))
        headers["Inference-Header-Content-Length"] = (
            honest if random.random() < 0.7 else random.choice(LENGTHS)
        )
        body += raw
    if random.random() < 0.15:
        body = mutate(random, body)
    return body, headers


def reshape(random: Random, text: str) -> str:
    """Return JSON written otherwise, or no JSON any more."""
    place = random.randrange(len(text) + 1)
    return random.choice(
        (
            lambda: text + text,
            lambda: text[:place],
            lambda: text[:place] + random.choice('[]{},:"\\0-eN ') + text[place:],
            lambda: text.replace("1", "1e999", 1),
            lambda: text.replace("1", "NaN", 1),
            lambda: text.replace("1", "-0.0", 1),
            lambda: text.replace("[", "[" * 300, 1),
            lambda: text.replace('"', "'", 2),
            lambda: text.replace(",", ",,", 1),
            lambda: text.replace("{", '{"inputs":[],', 1),
            lambda: " " * 2000 + text,
            lambda: "/* */" + text,
            lambda: text.replace("a", "\\u0061"),
        )
    )()


def chunked(random: Random, path: str, body: bytes, content_type: str, method: str) -> bytes:
    """Return a request whose body comes in chunks."""
    size = random.choice((1, 7, 1000, 100_000)) if len(body) < 5000 else 4096
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    sized = request(path, b"", content_type, method)
    return sized.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked", 1) + chunks + b"0\r\n\r\n"
