"""Whether nginx has the file in effect, by what it says of itself."""

from pathlib import Path

import httpx
import pytest

from proxy.routing import checksum
from release.nginx_configuration import NginxConfiguration

TEXT = "upstream split {}\n# \udcff\n"


async def in_effect(file: Path, answer: httpx.Response | Exception) -> bool:
    def answered(request: httpx.Request) -> httpx.Response:
        assert request.url == "http://nginx:8081/configuration"
        if isinstance(answer, Exception):
            raise answer
        return answer

    nginx = NginxConfiguration("http://nginx:8081", file, httpx.MockTransport(answered))
    try:
        return await nginx.in_effect()
    finally:
        await nginx.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file that is not all UTF-8."""
    path = tmp_path / "default.conf"
    path.write_bytes(TEXT.encode("utf-8", "surrogateescape"))
    return path


async def test_the_files_checksum_says_that_it_has(file: Path) -> None:
    """That of the file as it is edited, whatever is rendered of it."""
    assert await in_effect(file, httpx.Response(200, text=f"{checksum(TEXT)}\n"))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text=f"{checksum('another')}\n"),
        httpx.Response(502, text=f"{checksum(TEXT)}\n"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
    ],
    ids=["another file", "an error", "away", "hangs"],
)
async def test_anything_else_says_that_it_has_not(file: Path, answer: httpx.Response | Exception) -> None:
    """Also that nginx is away: nothing is then compared."""
    assert not await in_effect(file, answer)


async def test_a_file_that_is_away_is_not_in_effect(tmp_path: Path) -> None:
    """There is nothing to compare with."""
    assert not await in_effect(tmp_path / "gone", httpx.Response(200, text=checksum("")))
