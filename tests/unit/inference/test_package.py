"""A model package is verified before anything of it is used."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from inference.checksum import sha256_of, write_checksum
from inference.identity import identify
from inference.loaded_model import LoadedModel
from inference.manifest import BadModelPackage, read_manifest
from inference.package import load_model_package, load_without_reference
from inference.reference import write_reference
from tests.tensor_model import write_regressor

FILES = [
    "model.toml",
    "network.py",
    "artifacts/weights.safetensors",
    "artifacts/weights.sha256",
    "artifacts/reference.safetensors",
    "artifacts/reference.sha256",
]
EMBEDDINGS = np.random.default_rng(1).random((60, 3), np.float32)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def use_weights(folder: Path, name: str) -> None:
    edit(folder / "model.toml", "artifacts/weights.safetensors", f"artifacts/{name}")
    digest = hashlib.sha256((folder / "artifacts" / name).read_bytes()).hexdigest()
    edit(folder / "model.toml", "artifacts/weights.sha256", digest)
    write_reference(folder, read_manifest(folder), digest, EMBEDDINGS)


class Trap:
    """Does harm when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_whole_package_loads(package_folder: Path) -> None:
    """The package knows its checksum, its classes, and a network ready to answer."""
    package = load_model_package(package_folder)
    assert package.manifest.classes == ("red", "green", "blue")
    assert package.weights_sha256 in (package_folder / "artifacts/weights.sha256").read_text()
    assert not package.network.training


def test_a_state_dict_in_a_pt_file_loads(package_folder: Path) -> None:
    """Weights saved with torch.save serve as well, and the checksum may stand in the manifest itself."""
    torch.save({"scale.weight": torch.eye(3)}, package_folder / "artifacts/weights.pt")
    use_weights(package_folder, "weights.pt")
    assert load_model_package(package_folder).manifest.weights == "artifacts/weights.pt"


def test_a_pickle_is_never_executed(package_folder: Path, tmp_path: Path) -> None:
    """A hostile .pt with the right checksum is refused, and its code does not run."""
    harm = tmp_path / "harm"
    torch.save({"scale.weight": Trap(harm)}, package_folder / "artifacts/weights.pt")
    use_weights(package_folder, "weights.pt")
    with pytest.raises(BadModelPackage, match="read safely"):
        load_model_package(package_folder)
    assert not harm.exists()


def test_changed_weights_are_refused_unread(package_folder: Path) -> None:
    """Another checksum than the manifest's: nothing is loaded."""
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


