"""Small images of every format and variant that Pillow writes: what mutations begin with."""

from collections.abc import Sequence
from functools import cache

from PIL import Image

from tests.hostile_images import bmp, jpeg, png, tiff, webp
from tests.hostile_images.filling import filled
from tests.image_files import encoded, turned
from tests.robustness.traffic import photo

SIZE = (37, 29)
TIFF_COMPRESSIONS = ("tiff_lzw", "tiff_deflate", "packbits", "tiff_jpeg", "tiff_adobe_deflate")


@cache
def small_images() -> Sequence[bytes]:
    """Return ordinary images, a few hundred bytes to a few kilobytes each."""
    grey = Image.effect_noise(SIZE, 80)
    colour = Image.merge("RGB", [grey, grey.transpose(Image.Transpose.ROTATE_180), grey])
    clear = colour.copy()
    clear.putalpha(grey)
    frames = [colour.quantize(16), colour.rotate(90).quantize(16)]
    exif = turned()
    bilevel = grey.convert("1")
    return (
        photo(64, 48),
        encoded(colour, "JPEG", exif=exif, comment=b"a comment", icc_profile=bytes(200)),
        encoded(colour, "JPEG", progressive=True, subsampling=0),
        encoded(colour, "JPEG", restart_marker_blocks=1),
        encoded(grey, "JPEG", quality=30),
        encoded(colour.convert("CMYK"), "JPEG"),
        encoded(colour, "PNG", exif=exif),
        encoded(clear, "PNG", icc_profile=bytes(200)),
        encoded(frames[0], "PNG", transparency=3),
        encoded(bilevel, "PNG"),
        encoded(Image.new("I;16", SIZE, 30000), "PNG"),
        encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        png.png(8, 8, 6, png.png_blank(9, 20, 4), interlaced=True),
        encoded(frames[0], "GIF", transparency=2, comment=b"a comment"),
        encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        encoded(colour, "WEBP", exif=exif),
        encoded(clear, "WEBP", lossless=True),
        encoded(clear, "WEBP", save_all=True, append_images=[clear.rotate(90)]),
        encoded(colour, "BMP"),
        encoded(frames[0], "BMP"),
        encoded(clear, "BMP"),
        encoded(bilevel, "BMP"),
        bmp.bmp(1, (b"\x20\x07\0\0") * 32 + b"\0\1", side=32),
        *(encoded(colour, "TIFF", compression=name) for name in TIFF_COMPRESSIONS),
        *(encoded(bilevel, "TIFF", compression=name) for name in ("group3", "group4", "tiff_ccitt")),
        encoded(clear, "TIFF"),
        encoded(Image.new("I;16B", SIZE, 30000), "TIFF"),
        encoded(Image.new("F", SIZE, 0.5), "TIFF"),
        encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        tiff.tiff_tiled(*SIZE, (16, 16), 3),
        tiff.tiff_tiled(*SIZE, (16, 16), 4, planes=2),
        encoded(colour, "AVIF", speed=10, exif=exif),
        encoded(clear, "AVIF", speed=10),
    )


@cache
def hostile_images() -> Sequence[bytes]:
    """Return images that cost much, each in less than 10 kB."""
    return (
        tiff.tiff_fax3_tall(),
        tiff.tiff_huffman_tall(),
        tiff.tiff_packbits_tall(),
        tiff.tiff_tiled(64, 64, (2048, 2048), 3),
        jpeg.jpeg_arithmetic(),
        jpeg.jpeg_empty_scans(0xC2, 300),
        jpeg.jpeg_empty_scans(0xCA, 20),
        jpeg.jpeg_with(filled(jpeg.segment(0xE1, b"Exif\0\0xx"), 8000)),
        png.png_with(filled(png.chunk(b"tEXt", b"a\0b"), 8000)),
        webp.webp_turned_rgba(),
        encoded(Image.new("RGBA", (2000, 2000)), "AVIF", speed=10),
    )
