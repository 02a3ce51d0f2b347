"""What the versions' routes answer, and their commands read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from release.registry.versions import Version, Where
from release.views import PackageView, View


class VersionView(PackageView):
    """A version, where it is, and what it was made of: null where it does not say so."""

    where: tuple[Where, ...]
    created_at: datetime | None
    lineage: Mapping[str, Any] | None


class VersionsView(View):
    """The versions, the newest first."""

    models: tuple[VersionView, ...]


class CandidateView(View):
    """What was put into the candidate's slot."""

    package: PackageView


def version_view(version: Version) -> VersionView:
    """Return a version as the route answers it."""
    package = version.package
    return VersionView(
        model=package.model,
        version=package.version,
        sha256=package.sha256,
        where=version.where,
        created_at=version.created_at,
        lineage=version.lineage.model_dump(mode="json") if version.lineage else None,
    )
