"""The untouched fleet is silent: real templates, applied by Flux, reconciled, standing in AWS."""

from __future__ import annotations

from pathlib import Path

from tests.rig.fleet import Fleet, Workload
from tests.rig.management_cluster import ManagementCluster
from tests.rig.moto_server import AwsEndpoint


def test_an_untouched_fleet_is_silent(
    management_cluster: ManagementCluster, aws_endpoint: AwsEndpoint, tmp_path: Path
) -> None:
    fleet = Fleet(management_cluster, tmp_path, aws_endpoint.url)
    fleet.add(Workload(name="prod-1"))
    fleet.deliver()

    _, result = fleet.audit()

    for f in result.findings:
        print(f.verdict, f.rule, f.severity, f.object, f.path, f.values, f.actor)
    for g in result.coverage.gaps:
        print("GAP", g)
    assert [finding.title for finding in result.findings] == []
    assert result.coverage.gaps == ()
    assert result.status == "in_sync"
    assert result.complete
