"""An image as it came; only its first bytes are looked at, the workers decode it."""

import io

from inference.image_structure.sniffing import sniff_format
from job_server.inputs.job_input import JobInput
from job_server.inputs.kinds import ARCHIVES
from job_server.inputs.reading import Reading

UNNAMED = "image"


def read_image(file: io.BufferedIOBase, name: str, reading: Reading) -> JobInput:
    """Return the image, or the error of what is too large, or none.

    Raises:
        WrongInputs: 413, the job is too large.
    """
    most = reading.limits.input_bytes
    data = file.read(most + 1)
    reading.take(len(data))
    name = name or UNNAMED
    if len(data) > most:
        return JobInput(name, None, None, f"The file has more than {most} bytes. Send a smaller one.")
    if not data:
        return JobInput(name, None, None, "The file is empty. Send an image.")
    if sniff_format(data) is None:
        what = "a zip" if data.startswith(ARCHIVES) else "no image of a known format"
        return JobInput(
            name, None, None, f"The file is {what}. Send JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF."
        )
    return JobInput(name, None, data)
