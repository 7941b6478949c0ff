"""A management cluster whose core kinds exist as v1beta1 only (Cluster API 1.10), with what Git declares in v1beta1."""

from __future__ import annotations

from pathlib import Path

from drift_audit.model.findings import Verdict
from tests.rig.apiserver import ApiServer
from tests.rig.client import reference
from tests.rig.fleet import Fleet, Workload, declared_objects
from tests.rig.management_cluster import fresh_management_cluster
from tests.rig.manifests import text_of
from tests.rig.moto_server import AwsEndpoint

CORE = "cluster.x-k8s.io/v1beta1"


def test_an_older_management_cluster_is_silent_until_somebody_edits(
    older_api_server: ApiServer, aws_endpoint: AwsEndpoint, tmp_path: Path
) -> None:
    with fresh_management_cluster(older_api_server) as management_cluster:
        fleet = Fleet(management_cluster, tmp_path, aws_endpoint.url, namespace="older")
        workload = Workload(name="old-1")
        objects = declared_objects(workload, fleet.namespace)
        fleet.workloads[workload.name] = workload
        fleet.repo.commit({"clusters/old-1.yaml": text_of(*objects)}, "Declare old-1", date=fleet.applied_at)
        for declared in objects:
            fleet.apply(declared)
        fleet.deliver()

        _, before = fleet.audit()
        deployment = reference(CORE, "MachineDeployment", "old-1-md-0", fleet.namespace)
        management_cluster.human.as_manager("kubectl-edit").merge_patch(deployment, {"spec": {"replicas": 5}})
        _, after = fleet.audit()

        # No controller built the cluster here, and that is what the audit says of it and of its cloud side.
        unbuilt = {Verdict.UNDETERMINED, Verdict.STUCK}
        assert {finding.verdict for finding in before.findings} == unbuilt
        assert not before.complete
        (finding,) = [finding for finding in after.findings if finding.verdict not in unbuilt]
        assert finding.verdict is Verdict.EDITED_IN_CLUSTER
        assert finding.object is not None and finding.object.api_version == CORE
        assert finding.actor is not None and finding.actor.who == "kubectl-edit"
