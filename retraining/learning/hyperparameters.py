"""How a network is trained: `training.toml`."""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class WrongTraining(Exception):
    """`training.toml` cannot be used; the message says where it is wrong."""


class Hyperparameters(BaseModel):
    """How a network is trained; the learning rate is the highest of its cycle."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Literal["production", "scratch"] = "production"
    epochs: int = Field(2, ge=1, le=1000)
    batch_size: int = Field(32, ge=1, le=4096)
    learning_rate: float = Field(1e-3, gt=0, le=1)
    weight_decay: float = Field(1e-2, ge=0, le=1)
    mirror: bool = True
    seed: int = Field(20261, ge=0, le=2**31)


def read_hyperparameters(path: Path) -> Hyperparameters:
    """Return what the file says.

    Raises:
        WrongTraining: it cannot be read, or a line of it is wrong.
    """
    try:
        return Hyperparameters.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongTraining(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise WrongTraining(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
