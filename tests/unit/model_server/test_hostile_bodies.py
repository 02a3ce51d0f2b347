"""Bodies made to cost much: each is refused, and neither time nor memory of other people's goes with it."""

import asyncio
import base64
import gc
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from inference.backend import BackendSettings
from inference.torch_backend import TorchBackend, load_torch_backend
from model_server.app import create_apps
from model_server.inference_protocol.tensors import BYTES as BYTES_TYPE
from model_server.inference_protocol.tensors import LENGTH, BadTensor, from_bytes
from model_server.settings import ModelServerSettings
from service.app import process_registry
from service.event_loop_lag import EventLoopLag
from tests.hostile_images.filling import BODY, filled
from tests.tensor_model import write_regressor
from tests.unit.model_server.fakes import MemoryStore
from tests.unit.model_server.test_app import HeldBackend, public, serving, until

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
SETTINGS = ModelServerSettings(slot="model_server", cpu_threads=1, inline_inference="never")


def form_of(head: bytes, data: bytes) -> bytes:
    return b"--b\r\n" + head + b"\r\n\r\n" + data + b"\r\n--b--\r\n"


def field(name: bytes, data: bytes = b"1") -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + data + b"\r\n"


def tensor(data: bytes, name: bytes = b"image", datatype: bytes = b"BYTES") -> bytes:
    described = b'{"inputs":[{"name":"%s","datatype":"%s","shape":[1],"data":[%s]}]}'
    return described % (name, datatype, data)


@pytest.fixture
async def images(backend: TorchBackend) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(public(SETTINGS, backend, MemoryStore())) as client:
        yield client


@pytest.fixture
async def rows(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    backend = load_torch_backend(BackendSettings(write_regressor(tmp_path)))
    async with serving(
        create_apps(SETTINGS, lambda: backend, MemoryStore(), process_registry()).public
    ) as client:
        yield client


async def lag_during(send: Callable[[], Awaitable[httpx.Response]]) -> tuple[httpx.Response, float]:
    """Return the answer, and the longest that the event loop stood still on the way to it."""
    registry = CollectorRegistry()
    lag = EventLoopLag(registry, "a")
    lag.start()
    response = await send()
    await asyncio.sleep(0.1)  # a tick later than the block
    lag.stop()
    return response, registry.get_sample_value("event_loop_lag_seconds", {"slot": "a"}) or 0.0


ATTACKS: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "names in punycode": (
        "/predict",
        field(filled(b"a", 2**20)) + b"--b--",
        {"Content-Type": "multipart/form-data; boundary=b; charset=punycode"},
        422,
    ),
    "a million fields": ("/predict", filled(field(b"a", b"")) + b"--b--", FORM, 422),
    "as many files": (
        "/predict",
        filled(field(b'file"; filename="x.png', b"")) + b"--b--",
        FORM,
        422,
    ),
    "a head of 10 MB": ("/predict", form_of(filled(b"x"), b""), FORM, 422),
    "a million headers": ("/predict", form_of(filled(b"X: y\r\n"), b""), FORM, 422),
    "10 MB of parameters": ("/predict", form_of(b"Content-Disposition: x" + filled(b';"'), b""), FORM, 422),
    "almost boundaries": (
        "/predict",
        form_of(b'Content-Disposition: form-data; name="file"; filename="x"', filled(b"\r\n--bx")),
        FORM,
        422,
    ),
    "padded boundaries": ("/predict", b"--b" + filled(b" ") + b"\r\n", FORM, 422),
    "no end": ("/predict", field(b"file", filled(b"\r\n--")), FORM, 422),
    "tensor of empty arrays": ("/v2/models/colour/infer", tensor(filled(b"[],") + b"[]"), JSON, 400),
    "tensor of strings": ("/v2/models/colour/infer", tensor(filled(b'"",') + b'""'), JSON, 400),
    "deep arrays": ("/v2/models/colour/infer", tensor(filled(b"[")), JSON, 400),
    "deep objects": ("/v2/models/colour/infer", filled(b'{"a":'), JSON, 400),
    "parameters": ("/v2/models/colour/infer", b'{"parameters":[' + filled(b"{},") + b"1]}", JSON, 400),
    "digits": ("/v2/models/colour/infer", tensor(filled(b"1")), JSON, 400),
    "escapes": ("/v2/models/colour/infer", tensor(b'"' + filled(rb"\u00e9") + b'"'), JSON, 400),
    "empty elements": (
        "/v2/models/colour/infer",
        (
            b'{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],'
            b'"parameters":{"binary_data_size":%d}}]}' % len(filled(bytes(4)))
        )
        + filled(bytes(4)),
        {"Content-Type": "application/octet-stream"},
        400,
    ),
}
ROW_ATTACKS: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "empty rows": ("/predict", b'{"data":[' + filled(b"[],") + b"[]]}", JSON, 422),
    "rows of one": ("/predict", b'{"data":[' + filled(b"[1],") + b"[1]]}", JSON, 422),
    "numbers": ("/predict", b'{"data":[' + filled(b"1,") + b"1]}", JSON, 422),
    "deep": ("/predict", b'{"data":' + filled(b"["), JSON, 422),
    "strings": ("/predict", b'{"data":[' + filled(b'"",') + b'""]}', JSON, 422),
    "one string": ("/predict", b'{"data":"' + filled("é".encode()) + b'"}', JSON, 422),
    "digits": ("/predict", b'{"data":[' + filled(b"1") + b",1]}", JSON, 422),
    "keys": ("/predict", b"{" + filled(b'"a":1,') + b'"a":1}', JSON, 422),
    "tensor": ("/v2/models/regressor/infer", tensor(filled(b"[],") + b"[]", b"input", b"FP32"), JSON, 400),
    "booleans": ("/v2/models/regressor/infer", tensor(filled(b"true,") + b"1", b"input", b"FP32"), JSON, 400),
}


