"""What a job is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class JobInput:
    """One input: `filename` of an image, or `row`, counted from 1; its data, or why it is none.

    Rows are counted through all tables of a job. A whole file that cannot be read has its `filename`.
    """

    filename: str | None
    row: int | None
    data: bytes | None  # an image's bytes as they came; or a row's numbers, float32 little-endian
    error: str | None = None
    label: str | None = (
        None  # of a table's column `label`, where the manifest does not name that as a feature
    )


@dataclass(frozen=True)
class InputLimits:
    """What a job may hold."""

    inputs: int  # most inputs of a job
    input_bytes: int  # most bytes of one image (unpacked) or one line
    unpacked_bytes: int  # most bytes of all of them, unpacked


class WrongInputs(Exception):
    """The job is refused: the message says what is wrong and what to send, `status` is 413, 415 or 422."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status
