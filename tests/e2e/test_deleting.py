"""A declared Cluster that somebody deletes is told while its finalizers still hold it."""

from __future__ import annotations

from pathlib import Path

from drift_audit.model.findings import Severity, Verdict
from tests.e2e.mutations import NAME, WORKLOAD
from tests.rig.client import reference
from tests.rig.controllers import CORE
from tests.rig.fleet import Fleet
from tests.rig.management_cluster import ManagementCluster
from tests.rig.moto_server import AwsEndpoint


def test_a_cluster_that_is_being_deleted_is_drift(
    management_cluster: ManagementCluster, aws_endpoint: AwsEndpoint, tmp_path: Path
) -> None:
    fleet = Fleet(management_cluster, tmp_path, aws_endpoint.url)
    fleet.add(WORKLOAD)
    fleet.deliver()
    management_cluster.human.delete(reference(CORE, "Cluster", NAME, fleet.namespace))

    _, result = fleet.audit()

    assert result.status == "drift"
    found, late = sorted(result.findings, key=lambda finding: finding.verdict is Verdict.STUCK)
    # Two hours later it is still there: no controller runs here.
    assert (late.rule, late.verdict) == ("stuck.UNEXPLAINED", Verdict.STUCK)
    assert (found.rule, found.verdict, found.severity) == ("git.deleting", Verdict.EDITED_IN_CLUSTER, Severity.HIGH)
    assert found.confidence == "confirmed"
    assert any("cluster.cluster.x-k8s.io" in fact for fact in found.evidence)
