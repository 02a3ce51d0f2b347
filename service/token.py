"""The token that state-changing requests carry, `Authorization: Bearer …`: shared by the stack's programs.

It is given, or made once into a file that only they can read, by whichever of them comes first. The file is
read each time that the token is needed, so that all programs always have the same.
"""

import hmac
import os
import re
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from pydantic import BaseModel, SecretStr, field_validator

from service.problems import Problem

TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,512}=*")  # RFC 6750, section 2.1, and not too short to guess
FORM = "give 16 to 512 letters, digits or any of . _ ~ + / -, say from `openssl rand -hex 32`"


class NoToken(Exception):
    """There is no token to compare with or to send; the message says why."""


@dataclass(frozen=True)
class SharedToken:
    """The given token, else the one in `file`."""

    given: SecretStr | None
    file: Path

    def read(self) -> SecretStr:
        """Return the token; where there is none yet, make it.

        Raises:
            NoToken: the file cannot be read or made, or holds something else.
        """
        if self.given is not None:
            return self.given
        try:
            if not self.file.exists():
                make_token(self.file)
            found = self.file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NoToken(f"RELEASE_TOKEN_FILE: {error}; or set RELEASE_TOKEN") from None
        if not TOKEN.fullmatch(found):
            raise NoToken(f"RELEASE_TOKEN_FILE: {self.file} holds no token: remove it, and it is made again")
        return SecretStr(found)

    @property
    def header(self) -> dict[str, str]:
        """Return the header that a request carries; raises NoToken."""
        return {"Authorization": f"Bearer {self.read().get_secret_value()}"}


class TokenSettings(BaseModel):
    """The token, or where it is kept: fields of a program's settings."""

    release_token: SecretStr | None = None
    release_token_file: Path = Path(".local/data/release/token")

    @field_validator("release_token")
    @classmethod
    def _is_a_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError(FORM)
        return token

    @property
    def shared_token(self) -> SharedToken:
        """Return what reads it."""
        return SharedToken(self.release_token, self.release_token_file)


def make_token(file: Path) -> None:
    """Write a new token to `file`, unless another program was first; under its name it is always whole.

    Its group may read it where the group may read the folder: so a volume lets programs of other users in.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    group = file.parent.stat().st_mode & stat.S_IRGRP
    part = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as written:  # noqa: PTH123 - a descriptor, not a path
            written.write(secrets.token_hex(32) + "\n")
            written.flush()
            os.fchmod(descriptor, 0o600 | group)
            os.fsync(descriptor)
        file.hardlink_to(part)  # unlike a rename it takes no other program's place
    except FileExistsError:
        pass
    finally:
        part.unlink(missing_ok=True)


def token_demand(token: SharedToken) -> Callable[[Request], None]:
    """Return a dependency that refuses requests without the token: 401, or 503 where there is none."""

    def demand_token(request: Request) -> None:
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            detail = "This changes the server's state. Send the header Authorization: Bearer TOKEN."
            raise Problem(401, "Unauthorized", detail, {"WWW-Authenticate": "Bearer"})
        try:
            expected = token.read().get_secret_value()
        except NoToken as error:
            raise Problem(503, "Service Unavailable", str(error)) from None
        if not hmac.compare_digest(sent.strip().encode(), expected.encode()):
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Problem(401, "Unauthorized", "This is not the token of this stack.", headers)

    return demand_token
