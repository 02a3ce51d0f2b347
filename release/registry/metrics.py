"""What Prometheus is told of the versions: which are where, how good they were, what they were made of."""

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from release.registry.versions import Version, Where

MOST_VERSIONS = 20  # each is some series
LABELS = ("slot", "model", "version", "sha256")


class VersionMetrics(Collector):
    """Shows one listing at a time; of many versions those in the slots and the newest."""

    def __init__(self, registry: CollectorRegistry, slot: str) -> None:
        self._slot = slot
        self._versions: Sequence[Version] = ()
        registry.register(self)

    def show(self, versions: Sequence[Version]) -> None:
        """Show these, the newest first, and no others."""
        self._versions = shown(versions)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return what was shown last."""
        info = GaugeMetricFamily(
            "model_version_info",
            "1: a version that there is, and where: production, candidate, or archive.",
            labels=(*LABELS, "where"),
        )
        created = GaugeMetricFamily(
            "model_version_created_timestamp_seconds",
            "When a version was made, by its lineage.",
            labels=LABELS,
        )
        accuracy = GaugeMetricFamily(
            "model_version_accuracy",
            "The accuracy that a version had on a set of records when it was made, by its lineage.",
            labels=(*LABELS, "set"),
        )
        records = GaugeMetricFamily(
            "model_version_records",
            "How many records the dataset has that a version was trained on, by its lineage.",
            labels=(*LABELS, "dataset"),
        )
        for version in self._versions:
            labels = (self._slot, version.package.model, version.package.version, version.package.sha256)
            for where in version.where:
                info.add_metric((*labels, where), 1)
            if (lineage := version.lineage) is None:
                continue
            created.add_metric(labels, lineage.created_at.timestamp())
            records.add_metric((*labels, lineage.dataset.version), lineage.dataset.size)
            for name, measured in lineage.metrics.items():
                if measured.accuracy is not None:
                    accuracy.add_metric((*labels, name), measured.accuracy)
        yield from (info, created, accuracy, records)


def shown(versions: Sequence[Version]) -> Sequence[Version]:
    """Return those that are in a slot, and the newest of the others: MOST_VERSIONS in all."""
    ranked = sorted(versions, key=lambda one: one.where == (Where.ARCHIVE,))
    return ranked[:MOST_VERSIONS]
