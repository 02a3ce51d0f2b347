"""Whom a program answers: those who ask for it by a name of its own, and no page of another site."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from service.settings import ServiceSettings
from tests.unit.service.test_service import assert_problem, small_service

HERE = "http://here:8000"
SHOP = "https://shop.example.org"


def client_of(**settings: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(small_service(**settings)), base_url=HERE)


async def status(
    headers: dict[str, str], method: str = "GET", path: str = "/healthz", **settings: Any
) -> int:
    async with client_of(**settings) as client:
        return (await client.request(method, path, headers=headers)).status_code


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.",
        "shop.localhost:8000",
        "127.0.0.1:8009",
        "192.168.1.20",
        "[::1]:8000",
        "model_server:8000",
        "drift_detector_server_new:8000",
        "models.example.org",
        "Models.Example.ORG:443",
        "a.b.example.com",
    ],
)
async def test_names_of_its_own_are_answered(host: str) -> None:
    """Addresses, localhost, names without dots as Compose and Prometheus use, and those that are allowed."""
    allowed = "models.example.org, *.example.com"
    assert await status({"Host": host}, allowed_hosts=allowed) == 200


@pytest.mark.parametrize(
    "host",
    [
        "stranger.example.net",
        "example.com",
        "models.example.org.stranger.net",
        "127.0.0.1.stranger.net",
        "stranger.net:8000",
        "localhost/x",
        "a b",
        "user@localhost",
        "x" * 300,
        "é",
    ],
)
async def test_a_name_that_a_stranger_pointed_here_is_refused(host: str) -> None:
    """DNS rebinding: the browser believes that the stranger's page and this server are one site."""
    async with client_of(allowed_hosts="models.example.org,*.example.com") as client:
        refused = await client.get("/things/1", headers=[(b"Host", host.encode())])
        problem = assert_problem(refused, 421)
        assert "ALLOWED_HOSTS" in str(problem["detail"])
        metrics = (await client.get("/metrics")).text
    assert 'path="unmatched",slot="model_server_new",status="421"} 1.0' in metrics


async def test_any_name_is_answered_where_any_is_allowed() -> None:
    """`*`, for those whose proxy has looked at it."""
    assert await status({"Host": "stranger.example.net"}, allowed_hosts="*") == 200


OTHERS: list[dict[str, str]] = [
    {"Origin": "http://stranger.net", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://here:3000", "Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://stranger.net"},
    {"Origin": "http://here"},
    {"Origin": "null"},
    {"Origin": ""},
]


@pytest.mark.parametrize("headers", OTHERS)
async def test_a_page_of_another_site_may_not_send(headers: dict[str, str]) -> None:
    """Whatever it sends without being asked first, a preflight too; to look is harmless."""
    async with client_of() as client:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            refused = await client.request(method, "/upload", headers=headers)
            problem = assert_problem(refused, 403)
            assert "CORS_ORIGINS" in str(problem["detail"])
            assert "access-control-allow-origin" not in refused.headers
        assert (await client.get("/things/1", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": HERE},
        {"Origin": HERE, "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://here", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://here", "Host": "here"},
        {"Origin": "https://here", "Host": "here:443"},
    ],
)
async def test_its_own_pages_and_other_programs_may_send(headers: dict[str, str]) -> None:
    """curl, Locust and clients of the protocol say nothing of a page; TLS may end before the program."""
    assert await status(headers, "POST", "/upload") == 422


async def test_an_allowed_page_may_send_and_read() -> None:
    """Its preflight is answered, and what it asked for; errors too."""
    async with client_of(cors_origins=f"{SHOP}/, http://other.example:80") as client:
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-y",
        }
        preflight = await client.options("/upload", headers={"Origin": SHOP, **asked})
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == SHOP
        assert "content-type" in preflight.headers["access-control-allow-headers"]
        sent = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site"}
        answer = await client.post("/upload", headers=sent)
        assert_problem(answer, 422)
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
        assert (await client.post("/upload", headers={"Origin": "http://other.example"})).status_code == 422
        assert_problem(
            await client.options("/upload", headers={"Origin": "http://stranger.net", **asked}), 403
        )


async def test_without_cors_origins_nobody_is_told_of_any() -> None:
    """No header of CORS leaves the program."""
    async with client_of() as client:
        answer = await client.get("/things/1", headers={"Origin": SHOP})
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("allowed_hosts", "models.example.org:8000", "without a port"),
        ("allowed_hosts", "https://models.example.org", "names such as"),
        ("allowed_hosts", "*.*.org", "names such as"),
        ("cors_origins", "shop.example.org", "with scheme"),
        ("cors_origins", "https://shop.example.org/path", "without a path"),
        ("cors_origins", "https://*.example.org", "origins such as"),
    ],
)
def test_what_is_neither_name_nor_origin_is_refused_at_the_start(name: str, value: str, advice: str) -> None:
    """It would otherwise never fit, and nobody would see why."""
    with pytest.raises(ValidationError, match=advice):
        ServiceSettings.model_validate({name: value})
