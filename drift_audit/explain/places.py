"""Where Git declares what is stuck: the object itself, or the nearest thing above it that anybody wrote.

Drift findings come with the line of their field. Nobody declares what is stuck as such: a Machine is the
MachineDeployment's doing, an AWSMachine the Machine's, and at the end of the way stands the Cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from drift_audit.explain.drift_effects import of_health
from drift_audit.explain.way_up import cluster_of, object_of, way_up
from drift_audit.model.findings import DeclaredAt, Finding
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import Declaration
from drift_audit.model.pairing import Pairing
from drift_audit.model.views import ClusterView


def with_places(
    findings: Iterable[Finding], views: Iterable[ClusterView], pairings: Mapping[str, Pairing]
) -> tuple[Finding, ...]:
    """The findings of health with the place of the declaration that answers for their object, where there is one."""
    known = {view.management_cluster: view for view in views}
    declared: dict[str, Mapping[ObjectKey, Declaration]] = {}

    def placed(finding: Finding) -> Finding:
        name = finding.management_cluster
        if finding.declared_at is not None or not of_health(finding) or name not in pairings:
            return finding
        if name not in declared:
            pairs = pairings[name].pairs
            declared[name] = {pair.key: pair.declaration for pair in pairs if pair.declaration is not None}
        return replace(finding, declared_at=_place(finding, known[name], declared[name]))

    return tuple(map(placed, findings))


def _place(finding: Finding, view: ClusterView, declared: Mapping[ObjectKey, Declaration]) -> DeclaredAt | None:
    """Exact where Git declares the object itself."""
    for step, key in enumerate(way_up(view, object_of(finding), cluster_of(finding))):
        if key in declared:
            found = declared[key].location
            return DeclaredAt(
                repo=found.repo,
                revision=found.revision,
                file=found.file,
                line=found.line,
                exact=found.exact and step == 0,
            )
    return None
