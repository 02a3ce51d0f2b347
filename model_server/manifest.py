"""`model.toml`: what a model package says of itself."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

FILE_NAME = "model.toml"
Channels = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]


class BadModelPackage(Exception):
    """The model package cannot be served; the message says why and what to do."""


class ImageInput(BaseModel):
    """How an image becomes the network's input: short side resized to `size`, centre crop, normalised."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=8, le=2048)
    mean: Channels
    std: tuple[Positive, Positive, Positive]


class Manifest(BaseModel):
    """The typed contents of `model.toml`; paths are relative to its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")
    classes: tuple[str, ...] = Field(min_length=1)
    network: str = Field(pattern=r"^[\w./-]+\.py:[A-Za-z_]\w*$")
    weights: str
    sha256: str
    outputs: Literal["logits", "probabilities"] = "logits"
    input: ImageInput

    @field_validator("classes")
    @classmethod
    def _classes_differ(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) != len(classes):
            raise ValueError("two classes have the same name")
        return classes


def read_manifest(folder: Path) -> Manifest:
    """Read `folder/model.toml`.

    Raises:
        BadModelPackage: the file is absent, is not TOML, or a field is wrong.
    """
    path = folder / FILE_NAME
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadModelPackage(f"{path}: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise BadModelPackage(f"{path}: {wrong}") from error
