"""Uploads to try a model server with: mutated images, in bodies and in broken forms."""

from random import Random

from tests.robustness.corpus import hostile_images, small_images
from tests.robustness.mutations import mutate
from tests.robustness.wire import BOUNDARY, file_part, form, form_type, part, request

HOSTILE_SHARE = 0.002  # each may cost a server seconds
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff", "image/avif")
OTHER_TYPES = (
    "application/octet-stream",
    "image/svg+xml",
    "image/",
    "text/plain",
    "",
    "IMAGE/PNG; a=b",
    "*/*",
)


def upload_case(random: Random) -> bytes:
    """Return an image, mostly mutated, as a body or in a form, whose framing may be mutated too."""
    images = hostile_images() if random.random() < HOSTILE_SHARE else small_images()
    image = random.choice(images)
    if random.random() < 0.95:
        image = mutate(random, image)
    declared = random.choice(IMAGE_TYPES if random.random() < 0.9 else OTHER_TYPES)
    if random.random() < 0.4:
        return request("/predict", image, declared)
    parts = [file_part(image, declared) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    body, content_type = form(parts), form_type()
    if random.random() < 0.3:
        body, content_type = broken_form(random, image, body)
    return request("/predict", body, content_type)


def broken_form(random: Random, image: bytes, body: bytes) -> tuple[bytes, str]:
    """Return a form that is framed wrongly or strangely, and its content type."""
    frame = len(body) - len(image)
    name = random.choice((b"file", b"files", b"", b'fi"le', "datei-ä".encode(), b"file" * 500))
    odd_part = part(b'form-data; name="' + name + b'"; filename="' + random.randbytes(8) + b'"', image)
    return random.choice(
        (
            lambda: (mutate(random, body[: frame // 2]) + body[frame // 2 :], form_type()),
            lambda: (mutate(random, body), form_type()),
            lambda: (
                body,
                f"multipart/form-data; boundary={random.choice(('', 'x', BOUNDARY * 20, BOUNDARY[:-1]))}",
            ),
            lambda: (
                body,
                random.choice(("multipart/form-data", "multipart/mixed", "multipart/form-data;;;=")),
            ),
            lambda: (
                body,
                form_type(random.choice(("utf-8", "utf-7", "punycode", "idna", "hex", "no-such", "utf-16"))),
            ),
            lambda: (body.replace(b"\r\n", b"\n"), form_type()),
            lambda: (body[: -random.randint(1, 60)], form_type()),
            lambda: (body + random.randbytes(40), form_type()),
            lambda: (form([odd_part]), form_type(random.choice(("", "latin-1", "utf-16")))),
            lambda: (form([part(b"form-data", image), part(b"attachment", image)]), form_type()),
            lambda: (form([part(b'form-data; name="file"', image)]), form_type()),
            lambda: (form([file_part(image)] * 70), form_type()),
            lambda: (form([b"\r\n" + image]), form_type()),
            lambda: (form([b"A" * 20_000 + b": b\r\n\r\n" + image]), form_type()),
            lambda: (form([]), form_type()),
            lambda: (b"", form_type()),
        )
    )()
