"""A model package is verified before anything of it is used."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from inference.loaded_model import LoadedModel
from inference.manifest import BadModelPackage
from inference.package import load_model_package


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def use_weights(folder: Path, name: str) -> None:
    edit(folder / "model.toml", "artifacts/weights.safetensors", f"artifacts/{name}")
    digest = hashlib.sha256((folder / "artifacts" / name).read_bytes()).hexdigest()
    edit(folder / "model.toml", "artifacts/weights.sha256", digest)


class Trap:
    """Does harm when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_whole_package_loads(package_folder: Path) -> None:
    """The package knows its hash, its classes, and a network ready to answer."""
    package = load_model_package(package_folder)
    assert package.manifest.classes == ("red", "green", "blue")
    assert package.sha256 in (package_folder / "artifacts/weights.sha256").read_text()
    assert not package.network.training


def test_a_state_dict_in_a_pt_file_loads(package_folder: Path) -> None:
    """Weights saved with torch.save serve as well, and the hash may stand in the manifest itself."""
    torch.save({"scale.weight": torch.eye(3)}, package_folder / "artifacts/weights.pt")
    use_weights(package_folder, "weights.pt")
    assert load_model_package(package_folder).manifest.weights == "artifacts/weights.pt"


def test_a_pickle_is_never_executed(package_folder: Path, tmp_path: Path) -> None:
    """A hostile .pt with the right hash is refused, and its code does not run."""
    harm = tmp_path / "harm"
    torch.save({"scale.weight": Trap(harm)}, package_folder / "artifacts/weights.pt")
    use_weights(package_folder, "weights.pt")
    with pytest.raises(BadModelPackage, match="read safely"):
        load_model_package(package_folder)
    assert not harm.exists()


def test_changed_weights_are_refused_unread(package_folder: Path) -> None:
    """Another hash than the manifest's: nothing is loaded."""
    with (package_folder / "artifacts/weights.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BadModelPackage, match="refused unread"):
        load_model_package(package_folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("model.toml", 'name = "colour"', "name = 3", "name: Input should be a valid string"),
        ("model.toml", 'name = "colour"', "", "name: Field required"),
        ("model.toml", "[image]", "[image", "model.toml"),
        ("model.toml", "size = 16", "size = 16\nsise = 3", "image.sise: Extra inputs"),
        ("model.toml", '"green"', '"red"', "same name"),
        ("model.toml", "network.py:Colour", "network.py:Shape", "has no attribute 'Shape'"),
        ("model.toml", "network.py:Colour", "missing.py:Colour", "missing.py does not exist"),
        ("model.toml", "weights.safetensors", "none.safetensors", "download_models.py"),
        ("network.py", "def embed", "def embedding", "methods embed and head"),
        ("network.py", "nn.Linear(3, 3", "nn.Linear(3, 4", "does not fit"),
        ("network.py", "import torch\n", "import no_such_thing\n", "no_such_thing"),
    ],
)
def test_what_is_wrong_is_named(package_folder: Path, file: str, old: str, new: str, reason: str) -> None:
    """The person who wrote the package reads which part to mend."""
    edit(package_folder / file, old, new)
    with pytest.raises(BadModelPackage, match=reason):
        load_model_package(package_folder)


def test_a_network_that_does_not_answer_is_refused(package_folder: Path) -> None:
    """A loaded model has answered once."""
    edit(package_folder / "model.toml", '"blue"]', '"blue", "white"]')
    with pytest.raises(BadModelPackage, match=r"shape \(1, 3\), not \(1, 4\)"):
        LoadedModel(load_model_package(package_folder))


def test_an_embedding_that_is_no_row_is_refused(package_folder: Path) -> None:
    """After an average pool that nobody flattened, say."""
    edit(
        package_folder / "network.py",
        "return x.mean(dim=(2, 3))",
        "return x.mean(dim=(2, 3))[..., None, None]",
    )
    edit(package_folder / "network.py", "self.scale(z)", "self.scale(z[..., 0, 0])")
    with pytest.raises(BadModelPackage, match="embed answered with shape"):
        LoadedModel(load_model_package(package_folder))