@pytest.mark.parametrize("field", ["network", "weights", "sha256", "reference", "reference_sha256"])
@pytest.mark.parametrize("path", ["/dev/zero", "../other/file", "artifacts/../../file", "", "a\\u0000b"])
def test_a_file_outside_the_package_is_refused_unread(package_folder: Path, field: str, path: str) -> None:
    named = path + ".py:Network" if field == "network" else path
    lines = (package_folder / "model.toml").read_text().splitlines()
    changed = [f'{field} = "{named}"' if line.startswith(f"{field} ") else line for line in lines]
    (package_folder / "model.toml").write_text("\n".join(changed))
    with pytest.raises(BadModelPackage, match=rf"model.toml: {field}: .*(inside the package|should match)"):
        read_manifest(package_folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_refused_unread(package_folder: Path, name: str, kind: str) -> None:
    """A pipe, which would be waited for, and a device without an end, which would be read into memory."""
    path = package_folder / name
    path.unlink()
    make = {"pipe": os.mkfifo, "device": lambda path: path.symlink_to("/dev/zero"), "folder": os.mkdir}
    make[kind](path)
    with pytest.raises(BadModelPackage, match=f"{name} is not a file"):
        identify(package_folder)


@pytest.mark.parametrize("name", FILES)
def test_a_link_out_of_the_package_is_refused(package_folder: Path, tmp_path: Path, name: str) -> None:
    """A package is whole in its own folder: what lies elsewhere changes, or is not there, without a word."""
    elsewhere = tmp_path / "elsewhere"
    (package_folder / name).rename(elsewhere)
    (package_folder / name).symlink_to(elsewhere)
    with pytest.raises(BadModelPackage, match=f"{name} leads out of the package, to {elsewhere}: put the"):
        load_model_package(package_folder)


@pytest.mark.parametrize("target", ["../../elsewhere", "/nowhere/at/all"])
def test_a_linked_folder_leads_out_too(package_folder: Path, tmp_path: Path, target: str) -> None:
    """Also relative, and where nothing is there yet: a reference would be written through it."""
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(package_folder / "artifacts")
    (package_folder / "artifacts").symlink_to(target)
    with pytest.raises(BadModelPackage, match="leads out of the package"):
        read_manifest(package_folder)


def test_links_within_the_package_are_followed(package_folder: Path) -> None:
    """As Kubernetes mounts a folder: every file is a link to a folder beside it, which is a link too."""
    for name in ("model.toml", "network.py", "artifacts"):
        (package_folder / "..data_1").mkdir(exist_ok=True)
        (package_folder / name).rename(package_folder / "..data_1" / name)
        (package_folder / name).symlink_to(Path("..data", name))
    (package_folder / "..data").symlink_to("..data_1")
    assert load_model_package(package_folder).sha256


def test_a_package_may_be_a_link_itself(package_folder: Path, tmp_path: Path) -> None:
    """So one link is turned to go from version to version; where `..` leads is the link's target's matter."""
    current = tmp_path / "links" / "current"
    current.parent.mkdir()
    current.symlink_to(package_folder)
    assert load_model_package(current).sha256 == load_model_package(package_folder).sha256


def test_a_link_to_itself_is_refused(package_folder: Path) -> None:
    """With a reason, as all that cannot be read."""
    (package_folder / "network.py").unlink()
    (package_folder / "network.py").symlink_to("network.py")
    with pytest.raises(BadModelPackage, match=r"network\.py"):
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


def put_reference(folder: Path, embeddings: NDArray[np.generic], **metadata: str) -> None:
    """Write a reference with its checksum, whatever is in it."""
    made_with = {"weights_sha256": sha256_of(folder / "artifacts/weights.safetensors")}
    path = folder / "artifacts/reference.safetensors"
    path.write_bytes(save({"embeddings": embeddings}, made_with | metadata))
    write_checksum(path, folder / "artifacts/reference.sha256")


@pytest.mark.parametrize(
    ("embeddings", "metadata", "reason"),
    [
        (EMBEDDINGS[:49], {}, "has 49 rows, not 50 to 5000"),
        (np.repeat(EMBEDDINGS, 100, axis=0), {}, "has 6000 rows"),
        (EMBEDDINGS[0], {}, "not rows of embeddings"),
        (EMBEDDINGS.astype(np.int64), {}, "not rows of embeddings"),
        (np.where(EMBEDDINGS > 0.9, np.float32(np.nan), EMBEDDINGS), {}, "holds NaN"),
        (EMBEDDINGS * np.float32(1e16), {}, "huge values"),
        (
            EMBEDDINGS,
            {"weights_sha256": "0" * 64},
            "made with other weights: run `python download_models",
        ),
        (EMBEDDINGS, {"features": '["red", "green", "blue"]'}, "other features than model.toml: none"),
    ],
)
def test_a_reference_that_cannot_be_this_models_is_refused(
    package_folder: Path, embeddings: NDArray[np.generic], metadata: dict[str, str], reason: str
) -> None:
    """A model is not served with a reference that is out of bounds or another model's."""
    put_reference(package_folder, np.ascontiguousarray(embeddings), **metadata)
    with pytest.raises(BadModelPackage, match=reason):
        load_model_package(package_folder)


def test_a_reference_of_another_width_is_refused(package_folder: Path) -> None:
    """What the network embeds must be comparable with it."""
    put_reference(package_folder, np.ascontiguousarray(EMBEDDINGS[:, :2]))
    with pytest.raises(BadModelPackage, match="rows of 2 values, the embedding has 3: run"):
        LoadedModel(load_model_package(package_folder))


def test_a_reference_with_other_features_is_refused(tmp_path: Path) -> None:
    """Of rows of numbers the columns' names are compared, and their order."""
    folder = write_regressor(tmp_path)
    put_reference(folder, np.ascontiguousarray(EMBEDDINGS[:, :2]), features='["x2", "x1"]')
    with pytest.raises(BadModelPackage, match=r"other features than model.toml: x1, x2"):
        load_model_package(folder)


@pytest.mark.parametrize("damage", ["missing", "changed", "no checksum"])
def test_a_package_without_its_reference_is_refused(package_folder: Path, damage: str) -> None:
    """A model without its reference could drift unseen; the line says what to run."""
    reference, checksum = (package_folder / f"artifacts/reference.{end}" for end in ("safetensors", "sha256"))
    if damage == "missing":
        reference.unlink()
    elif damage == "changed":
        reference.write_bytes(reference.read_bytes()[:-1] + b"x")
    else:
        checksum.unlink()
    reason = {
        "missing": "is missing: run",
        "changed": "refused unread; run",
        "no checksum": "make it: sha256sum",
    }
    with pytest.raises(BadModelPackage, match=reason[damage]):
        load_model_package(package_folder)
    assert load_without_reference(package_folder).manifest.name == "colour"  # so that one can be computed


def test_a_manifest_from_before_references_says_what_to_add(package_folder: Path) -> None:
    """Who has a package of an older version reads which lines are missing and what to run."""
    edit(package_folder / "model.toml", 'reference = "artifacts/reference.safetensors"', "")
    with pytest.raises(BadModelPackage, match=r"reference: Field required; .*python -m inference.reference"):
        read_manifest(package_folder)


@pytest.mark.parametrize("part", ["model.toml", "network.py", "weights.sha256", "reference.sha256"])
def test_whatever_decides_an_answer_changes_the_packages_checksum(package_folder: Path, part: str) -> None:
    """Manifest, network, weights and reference: each is a part of what the package is."""
    before = identify(package_folder).sha256
    assert before == load_model_package(package_folder).sha256
    path = package_folder / part if "sha256" not in part else package_folder / "artifacts" / part
    path.write_text(path.read_text().replace("a", "b") if "sha256" in part else path.read_text() + "\n")
    assert identify(package_folder).sha256 != before


def test_a_checksum_is_the_same_inline_and_in_a_file(package_folder: Path) -> None:
    """A package whose manifest has the digits themselves loads as well."""
    for name in ("weights", "reference"):
        digest = (package_folder / f"artifacts/{name}.sha256").read_text().split()[0]
        edit(package_folder / "model.toml", f"artifacts/{name}.sha256", digest)
        (package_folder / f"artifacts/{name}.sha256").unlink()
    assert load_model_package(package_folder).reference_width == 3


def test_a_package_that_changes_while_it_is_read_is_refused(package_folder: Path) -> None:
    """Half of one package and half of another is served by nobody."""
    manifest = package_folder / "model.toml"
    change = f"import pathlib\npathlib.Path({str(manifest)!r}).write_text({manifest.read_text() + '#'!r})\n"
    edit(package_folder / "network.py", "import torch\n", change + "import torch\n")
    with pytest.raises(BadModelPackage, match="was changed while it was read: try again"):
        load_model_package(package_folder)
