"""Requests that cost far more than their bytes, whatever image is in them."""

import base64
import json
from collections.abc import Callable
from functools import cache

from tests.hostile_images import IMAGES
from tests.hostile_images.filling import BODY
from tests.robustness.traffic import photo
from tests.robustness.wire import file_part, form, form_type, part, request, upload

MEGABYTE = 10**6
MODEL = "{model}"  # in a path: the name of the model that is served
INFER = f"/v2/models/{MODEL}/infer"
JSON = "application/json"


def image_request(name: str) -> bytes:
    """Return the upload of a hostile image, named as its format."""
    return upload(IMAGES[name](), f"image/{name.partition('_')[0]}")


def large_photo() -> bytes:
    """Return 6 megapixels in so few bytes that 64 fit into a body, also in base64."""
    return photo(3000, 2200, quality=5)


def many_large_images() -> bytes:
    """Return 64 images of 6 megapixels in one form."""
    return request("/predict", form([file_part(large_photo())] * 64), form_type())


def charset_form(charset: str, text: bytes) -> bytes:
    """Return a form whose text fields are to be decoded by a charset."""
    parts = [part(b'form-data; name="a"', text), file_part(photo())]
    return request("/predict", form(parts), form_type(charset))


def charset_name(charset: str, text: bytes) -> bytes:
    """Return a form whose file names are to be decoded by a charset."""
    named = b'form-data; name="file"; filename="' + text + b'"'
    return request("/predict", form([part(named, photo(), "image/jpeg")] * 20), form_type(charset))


def tensor(data: bytes, shape: bytes = b"[1]", datatype: bytes = b"BYTES", name: bytes = b"image") -> bytes:
    """Return an inference request around the JSON of its data."""
    head = b'{"inputs":[{"name":"' + name + b'","datatype":"' + datatype
    return head + b'","shape":' + shape + b',"data":' + data + b"}]}"


def infer(body: bytes, content_type: str = JSON) -> bytes:
    """Return an inference request."""
    return request(INFER, body, content_type)


def repeated(item: bytes) -> bytes:
    """Return 10 MB of JSON list with one item again and again."""
    return b"[" + item + (b"," + item) * ((BODY - 2000) // (len(item) + 1)) + b"]"


def base64_of(image: bytes) -> bytes:
    """Return an image as a JSON list of one string."""
    return json.dumps([base64.b64encode(image).decode()]).encode()


def labels(line: bytes, count: int) -> bytes:
    """Return feedback of so many lines; `%d` in a line is its number."""
    lines = [line % number if b"%d" in line else line for number in range(count)]
    return request("/feedback", b"\n".join(lines), "application/x-ndjson")


REQUESTS: dict[str, Callable[[], bytes]] = {
    "photo": lambda: upload(photo()),  # not hostile: what the machine itself costs
    "json_empty_lists": lambda: infer(tensor(repeated(b"[]"))),
    "json_empty_lists_as_text": lambda: infer(tensor(repeated(b"[]")), "text/plain"),
    "json_empty_objects": lambda: infer(tensor(repeated(b"{}"))),
    "json_empty_strings": lambda: infer(tensor(repeated(b'""'))),
    "json_ones": lambda: infer(tensor(repeated(b"1"), datatype=b"FP32", name=b"input")),
    "json_floats": lambda: infer(tensor(repeated(b"1e308"), datatype=b"FP32", name=b"input")),
    "json_nulls": lambda: infer(tensor(repeated(b"null"))),
    "json_nested": lambda: infer(tensor(b"[" * (BODY // 2 - 1000) + b"]" * (BODY // 2 - 1000))),
    "json_nested_100": lambda: infer(tensor(repeated(b"[" * 100 + b"]" * 100))),
    "json_objects_nested_100": lambda: infer(tensor(repeated(b'{"a":' * 100 + b"1" + b"}" * 100))),
    "json_pairs": lambda: infer(tensor(repeated(b"[[],[]]"))),
    "json_unknown_member": lambda: infer(b'{"inputs":[],"x":' + repeated(b"[]") + b"}"),
    "json_many_inputs": lambda: infer(b'{"inputs":' + repeated(b"{}") + b"}"),
    "json_many_outputs": lambda: infer(b'{"inputs":[],"outputs":' + repeated(b'{"name":""}') + b"}"),
    "json_shape": lambda: infer(tensor(b"[]", shape=repeated(b"0"))),
    "json_many_keys": lambda: infer(b"{" + b",".join(b'"%x":0' % number for number in range(800_000)) + b"}"),
    "json_long_number": lambda: infer(tensor(b"[" + b"9" * (BODY - 2000) + b"]", datatype=b"INT64")),
    "json_escapes": lambda: infer(tensor(b'["' + b"\\u0041" * ((BODY - 2000) // 6) + b'"]')),
    "json_predict": lambda: request("/predict", b'{"data":' + repeated(b"[]") + b"}", JSON),
    "json_predict_nested": lambda: request("/predict", b'{"data":' + b"[" * (BODY - 2000), JSON),
    "json_hostile_image": lambda: infer(tensor(base64_of(IMAGES["jpeg_many_scans"]()))),
    "json_many_images": lambda: infer(
        tensor(json.dumps([base64.b64encode(large_photo()).decode()] * 64).encode(), shape=b"[64]")
    ),
    "form_64_large_images": many_large_images,
    "form_punycode_field": lambda: charset_form("punycode", b"a" * MEGABYTE),
    "form_punycode_name": lambda: charset_name("punycode", b"a" * 200_000),
    "form_idna_field": lambda: charset_form("idna", b"a." * (MEGABYTE // 2)),
    "form_utf7_field": lambda: charset_form("utf-7", b"+AGEAYQ-" * (MEGABYTE // 8)),
    "form_escape_field": lambda: charset_form("unicode_escape", b"\\x41" * (MEGABYTE // 4)),
    "form_many_fields": lambda: request(
        "/predict", form([part(b'form-data; name="a"', b"")] * 150_000), form_type()
    ),
    "form_many_headers": lambda: request("/predict", form([b"A: b\r\n" * 1_000_000 + b"\r\n"]), form_type()),
    "form_boundaries": lambda: request("/predict", b"\r\n-" * (BODY // 3), form_type()),
    "labels_unknown": lambda: labels(b'{"request_id":"unknown-%d","label":"apple"}', 1000),
    "labels_wrong": lambda: labels(b"[" * 1000, 1000),
    "labels_empty_lines": lambda: request("/feedback", b"\n" * (BODY - 2000), "application/x-ndjson"),
    "label_nested": lambda: request("/feedback", b'{"label":' + b"[" * (BODY - 2000), JSON),
    "urlencoded": lambda: request("/predict", b"a&" * (BODY // 2), "application/x-www-form-urlencoded"),
}


@cache
def hostile_request(name: str) -> bytes:
    """Return the request of a kind: one of REQUESTS, or the upload of one of IMAGES."""
    return image_request(name) if name in IMAGES else REQUESTS[name]()
