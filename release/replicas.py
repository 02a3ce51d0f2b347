"""The replicas of a slot at their internal listeners: found, asked what they serve, and told to reload."""

import asyncio
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from service.token import SharedToken

LOADING = httpx.Timeout(120.0, connect=2.0)  # a large model takes a while, an address that is gone does not
LOOKING = httpx.Timeout(3.0)
AGAIN_SECONDS = 0.5
State = Literal["serves", "refused", "away"]


@dataclass(frozen=True)
class Replica:
    """What one replica said: it serves the package `sha256`, has refused one, or gives no answer."""

    address: str
    state: State
    sha256: str = ""
    reason: str = ""


class Replicas:
    """All replicas of one slot, behind `addresses` as in `model_server:8002` or `127.0.0.1:18100`.

    A name stands for each address that DNS has for it now, as Compose tells a service's containers. A replica
    that is away (it restarts, say) is asked again for `patience_seconds`.
    """

    def __init__(
        self, addresses: Sequence[str], token: SharedToken, *, patience_seconds: float = 30.0
    ) -> None:
        self._addresses = addresses
        self._token = token
        self._patience_seconds = patience_seconds

    async def look(self) -> list[Replica]:
        """Ask every replica which package it serves."""
        async with _client(LOOKING) as client:
            asked = (_index(client, address) for address in await resolve(self._addresses))
            return list(await asyncio.gather(*asked))

    async def reload(self, name: str, sha256: str, *, at_once: bool = False) -> list[Replica]:
        """Have every replica load its package, which must be the model `name` with this checksum.

        One goes first, unless all go at once. As soon as one refuses, those that were not asked yet keep what
        they have, and are not among the answers.

        Raises:
            NoToken: there is none to send.
        """
        give_up = time.monotonic() + self._patience_seconds
        answers: Mapping[str, Replica] = {}
        async with _client(LOADING, self._token.header) as client:
            while True:
                found = await resolve(self._addresses)
                answers = {one: answers[one] for one in found if one in answers}  # others have ended
                left = [one for one in found if not _serves(answers.get(one))]
                for turn in [left] if at_once else turns(left):
                    asked = (_load(client, address, name, sha256) for address in turn)
                    answers = {**answers, **{one.address: one for one in await asyncio.gather(*asked)}}
                    if any(one.state == "refused" for one in answers.values()):
                        return list(answers.values())
                if (answers and all(map(_serves, answers.values()))) or time.monotonic() > give_up:
                    return list(answers.values())
                await asyncio.sleep(AGAIN_SECONDS)


async def resolve(addresses: Iterable[str]) -> list[str]:
    """Return host and port of each replica; a name that nobody has stands for none."""
    loop, found = asyncio.get_running_loop(), []
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            known = await loop.getaddrinfo(host, int(port), family=socket.AF_INET, type=socket.SOCK_STREAM)
        except socket.gaierror:
            continue
        found += sorted(f"{ipv4}:{port}" for *_, (ipv4, *_) in known)
    return list(dict.fromkeys(found))


def turns(addresses: Sequence[str]) -> list[Sequence[str]]:
    """Return who is asked together: the first alone, as a package that it refuses harms one replica only."""
    return [addresses[:1], addresses[1:]]


def complaint(answers: Sequence[Replica]) -> str:
    """Return why a reload failed, empty where it did not: no replica refused, and one serves the package."""
    refused = [f"{one.address}: {one.reason}" for one in answers if one.state == "refused"]
    if refused:
        return "; ".join(refused)
    if any(map(_serves, answers)):
        return ""
    away = "; ".join(f"{one.address}: {one.reason}" for one in answers) or "none was found"
    return f"no replica answers: {away}"


def _serves(replica: Replica | None) -> bool:
    return replica is not None and replica.state == "serves"


def _client(timeout: httpx.Timeout, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=False)


async def _index(client: httpx.AsyncClient, address: str) -> Replica:
    try:
        response = await client.post(f"http://{address}/v2/repository/index")
        return Replica(address, "serves", response.raise_for_status().json()[0]["sha256"])
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        return Replica(address, "away", reason=repr(error))


async def _load(client: httpx.AsyncClient, address: str, name: str, sha256: str) -> Replica:
    url = f"http://{address}/v2/repository/models/{name}/load"
    try:
        response = await client.post(url, headers={"Content-Type": "application/json"})
        body: Any = response.json()
        if response.status_code != 200:
            return Replica(address, "refused", reason=f"{response.status_code}: {body['error']}")
        served = str(body["sha256"])
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        return Replica(address, "away", reason=repr(error))
    if served != sha256:
        return Replica(address, "refused", served, f"it has loaded {served[:12]}, not {sha256[:12]}")
    return Replica(address, "serves", served)
