"""The untouched fleet is silent: real templates, applied by Flux, reconciled, standing in AWS."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.pools_mutations import POOLED
from tests.rig.client import Json
from tests.rig.fleet import Fleet, Workload
from tests.rig.management_cluster import ManagementCluster
from tests.rig.moto_server import AwsEndpoint


def _beside_the_cluster(namespace: str) -> list[Json]:
    """Built-in kinds, written as people write them: what the API server makes of them looks different."""

    def named(api_version: str, kind: str) -> Json:
        return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "beside", "namespace": namespace}}

    return [
        {**named("v1", "Service"), "spec": {"selector": {"app": "a"}, "ports": [{"port": 80, "targetPort": 8080}]}},
        {**named("v1", "ResourceQuota"), "spec": {"hard": {"cpu": "2000m", "memory": "1024Mi"}}},
        {**named("v1", "ConfigMap"), "data": {"a": "b"}},
    ]


def test_an_untouched_fleet_is_silent(
    management_cluster: ManagementCluster, aws_endpoint: AwsEndpoint, tmp_path: Path
) -> None:
    fleet = Fleet(management_cluster, tmp_path, aws_endpoint.url)
    fleet.add(Workload(name="prod-1", addons=_beside_the_cluster(fleet.namespace)))
    fleet.deliver()

    _, result = fleet.audit()

    assert [(finding.title, finding.values) for finding in result.findings] == []
    assert result.coverage.gaps == ()
    assert result.status == "in_sync"
    assert result.complete


def test_untouched_machine_pools_are_silent(
    management_cluster: ManagementCluster, aws_endpoint: AwsEndpoint, tmp_path: Path
) -> None:
    fleet = Fleet(management_cluster, tmp_path, aws_endpoint.url)
    fleet.add(Workload(name="plain-1", flavour="machinepool", workers=1))
    fleet.add(POOLED)
    fleet.deliver()

    _, result = fleet.audit()

    assert [(finding.title, finding.values) for finding in result.findings] == []
    assert result.coverage.gaps == ()
    assert result.status == "in_sync"
