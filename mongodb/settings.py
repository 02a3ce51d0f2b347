"""Where the database is, and who asks it: what a program's environment says of MongoDB."""

from collections.abc import Callable
from typing import Any, Self, TypeVar

from pydantic import BaseModel, SecretStr, field_validator, model_validator
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.saslprep import saslprep

from mongodb.store import DATABASE, Store, blocking_database

T = TypeVar("T")

ADVICE = "write mongodb://USER:PASSWORD@HOST:PORT/DATABASE, in the password %40 for @, %2F for / and so on"
APART = "or leave it out and set MONGODB_HOST, MONGODB_USER and MONGODB_PASSWORD, which are taken as they are"


class WrongAddress(Exception):
    """The database's address is none; the message never has what may be a password."""


class MongodbSettings(BaseModel):
    """An address with all that belongs to it, or else the host, user and password apart.

    Apart, a password is not quoted and has whatever characters it likes.
    """

    mongodb_uri: SecretStr | None = None
    mongodb_host: str = "127.0.0.1:27017"
    mongodb_user: str = ""
    mongodb_password: SecretStr = SecretStr("")

    @field_validator("mongodb_password")
    @classmethod
    def _can_be_asked_for(cls, password: SecretStr) -> SecretStr:
        if secret := password.get_secret_value():
            try:
                saslprep(secret)  # what the driver does when it first connects
            except (ValueError, IndexError):
                raise ValueError("control characters cannot be in a password") from None
        return password

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if bool(self.mongodb_user) != bool(self.mongodb_password.get_secret_value()):
            raise ValueError("give MONGODB_USER and MONGODB_PASSWORD, or neither")
        return self


def open_store(settings: MongodbSettings) -> Store:
    """Return the store of the database that the settings name; nothing is connected yet.

    Raises:
        WrongAddress: that is no address of MongoDB.
    """
    return _opened(settings, Store)


def open_blocking(settings: MongodbSettings) -> Database[dict[str, Any]]:
    """Return the database, for a program without an event loop; nothing is connected yet.

    Raises:
        WrongAddress: that is no address of MongoDB.
    """
    return _opened(settings, blocking_database)


def _opened(settings: MongodbSettings, open_one: Callable[..., T]) -> T:
    try:
        if settings.mongodb_uri is not None:
            uri = settings.mongodb_uri.get_secret_value()
            _check_password(uri)
            return open_one(uri)
        return open_one(
            f"mongodb://{settings.mongodb_host}/{DATABASE}",
            user=settings.mongodb_user,
            password=settings.mongodb_password.get_secret_value(),
        )
    except (PyMongoError, ValueError) as error:
        raise WrongAddress(_fault(settings, error)) from None  # the driver quotes parts of the address


def _check_password(uri: str) -> None:
    """Refuse an address whose password has a slash: half of it would be asked for as a host, and logged."""
    authority, _, path = uri.partition("://")[2].partition("/")
    if "@" not in authority and "@" in path.partition("?")[0]:
        raise ValueError


def _fault(settings: MongodbSettings, error: Exception) -> str:
    if settings.mongodb_uri is None:
        return f"MONGODB_HOST is not a host and a port: {error}"
    if "@" in settings.mongodb_uri.get_secret_value():
        return f"MONGODB_URI is not an address of MongoDB: {ADVICE}; {APART}"
    return f"MONGODB_URI is not an address of MongoDB: {error}"
