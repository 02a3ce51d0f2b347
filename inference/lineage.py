"""The lineage of a model package: the data, code and settings that it was made of, and how good it was.

All that writes and reads one is here, without PyTorch. A package need not have one.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from inference.checksum import checksum_file, expected_checksum, verify_checksum, write_checksum
from inference.manifest import BadModelPackage, Manifest, what_is_wrong

MAX_BYTES = 256 * 2**10  # it is read whenever packages are listed
GOLDEN, HELD_OUT = "golden", "held_out"
REMEDY = "put the package's own lineage there, or take lineage and lineage_sha256 out of model.toml"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=200)]
Key = Annotated[str, Field(min_length=1, max_length=128)]
Count = Annotated[int, Field(ge=0)]
Time = Annotated[AwareDatetime, AfterValidator(lambda time: time.astimezone(UTC))]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TimeRange(_Part):
    """When the first and the last of some records were recorded, in aware times."""

    first: Time
    last: Time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("the last one is before the first one")
        return self


class Dataset(_Part):
    """The dataset version that a model was trained on, and what it was made from.

    `records` counts records by the side of the split (such as `train`), and by class; a regressor has one
    class of an empty name. `offsets` says up to where each source was read: for Kafka by `topic/partition`.
    """

    version: Key
    parent: Key | None = None
    records: Mapping[Key, Mapping[Text, Count]] = Field(default_factory=dict, max_length=16)
    recorded: TimeRange | None = None
    offsets: Mapping[Key, Count] = Field(default_factory=dict, max_length=1000)

    @property
    def size(self) -> int:
        """Return how many records it has, on all sides."""
        return sum(sum(classes.values()) for classes in self.records.values())


class Metrics(_Part):
    """How good a model was on one set of `n` records.

    A classifier has an accuracy, a regressor a root mean squared error. `ece` is the expected calibration
    error (Naeini, Cooper & Hauskrecht 2015). What else was measured stands in `more`, by its name.
    """

    n: Count
    accuracy: Share | None = None
    rmse: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    ece: Share | None = None
    more: Mapping[Key, FiniteFloat] = Field(default_factory=dict, max_length=100)


class Parent(_Part):
    """The package that a model began from."""

    model: Key
    version: Key
    package_sha256: Sha256
    weights_sha256: Sha256


class Lineage(_Part):
    """The contents of a package's lineage file; times are UTC.

    `metrics` are by set, `golden` and `held_out` among them. `code_commit` is empty where it is not known.
    """

    schema_version: Literal[1] = 1
    model: Key
    version: Key
    created_at: Time
    dataset: Dataset
    code_commit: Text = ""
    seed: int
    hyperparameters: Mapping[Key, bool | int | FiniteFloat | Text | None] = Field(
        default_factory=dict, max_length=200
    )
    metrics: Mapping[Key, Metrics] = Field(default_factory=dict, max_length=16)
    training_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    library_versions: Mapping[Key, Text] = Field(default_factory=dict, max_length=200)
    parent: Parent | None = None
    weights_sha256: Sha256


def write_lineage(folder: Path, manifest: Manifest, lineage: Lineage) -> None:
    """Write the lineage and its checksum into the package, where its manifest says.

    Raises:
        BadModelPackage: it is another model's or too long, or `model.toml` leaves no place for it.
    """
    if manifest.lineage is None or manifest.lineage_sha256 is None:
        remedy = 'add lineage = "artifacts/lineage.json", and lineage_sha256 likewise'
        raise BadModelPackage(f"{folder}: model.toml names no lineage", remedy)
    checksum = checksum_file(folder, manifest.lineage_sha256)
    path, content = folder / manifest.lineage, lineage.model_dump_json(indent=2).encode() + b"\n"
    if len(content) > MAX_BYTES:
        raise BadModelPackage(f"{path} would have {len(content)} bytes, more than {MAX_BYTES}")
    check_fit(folder, manifest, lineage)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)
    write_checksum(path, checksum)


def read_lineage(folder: Path, manifest: Manifest) -> Lineage | None:
    """Read a package's lineage; None of a package that has none.

    Raises:
        BadModelPackage: it is absent, too long, no lineage, has another checksum, or is another model's.
    """
    if manifest.lineage is None or manifest.lineage_sha256 is None:
        return None
    path = folder / manifest.lineage
    content = _read_content(path)
    verify_checksum(path, hashlib.sha256(content).hexdigest(), folder, manifest.lineage_sha256, REMEDY)
    try:
        lineage = Lineage.model_validate_json(content)
    except ValidationError as error:
        wrong = "; ".join(map(what_is_wrong, error.errors()[:5]))
        raise BadModelPackage(f"{path}: {wrong}", REMEDY) from None
    check_fit(folder, manifest, lineage)
    return lineage


def check_fit(folder: Path, manifest: Manifest, lineage: Lineage) -> None:
    """Check that a lineage is of the model that the manifest describes, and of its weights."""
    if (lineage.model, lineage.version) != (manifest.name, manifest.version):
        other = f"{lineage.model} {lineage.version}, not of {manifest.name} {manifest.version}"
        raise BadModelPackage(f"{folder / str(manifest.lineage)} is of {other}", REMEDY)
    if lineage.weights_sha256 != expected_checksum(folder, manifest.sha256):
        raise BadModelPackage(f"{folder / str(manifest.lineage)} is of other weights", REMEDY)


def _read_content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadModelPackage(f"{path}: {error.strerror}", REMEDY) from None
    if len(content) > MAX_BYTES:
        raise BadModelPackage(f"{path} has more than {MAX_BYTES} bytes", REMEDY)
    return content
