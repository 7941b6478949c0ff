"""The AWS provider: instances and security groups of Cluster API Provider AWS (CAPA).

boto3 is imported when the first scope is collected, not before.
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
from drift_audit_aws.compare import compare_links
from drift_audit_aws.correlate import correlate_fleet
from drift_audit_aws.fieldmap import load_rows
from drift_audit_aws.fleet import read_fleet
from drift_audit_aws.plan import PROVIDER, plan_scopes
from drift_audit_aws.settings import AwsAccount, AwsSettings

if TYPE_CHECKING:
    from drift_audit_aws.session import AccountSession, Sessions

_FIELDS = Path(__file__).with_name("fields")

_KINDS = frozenset(
    {
        "AWSCluster",
        "AWSFargateProfile",
        "AWSMachine",
        "AWSMachinePool",
        "AWSManagedCluster",
        "AWSManagedControlPlane",
        "AWSManagedMachinePool",
        "ROSACluster",
        "ROSAControlPlane",
        "ROSAMachinePool",
    }
)
"""Kinds that are AWS's. What of them is not audited yet is a gap of the plan."""


class AwsProvider:
    """Implements `drift_audit.interfaces.CloudProvider`."""

    name = PROVIDER

    @classmethod
    def settings_type(cls) -> type[AwsSettings]:
        return AwsSettings

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings

    def owns(self, kind: str) -> bool:
        return kind in _KINDS

    def plan(self, clusters: Sequence[ClusterView]) -> ScopePlan:
        return plan_scopes(read_fleet(clusters), self._settings)

    def collect(self, request: ScopeRequest, progress: Progress) -> CloudScopeView:
        from drift_audit_aws.collect import collect_scope

        return collect_scope(self._session(request), request, self._settings.page_size, progress)

    def reread(self, request: ScopeRequest, view: CloudScopeView, suspects: Sequence[ResourceKey]) -> CloudScopeView:
        from drift_audit_aws.collect import reread_scope

        return reread_scope(self._session(request), request, view, suspects, self._settings.page_size)

    def correlate(
        self,
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        now: datetime,
        orphan_min_age: timedelta,
    ) -> Correlation:
        return correlate_fleet(read_fleet(clusters), _own(clouds), orphan_min_age, now)

    def rows(self, files: Sequence[Path] = ()) -> Sequence[FieldRow]:
        further = (row for path in files for row in load_rows(path))
        return (*_own_rows(), *(row for row in further if row.kind in _KINDS))

    def compare(
        self,
        rows: Sequence[FieldRow],
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        links: Sequence[Link],
        *,
        equal_too: bool = False,
    ) -> Sequence[Fact]:
        return tuple(compare_links(rows, read_fleet(clusters), _own(clouds), links, equal_too=equal_too))

    @functools.cached_property
    def _sessions(self) -> Sessions:
        from drift_audit_aws.session import Sessions

        return Sessions(self._settings)

    def _session(self, request: ScopeRequest) -> AccountSession:
        account = self._settings.account(request.scope.account)
        return self._sessions.of(account or AwsAccount(account=request.scope.account))


def _own(clouds: Sequence[CloudScopeView]) -> list[CloudScopeView]:
    return [cloud for cloud in clouds if cloud.scope.provider == PROVIDER]


@functools.cache
def _own_rows() -> tuple[FieldRow, ...]:
    return tuple(row for path in sorted(_FIELDS.glob("*.yaml")) for row in load_rows(path))