def with_header_length(path: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
    if headers.get("Content-Type") != "application/octet-stream":
        return headers
    return {**headers, "Inference-Header-Content-Length": str(body.index(b"\0"))}


async def assert_harmless(client: httpx.AsyncClient, attack: tuple[str, bytes, dict[str, str], int]) -> None:
    """Refused in a few words, as fast as a plain upload of the size, and within four times its memory."""
    path, body, headers, status = attack
    headers = with_header_length(path, body, headers)
    plain = {"Content-Type": "image/png"}
    _, usual = await lag_during(lambda: client.post("/predict", content=bytes(BODY), headers=plain))
    response, lag = await lag_during(lambda: client.post(path, content=body, headers=headers))
    assert response.status_code == status, response.text[:500]
    assert len(response.content) < 2000
    assert lag < 0.5 + 5 * usual
    gc.collect()
    tracemalloc.start()
    await client.post(path, content=body, headers=headers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(body)


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_hostile_body_costs_an_image_model_little(images: httpx.AsyncClient, name: str) -> None:
    """Its refusal says why in a few words; the loop goes on, and memory stays near the body's own size."""
    await assert_harmless(images, ATTACKS[name])


@pytest.mark.parametrize("name", ROW_ATTACKS)
async def test_a_hostile_body_costs_a_tensor_model_little(rows: httpx.AsyncClient, name: str) -> None:
    """As for images."""
    await assert_harmless(rows, ROW_ATTACKS[name])


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Give the bytes allocated since, and still there."""
    gc.collect()
    tracemalloc.start()

    def held() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    yield held
    tracemalloc.stop()


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 2**16):
        yield body[start : start + 2**16]


@pytest.mark.parametrize("kind", ["rows", "tensor", "form", "base64"])
async def test_who_waits_keeps_only_what_the_model_takes(
    backend: TorchBackend, tmp_path: Path, kind: str
) -> None:
    """The body and what was parsed of it are given back before the request joins the queue."""
    if kind == "form":
        held = HeldBackend(backend)
        path, headers = "/predict", FORM
        image = b'Content-Disposition: form-data; name="file"; filename="x.png"\r\n\r\nimage\r\n'
        body = field(b"note", bytes(5 * 2**20)) + b"--b\r\n" + image + b"--b--\r\n"
    elif kind == "base64":
        held = HeldBackend(backend)
        path, headers = "/v2/models/colour/infer", JSON
        body = tensor(b'"' + base64.b64encode(bytes(5 * 2**20)) + b'"')
    else:
        held = HeldBackend(load_torch_backend(BackendSettings(write_regressor(tmp_path))))
        headers = JSON
        numbers = json.dumps(np.ones((100, 2)).tolist()).encode() + b" " * (5 * 2**20)
        described = b'{"inputs":[{"name":"input","datatype":"FP32","shape":[100,2],"data":%s}]}'
        path = "/predict" if kind == "rows" else "/v2/models/regressor/infer"
        body = (b'{"data":%s}' if kind == "rows" else described) % numbers
    settings = ModelServerSettings(
        slot="model_server", cpu_threads=1, inline_inference="never", batch_max_size=1000
    )
    async with serving(public(settings, held, MemoryStore())) as client:
        with traced() as bytes_held:
            post = asyncio.create_task(client.post(path, content=in_chunks(body), headers=headers))
            await until(lambda: held.batches == [1])
            image_bytes = 5 * 2**20 if kind == "base64" else 0
            assert bytes_held() < image_bytes + 2**20
        held.go.set()
        assert (await post).status_code == (200 if headers is JSON and kind != "base64" else 415)


def test_elements_are_read_only_as_far_as_a_model_could_take_them() -> None:
    """Each takes four bytes of a body and an object in memory."""
    raw = memoryview(bytes(LENGTH.size) * 200_000)
    with traced() as bytes_held, pytest.raises(BadTensor, match="65 elements"):
        from_bytes("image", BYTES_TYPE, (1,), raw)
    assert bytes_held() < 2**20


async def test_others_are_answered_meanwhile(rows: httpx.AsyncClient) -> None:
    """Beside the slowest bodies that are let in, a health check waits for a step of parsing, not for all."""
    body = b'{"data":"' + filled("é".encode()) + b'"}'
    attacks = [asyncio.create_task(rows.post("/predict", content=body, headers=JSON)) for _ in range(6)]
    longest = 0.0
    while not all(attack.done() for attack in attacks):
        started = time.perf_counter()
        assert (await rows.get("/healthz")).status_code == 200
        longest = max(longest, time.perf_counter() - started)
        await asyncio.sleep(0)
    assert longest < 2
