"""`model.toml`: what a model package says of itself."""

import os
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

FILE_NAME = "model.toml"
Channels = tuple[FiniteFloat, FiniteFloat, FiniteFloat]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in path:
        raise ValueError("give a path inside the package's folder, such as artifacts/weights.safetensors")
    return path


PathInside = Annotated[str, AfterValidator(_inside)]

FILES = {"weights", "sha256", "reference", "reference_sha256", "lineage", "lineage_sha256"}
MISSING = {
    "reference": '; a package brings its own: add reference = "artifacts/reference.safetensors", then run'
    " `python -m inference.reference --package FOLDER`",
    "reference_sha256": '; add reference_sha256 = "artifacts/reference.sha256"',
}


class BadModelPackage(Exception):
    """The model package cannot be served; the message says why and what to do."""

    def __init__(self, fault: str, remedy: str = "") -> None:
        super().__init__(f"{fault}: {remedy}" if remedy else fault)
        self.fault = fault


def refusal(error: BaseException) -> BadModelPackage:
    """Return whatever loading a package raised, the operator's code included, as the reason to refuse it."""
    known = isinstance(error, BadModelPackage)
    return BadModelPackage(str(error) if known else f"the package cannot be loaded: {error!r}")


class ImageInput(BaseModel):
    """How an image becomes the network's input: short side resized to `size`, centre crop, normalised."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=8, le=2048)
    mean: Channels
    std: tuple[Positive, Positive, Positive]


class TensorInput(BaseModel):
    """A row of numbers that becomes the network's input as it is.

    `mean` and `std` are the training data's: nothing is scaled with them, the dashboards compare with them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[Name, ...] = Field(min_length=1, max_length=1000)
    mean: tuple[FiniteFloat, ...] | None = None
    std: tuple[Positive, ...] | None = None

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        if len(set(self.features)) != len(self.features):
            raise ValueError("two features have the same name")
        if (self.mean is None) != (self.std is None):
            raise ValueError("give mean and std, or neither")
        if any(len(one) != len(self.features) for one in (self.mean, self.std) if one is not None):
            raise ValueError(f"mean and std need one number for each of the {len(self.features)} features")
        return self


class Manifest(BaseModel):
    """The typed contents of `model.toml`; paths are relative to its folder.

    Of `image` and `tensor` exactly the one is there that `input` names. A package may have a `lineage`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")
    network: PathInside = Field(pattern=r"^[\w./-]+\.py:[A-Za-z_]\w*$")
    weights: PathInside
    sha256: PathInside
    reference: PathInside
    reference_sha256: PathInside
    lineage: PathInside | None = None
    lineage_sha256: PathInside | None = None
    input: Literal["image", "tensor"]
    outputs: Literal["logits", "probabilities", "values"] = "logits"
    classes: tuple[str, ...] = ()
    image: ImageInput | None = None
    tensor: TensorInput | None = None

    @field_validator("classes")
    @classmethod
    def _classes_differ(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) != len(classes):
            raise ValueError("two classes have the same name")
        return classes

    @model_validator(mode="after")
    def _tables_fit(self) -> Self:
        other = "tensor" if self.input == "image" else "image"
        if getattr(self, self.input) is None or getattr(self, other) is not None:
            raise ValueError(f'input = "{self.input}" needs the table [{self.input}], and no [{other}]')
        if self.input == "image" and self.outputs == "values":
            raise ValueError('outputs = "values" is for input = "tensor"')
        if (self.outputs == "values") != (not self.classes):
            raise ValueError('classes are needed, but for outputs = "values", which has none')
        if (self.lineage is None) != (self.lineage_sha256 is None):
            raise ValueError("give lineage and lineage_sha256, or neither")
        return self

    @property
    def declared(self) -> tuple[tuple[str, str], ...]:
        """Return each file that has a checksum, with its declaration: a file's name, or the digits."""
        pairs = [(self.weights, self.sha256), (self.reference, self.reference_sha256)]
        if self.lineage is not None and self.lineage_sha256 is not None:
            pairs.append((self.lineage, self.lineage_sha256))
        return tuple(pairs)

    @property
    def image_input(self) -> ImageInput:
        """Return what to do with images; BadModelPackage when the model takes none."""
        if self.image is None:
            raise BadModelPackage(f"{self.name} takes rows of numbers, not images")
        return self.image

    @property
    def tensor_input(self) -> TensorInput:
        """Return what the rows are made of; BadModelPackage when the model takes images."""
        if self.tensor is None:
            raise BadModelPackage(f"{self.name} takes images, not rows of numbers")
        return self.tensor


def read_manifest(folder: Path) -> Manifest:
    """Read `folder/model.toml`.

    Raises:
        BadModelPackage: the file is absent or not TOML, a field is wrong, or a path that it names is no file
            or leads out of the folder.
    """
    path, place = folder / FILE_NAME, os.path.realpath(folder)
    try:
        _check_file(folder, FILE_NAME, place)
        manifest = Manifest.model_validate(tomllib.loads(path.read_text("utf-8")))
        named = manifest.model_dump(include=FILES, exclude_none=True).values()
        for name in (manifest.network.partition(":")[0], *named):
            _check_file(folder, name, place)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadModelPackage(f"{path}: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(map(what_is_wrong, error.errors()))
        raise BadModelPackage(f"{path}: {wrong}") from error
    return manifest


def weights_bytes(folder: Path, manifest: Manifest) -> int:
    """Return the size of a package's weights; 0 where they are absent, which loading them will tell."""
    path = folder / manifest.weights
    return path.stat().st_size if path.is_file() else 0


def _check_file(folder: Path, name: str, place: str) -> None:
    """Refuse what is there but no file (a pipe would be waited for), and what a link leads to elsewhere.

    `place` is where the package really lies: it may be a link itself, which is replaced between two looks.
    """
    path = folder / name
    if path.exists() and not path.is_file():
        raise BadModelPackage(f"{path} is not a file")
    target = Path(os.path.realpath(Path(place, name)))
    if not target.is_relative_to(place):
        remedy = "put the file itself there; links within the package are fine"
        raise BadModelPackage(f"{path} leads out of the package, to {target}", remedy)


def what_is_wrong(error: ErrorDetails) -> str:
    """Return a field and what is wrong with it; of some that are missing also what to write."""
    field = ".".join(map(str, error["loc"]))
    advice = MISSING.get(field, "") if error["type"] == "missing" else ""
    return ": ".join(filter(None, [field, error["msg"]])) + advice
