"""What Prometheus is told of versions."""

from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

from inference.lineage import Dataset, Lineage, Metrics
from release.lifecycle import Package
from release.registry.metrics import MOST_VERSIONS, VersionMetrics
from release.registry.versions import Version, Where
from tests.lineages import CREATED


def a_version(number: int, *where: Where, has_lineage: bool = True) -> Version:
    """Return a version, the larger its number the newer."""
    sha256 = f"{number:064x}"
    lineage = Lineage(
        model="cnn",
        version=str(number),
        created_at=CREATED + timedelta(hours=number),
        dataset=Dataset(version=f"d{number}", records={"train": {"apple": 3}, "golden": {"lemon": 4}}),
        seed=1,
        metrics={"golden": Metrics(n=9, accuracy=0.5), "values": Metrics(n=9, rmse=0.1)},
        training_seconds=1,
        weights_sha256=sha256,
    )
    package = Package("cnn", str(number), sha256)
    return Version(package, where or (Where.ARCHIVE,), (), lineage if has_lineage else None)


def shown(*versions: Version) -> list[str]:
    """Return the series."""
    registry = CollectorRegistry()
    VersionMetrics(registry, "shared").show(versions)
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_a_version_has_its_places_and_its_figures() -> None:
    """Of its lineage the time, the accuracies, and the dataset with its size."""
    found = dict(line.rsplit(" ", 1) for line in shown(a_version(7, Where.PRODUCTION, Where.CANDIDATE)))
    model, rest = f'model="cnn",sha256="{7:064x}"', 'slot="shared",version="7"'
    created = (CREATED + timedelta(hours=7)).timestamp()
    assert {name: float(value) for name, value in found.items()} == {
        f'model_version_info{{{model},{rest},where="production"}}': 1,
        f'model_version_info{{{model},{rest},where="candidate"}}': 1,
        f"model_version_created_timestamp_seconds{{{model},{rest}}}": created,
        f'model_version_accuracy{{model="cnn",set="golden",sha256="{7:064x}",{rest}}}': 0.5,
        f'model_version_records{{dataset="d7",{model},{rest}}}': 7,
    }


def test_without_a_lineage_it_is_named_all_the_same() -> None:
    """It has no figures."""
    [line] = shown(a_version(1, Where.PRODUCTION, has_lineage=False))
    assert line.startswith("model_version_info{")


def test_of_many_versions_the_newest_are_shown_and_those_in_the_slots() -> None:
    """However old these are: a number of series that nobody's training adds to."""
    archived = [a_version(number) for number in range(50, 0, -1)]
    old = [a_version(0, Where.PRODUCTION, has_lineage=False)]
    found = [line for line in shown(*archived, *old) if line.startswith("model_version_info")]
    assert len(found) == MOST_VERSIONS
    assert any('where="production"' in line for line in found)
    assert all(any(f'version="{number}"' in line for line in found) for number in range(50, 31, -1))
