"""What was counted of the stream, and how far: one file, so that neither is ever without the other."""

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inference.moments import MomentsState
from service import durable

logger = logging.getLogger(__name__)


class State(BaseModel):
    """The moments of a package's features, the records seen, and where to read on in each source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str
    features: tuple[str, ...]
    moments: MomentsState
    seen: int = Field(ge=0)
    next_positions: dict[str, int]


class StateFile:
    """The file; what cannot be read is begun anew."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, package: str) -> State | None:
        """Return what was kept of this package's features, None where that is nothing."""
        try:
            state = State.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            logger.warning("the statistics begin anew: %s cannot be read: %s", self._path, error)
            return None
        return state if state.package == package else None

    def write(self, state: State) -> None:
        """Keep the state; OSError where it cannot be."""
        durable.make_folder(self._path.parent)
        durable.write(self._path, state.model_dump_json().encode())
