"""Each single change of Git, cluster or cloud surfaces as exactly one cause, and as nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from drift_audit.model.findings import Finding
from drift_audit.model.result import AuditResult
from drift_audit.model.views import View
from tests.e2e.balancer_mutations import BALANCER_EDITS
from tests.e2e.machine_mutations import MACHINE_EDITS
from tests.e2e.mutations import MUTATIONS, Mutation
from tests.e2e.network_mutations import NETWORK_EDITS
from tests.e2e.pools_mutations import POOL_EDITS
from tests.rig.fleet import Fleet
from tests.rig.management_cluster import ManagementCluster
from tests.rig.moto_server import AwsEndpoint

ALL = (*MUTATIONS, *MACHINE_EDITS, *NETWORK_EDITS, *POOL_EDITS, *BALANCER_EDITS)


@pytest.mark.parametrize("mutation", ALL, ids=lambda mutation: mutation.name)
def test_a_mutation_is_exactly_one_cause(
    mutation: Mutation, management_cluster: ManagementCluster, aws_endpoint: AwsEndpoint, tmp_path: Path
) -> None:
    fleet = Fleet(management_cluster, tmp_path, aws_endpoint.url)
    fleet.add(mutation.workload)
    fleet.deliver()
    mutation.act(fleet)

    _, result = fleet.audit()

    assert len(result.causes) == mutation.causes, _told(result)
    assert len(result.findings) == mutation.findings, _told(result)
    lead = max(result.findings, key=lambda finding: (finding.id == result.causes[0].findings[0], finding.severity.rank))
    _holds(mutation, lead, fleet)
    assert [gap for gap in result.coverage.gaps if gap.view != View.EVIDENCE] == []


def _holds(mutation: Mutation, finding: Finding, fleet: Fleet) -> None:
    assert finding.verdict is mutation.verdict, finding
    assert finding.confidence == mutation.confidence, finding
    if mutation.kind:
        assert finding.object is not None and finding.object.kind == mutation.kind
    if mutation.path:
        assert finding.path == mutation.path
    if mutation.actor is not None:
        assert finding.actor is not None and finding.actor.who == mutation.actor
    if mutation.severity is not None:
        assert finding.severity is mutation.severity
    assert mutation.says in finding.reaction
    if mutation.line:
        assert finding.declared_at is not None
        assert mutation.line in _line(fleet, finding)


def _line(fleet: Fleet, finding: Finding) -> str:
    place = finding.declared_at
    assert place is not None
    return fleet.repo.git("show", f"{place.revision}:{place.file}").splitlines()[place.line - 1]


def _told(result: AuditResult) -> str:
    return "\n".join(f"{each.verdict} {each.rule} {each.object} {each.path} {each.values}" for each in result.findings)
