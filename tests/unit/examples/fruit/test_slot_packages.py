"""`model.toml` is rendered from one description, and never written over a model of the operator's own."""

import tomllib
from pathlib import Path

import pytest

from examples.fruit.slot_packages import SlotPackage, Source, slot_packages
from inference.manifest import read_manifest
from tests.unit.examples.fruit.project import PROJECT, copy_packages

OWN = """
name = "my-model"
version = "1"
classes = ["ripe", "unripe"]
network = "my_network.py:MyNetwork"
weights = "artifacts/my_weights.safetensors"
sha256 = "artifacts/my_weights.sha256"
input = "image"
[image]
size = 64
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
"""


@pytest.fixture
def slot(tmp_path: Path) -> SlotPackage:
    return copy_packages(tmp_path)[1]


@pytest.mark.parametrize("slot", slot_packages(PROJECT), ids=lambda slot: str(slot.name))
def test_the_committed_manifest_is_the_demo_s(slot: SlotPackage) -> None:
    """A fresh clone serves the demo's models, and making them changes no committed file."""
    assert (slot.package / "model.toml").read_text("utf-8") == slot.rendered(Source.DEMO)


@pytest.mark.parametrize("slot", slot_packages(PROJECT), ids=lambda slot: str(slot.name))
@pytest.mark.parametrize("source", Source)
def test_a_rendered_manifest_reads_back(slot: SlotPackage, source: Source) -> None:
    """What is rendered is what the model server reads."""
    assert (
        type(slot.manifests[source]).model_validate(tomllib.loads(slot.rendered(source)))
        == slot.manifests[source]
    )


@pytest.mark.parametrize("slot", slot_packages(PROJECT), ids=lambda slot: str(slot.name))
@pytest.mark.parametrize("source", Source)
def test_a_manifest_names_a_network_that_is_there(slot: SlotPackage, source: Source) -> None:
    """Each source's class stands in the slot's network.py."""
    name = slot.manifests[source].network.split(":")[1]
    assert f"class {name}(nn.Module):" in (slot.package / "network.py").read_text("utf-8")


def test_another_source_is_written_into_the_manifest(slot: SlotPackage) -> None:
    """After `--source published` the slot serves the published weights, and it can go back."""
    for source in (Source.PUBLISHED, Source.DEMO):
        slot.use(source)
        assert read_manifest(slot.package) == slot.manifests[source]


def test_an_absent_manifest_is_written(slot: SlotPackage) -> None:
    """The file can be had again by deleting it."""
    (slot.package / "model.toml").unlink()
    assert slot.manifest_for(Source.DEMO) == slot.manifests[Source.DEMO]
    slot.use(Source.DEMO)
    assert read_manifest(slot.package) == slot.manifests[Source.DEMO]


def test_an_edited_version_is_kept(slot: SlotPackage) -> None:
    """Whoever renames the demo's model or counts its version up keeps that."""
    path = slot.package / "model.toml"
    path.write_text(path.read_text().replace('version = "1"', 'version = "2"'))
    path.chmod(0o444)
    slot.use(Source.DEMO)
    manifest = slot.manifest_for(Source.DEMO)
    assert manifest is not None
    assert manifest.version == "2"


@pytest.mark.parametrize("text", [OWN, "not = toml = at all"])
@pytest.mark.parametrize("source", Source)
def test_a_model_of_one_s_own_is_recognised(slot: SlotPackage, text: str, source: Source) -> None:
    """Neither source is for a slot whose manifest somebody wrote."""
    (slot.package / "model.toml").write_text(text)
    assert slot.manifest_for(source) is None
