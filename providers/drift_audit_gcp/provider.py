"""The Google Cloud provider: what Cluster API Provider GCP (CAPG) makes of a fleet on Compute Engine.

Google's libraries are imported when the first project is collected, not before.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drift_audit.interfaces import Candidate, Correlation, Fact, Link, Progress, ScopePlan, ScopeRequest, UndoneEdit
from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Finding
from drift_audit.model.keys import ResourceKey
from drift_audit.model.views import CloudScopeView, ClusterView
from drift_audit.provider_kit.field_rows import load_rows
from drift_audit_gcp.compare import compare_links
from drift_audit_gcp.correlate import correlate_fleet
from drift_audit_gcp.families import VOCABULARY
from drift_audit_gcp.fleet import Fleet, read_fleet
from drift_audit_gcp.history.matching import candidates_of
from drift_audit_gcp.kinds import KINDS
from drift_audit_gcp.placing import PROVIDER
from drift_audit_gcp.plan import plan_scopes
from drift_audit_gcp.settings import GcpProject, GcpSettings
from drift_audit_gcp.user_rows import read_user_rows

if TYPE_CHECKING:
    from drift_audit_gcp.session import ProjectSession, Sessions

_FIELDS = Path(__file__).with_name("fields")


class GcpProvider:
    """Implements `drift_audit.interfaces.CloudProvider` and `ChangeHistory`."""

    name = PROVIDER

    @classmethod
    def settings_type(cls) -> type[GcpSettings]:
        return GcpSettings

    def __init__(self, settings: GcpSettings) -> None:
        self._settings = settings
        self._added: dict[tuple[Path, ...], tuple[FieldRow, ...]] = {}
        self._known: tuple[tuple[ClusterView, ...], Fleet] | None = None

    def owns(self, kind: str) -> bool:
        return kind in KINDS

    def plan(self, clusters: Sequence[ClusterView]) -> ScopePlan:
        return plan_scopes(self._fleet(clusters), self._settings)

    def collect(self, request: ScopeRequest, progress: Progress) -> CloudScopeView:
        from drift_audit_gcp.collect import collect_scope
        from drift_audit_gcp.history.operations import with_operations

        session = self._session(request)
        view = collect_scope(session, request, self._settings.page_size, progress)
        return with_operations(session, view, self._settings.history)

    def reread(self, request: ScopeRequest, view: CloudScopeView, suspects: Sequence[ResourceKey]) -> CloudScopeView:
        from drift_audit_gcp.collect import reread_scope

        return reread_scope(self._session(request), request, view, suspects, self._settings.page_size)

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

    def _user_rows(self, files: tuple[Path, ...]) -> tuple[FieldRow, ...]:
        """Read once: an audit judges twice, and must not judge by two states of a file."""
        if files not in self._added:
            self._added[files] = read_user_rows(files, _own_rows())
        return self._added[files]

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

    def candidates(
        self, findings: Sequence[Finding], rows: Sequence[FieldRow], clouds: Sequence[CloudScopeView]
    ) -> Mapping[str, Sequence[Candidate]]:
        return candidates_of(findings, _own(clouds))

    def undone(
        self, rows: Sequence[FieldRow], clouds: Sequence[CloudScopeView], links: Sequence[Link]
    ) -> Sequence[UndoneEdit]:
        """None: an operation tells neither what was written nor what was there before."""
        return ()

    def _fleet(self, clusters: Sequence[ClusterView]) -> Fleet:
        """The fleet in these views, read once as long as they are the very same ones."""
        views = tuple(clusters)
        if self._known is None or not _same(self._known[0], views):
            self._known = views, read_fleet(views)
        return self._known[1]

    @functools.cached_property
    def _sessions(self) -> Sessions:
        from drift_audit_gcp.session import Sessions

        return Sessions(self._settings)

    def _session(self, request: ScopeRequest) -> ProjectSession:
        project = self._settings.project(request.scope.account)
        return self._sessions.of(project or GcpProject(project=request.scope.account))


def _same(left: Sequence[ClusterView], right: Sequence[ClusterView]) -> bool:
    return len(left) == len(right) and all(one is other for one, other in zip(left, right, strict=True))


def _own(clouds: Sequence[CloudScopeView]) -> list[CloudScopeView]:
    return [cloud for cloud in clouds if cloud.scope.provider == PROVIDER]


@functools.cache
def _own_rows() -> tuple[FieldRow, ...]:
    return tuple(row for path in sorted(_FIELDS.glob("*.yaml")) for row in load_rows(path, VOCABULARY))
