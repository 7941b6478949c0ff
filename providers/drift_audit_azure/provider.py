"""The Azure provider: what Cluster API Provider Azure (CAPZ) makes of a fleet.

Azure's SDK is imported when the first scope is collected, not before.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drift_audit.interfaces import Correlation, Fact, Link, Progress, ScopePlan, ScopeRequest
from drift_audit.model.fields import FieldRow
from drift_audit.model.keys import ResourceKey
from drift_audit.model.views import CloudScopeView, ClusterView
from drift_audit_azure.compare import compare_links
from drift_audit_azure.correlate import correlate_fleet
from drift_audit_azure.fieldmap import load_rows
from drift_audit_azure.fleet import Fleet, read_fleet
from drift_audit_azure.kinds import KINDS
from drift_audit_azure.placing import PROVIDER
from drift_audit_azure.plan import plan_scopes
from drift_audit_azure.settings import AzureSettings
from drift_audit_azure.user_rows import read_user_rows

if TYPE_CHECKING:
    from drift_audit_azure.session import Sessions

_FIELDS = Path(__file__).with_name("fields")


class AzureProvider:
    """Implements `drift_audit.interfaces.CloudProvider`."""

    name = PROVIDER

    @classmethod
    def settings_type(cls) -> type[AzureSettings]:
        return AzureSettings

    def __init__(self, settings: AzureSettings) -> None:
        self._settings = settings
        self._added: dict[tuple[Path, ...], tuple[FieldRow, ...]] = {}
        self._known: tuple[tuple[ClusterView, ...], Fleet] | None = None

    def owns(self, kind: str) -> bool:
        return kind in KINDS

    def plan(self, clusters: Sequence[ClusterView]) -> ScopePlan:
        return plan_scopes(self._fleet(clusters), self._settings)

    def collect(self, request: ScopeRequest, progress: Progress) -> CloudScopeView:
        from drift_audit_azure.collect import collect_scope

        return collect_scope(self._sessions.of(request.scope.account), request, self._settings, progress)

    def reread(self, request: ScopeRequest, view: CloudScopeView, suspects: Sequence[ResourceKey]) -> CloudScopeView:
        from drift_audit_azure.collect import reread_scope

        return reread_scope(self._sessions.of(request.scope.account), request, view, suspects)

    def correlate(
        self,
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        now: datetime,
        orphan_min_age: timedelta,
    ) -> Correlation:
        return correlate_fleet(self._fleet(clusters), _own(clouds), orphan_min_age, now)

    def rows(self, files: Sequence[Path] = ()) -> Sequence[FieldRow]:
        return (*_own_rows(), *self._user_rows(tuple(files)))

    def compare(
        self,
        rows: Sequence[FieldRow],
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        links: Sequence[Link],
        *,
        equal_too: bool = False,
    ) -> Sequence[Fact]:
        return tuple(compare_links(rows, self._fleet(clusters), _own(clouds), links, equal_too=equal_too))

    def _user_rows(self, files: tuple[Path, ...]) -> tuple[FieldRow, ...]:
        """Read once: an audit judges twice, and must not judge by two states of a file."""
        if files not in self._added:
            self._added[files] = read_user_rows(files, _own_rows())
        return self._added[files]

    def _fleet(self, clusters: Sequence[ClusterView]) -> Fleet:
        """The fleet in these views, read once as long as they are the very same ones."""
        views = tuple(clusters)
        if self._known is None or not _same(self._known[0], views):
            self._known = views, read_fleet(views)
        return self._known[1]

    @functools.cached_property
    def _sessions(self) -> Sessions:
        from drift_audit_azure.session import Sessions

        return Sessions(self._settings)


def _same(left: Sequence[ClusterView], right: Sequence[ClusterView]) -> bool:
    return len(left) == len(right) and all(one is other for one, other in zip(left, right, strict=True))


def _own(clouds: Sequence[CloudScopeView]) -> list[CloudScopeView]:
    return [cloud for cloud in clouds if cloud.scope.provider == PROVIDER]


@functools.cache
def _own_rows() -> tuple[FieldRow, ...]:
    return tuple(row for path in sorted(_FIELDS.glob("*.yaml")) for row in load_rows(path))
