"""Which projects the fleet lives in, and what of it cannot be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from drift_audit.interfaces import ScopePlan, ScopeRequest
from drift_audit.model.keys import CloudScope, ClusterKey
from drift_audit.model.views import Gap, ScopeStatus, View
from drift_audit_gcp.families import FAMILIES
from drift_audit_gcp.fleet import Fleet
from drift_audit_gcp.placing import PROVIDER, Placements, not_configured, place, scope_of
from drift_audit_gcp.settings import GcpSettings

HOST_PROJECT_HINT = "host-project"
"""Set for projects of which only the network is the fleet's: the host projects of shared VPCs."""

_LATER: tuple[tuple[str, str], ...] = (
    ("GCPMachinePool", "instance templates and managed instance groups are not audited yet"),
    ("GCPManagedCluster", "the network of GKE clusters is not audited yet"),
    ("GCPManagedControlPlane", "GKE control planes are not audited yet"),
    ("GCPManagedMachinePool", "GKE node pools are not audited yet"),
)
"""Kinds that stand for something in Google Cloud which this provider does not read yet. Coverage says so."""


def plan_scopes(fleet: Fleet, settings: GcpSettings) -> ScopePlan:
    """One request per project for all its clusters together, and a gap per cluster without a place."""
    places = place(fleet, settings)
    members: dict[CloudScope, set[ClusterKey]] = {scope_of(entry.project): set() for entry in settings.projects}
    for key, scope in places.placed.items():
        members[scope].add(key)
        host = scope_of(fleet.clusters[key].network_project)
        if host in members:
            members[host].add(key)
    named = _named_ids(fleet)
    return ScopePlan(
        requests=tuple(
            ScopeRequest(
                scope=scope,
                clusters=tuple(sorted(members[scope])),
                hints=_hints(scope, members[scope], named[scope.account], places),
            )
            for scope in sorted(members)
        ),
        gaps=(*_unplaced_gaps(places), *_host_gaps(fleet, places, settings), *_later_gaps(fleet)),
        scope_of=dict(places.placed),
    )


def _hints(
    scope: CloudScope,
    members: set[ClusterKey],
    named: Mapping[str, set[str]],
    places: Placements,
) -> Mapping[str, tuple[str, ...]]:
    hints = {kind: tuple(sorted(ids)) for kind, ids in named.items()}
    if members and all(places.placed[key] != scope for key in members):
        hints[HOST_PROJECT_HINT] = (scope.account,)
    return hints


def _named_ids(fleet: Fleet) -> Mapping[str, Mapping[str, set[str]]]:
    """By project and type, the ids that objects name."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for family in FAMILIES:
        for each in family.names(fleet):
            found[each.project][each.type].add(each.id)
    return found


def _unplaced_gaps(places: Placements) -> Iterator[Gap]:
    for key, unplaced in sorted(places.unplaced.items()):
        yield Gap(
            view=View.CLOUD,
            scope=f"{PROVIDER}/{key}",
            subject=str(key),
            reason=unplaced.reason,
            remedy=unplaced.remedy,
        )


def _host_gaps(fleet: Fleet, places: Placements, settings: GcpSettings) -> Iterator[Gap]:
    for key in sorted(places.placed):
        host = fleet.clusters[key].network_project
        if settings.project(host) is None:
            lacking = not_configured(f"the network of cluster {key.namespace}/{key.name} is in project {host}", host)
            yield Gap(
                view=View.CLOUD,
                scope=f"{PROVIDER}/{key}/network",
                subject=str(key),
                reason=lacking.reason,
                remedy=lacking.remedy,
            )


def _later_gaps(fleet: Fleet) -> Iterator[Gap]:
    for kind, reason in _LATER:
        for management_cluster, found in fleet.of_kind(kind):
            yield Gap(
                view=View.CLOUD,
                scope=f"{PROVIDER}/{management_cluster}/{kind}",
                subject=f"{found.namespace}/{found.name}",
                reason=reason,
                remedy="Compare it by hand until this provider covers it.",
                status=ScopeStatus.SKIPPED,
            )
