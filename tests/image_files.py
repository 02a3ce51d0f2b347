"""Image files as Pillow writes them."""

import io

from PIL import Image

ORIENTATION, TURNED = 0x0112, 6  # of EXIF: the camera was held upright


def encoded(image: Image.Image, format_name: str, **options: object) -> bytes:
    """Return the image as a file of the format."""
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def turned() -> bytes:
    """Return EXIF that says: turn me."""
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    return exif.tobytes()
