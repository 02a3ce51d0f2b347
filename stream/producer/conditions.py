"""How the world is now: how many records come, how far it has drifted, how much of it is wrong."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MOST_PER_SECOND = 1000.0
MOST_RECORDS = 10_000_000
REMEDY = (
    f"Send some of rate (0 to {MOST_PER_SECOND:.0f} records a second), drift, noise and damage (0 to 1) and"
    f" records (1 to {MOST_RECORDS}, or null for no end), such as"
    ' {"rate": 50, "drift": 0.3, "noise": 0, "damage": 0}.'
)

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class BadConditions(Exception):
    """They cannot be had; the message says why and what to do."""


class Conditions(BaseModel):
    """Records a second, the drift, the shares of wrong labels and of damaged records, and how many come."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rate: float = Field(0.0, ge=0, le=MOST_PER_SECOND, allow_inf_nan=False)
    drift: Share = 0.0
    noise: Share = 0.0
    damage: Share = 0.0
    records: int | None = Field(None, ge=1, le=MOST_RECORDS)

    def changed(self, text: bytes) -> "Conditions":
        """Return these with the members of a JSON object in place of their own.

        Raises:
            BadConditions: it has other members or values than there are.
        """
        try:
            change = Conditions.model_validate_json(text)
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, one['loc'])) or 'the body'}: {one['msg']}" for one in error.errors()[:3]
            ]
            raise BadConditions(f"{'; '.join(faults)}. {REMEDY}") from None
        return self.model_copy(update=change.model_dump(exclude_unset=True))

    def after_one(self) -> "Conditions":
        """Return how the world is when one record more was made: after the last one none comes."""
        if self.records is None:
            return self
        if self.records == 1:
            return self.model_copy(update={"rate": 0.0, "records": None})
        return self.model_copy(update={"records": self.records - 1})
