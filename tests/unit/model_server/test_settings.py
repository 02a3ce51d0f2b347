"""What the environment says of images, checked when the server starts."""

from pathlib import Path

import pytest

from inference.backend import BackendSettings, Outputs
from inference.image_limits import ALLOWED_FORMATS, DEFAULT_FORMATS, NotAnImage
from inference.torch_backend import load_torch_backend
from model_server.backends import backend_settings
from model_server.settings import ModelServerSettings
from service.settings import load_settings
from tests.colour_model import colour_image


@pytest.mark.parametrize(
    ("written", "formats"),
    [
        ("JPEG", ("JPEG",)),
        ("jpeg, Tiff", ("JPEG", "TIFF")),
        ("PNG,JPEG,PNG,", ("PNG", "JPEG")),
        (",".join(ALLOWED_FORMATS), ALLOWED_FORMATS),
        ("", DEFAULT_FORMATS),
    ],
)
def test_formats_are_names_between_commas(
    written: str, formats: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any case and order, each once; left empty, the default ones."""
    monkeypatch.setenv("IMAGE_FORMATS", written)
    assert ModelServerSettings().image_formats == formats


@pytest.mark.parametrize("written", ["SVG", "JPEG,PSD", ",", "JPEG PNG", "ICO,", "MPO"])
def test_an_unknown_format_is_refused_with_those_there_are(
    written: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names the variable, and what may be written."""
    monkeypatch.setenv("IMAGE_FORMATS", written)
    with pytest.raises(SystemExit):
        load_settings(ModelServerSettings)
    error = capsys.readouterr().err
    assert error.startswith("IMAGE_FORMATS: ")
    assert "write some of JPEG,PNG,WEBP,AVIF,GIF,BMP,TIFF, separated by commas" in error


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("MAX_IMAGE_PIXELS", "9999"),
        ("MAX_IMAGE_PIXELS", "250000001"),
        ("IMAGE_SECONDS", "0.09"),
        ("IMAGE_SECONDS", "10.1"),
        ("IMAGE_SECONDS", "nan"),
    ],
)
def test_what_is_out_of_bounds_is_named(
    name: str, wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No image could be taken, or one could cost too much."""
    monkeypatch.setenv(name, wrong)
    with pytest.raises(SystemExit):
        load_settings(ModelServerSettings)
    assert capsys.readouterr().err.startswith(f"{name}: ")


def test_they_travel_to_where_images_are_decoded() -> None:
    """The backend has them, whichever it is."""
    settings = ModelServerSettings(max_image_pixels=20_000, image_formats=("GIF",), image_seconds=0.5)
    backend = backend_settings(settings)
    assert (backend.max_pixels, backend.image_formats, backend.image_seconds) == (20_000, ("GIF",), 0.5)


def test_a_format_that_is_off_is_refused_by_the_backend(package_folder: Path) -> None:
    """And one that is on is answered."""
    backend = load_torch_backend(BackendSettings(package_folder, image_formats=("PNG",)))
    jpeg, png = backend.predict([colour_image("red", "JPEG"), colour_image("red", "PNG")]).items
    assert isinstance(jpeg, NotAnImage)
    assert isinstance(png, Outputs)
