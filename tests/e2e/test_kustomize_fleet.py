"""A fleet behind a kustomize overlay: as silent as a plain one, and every line is that of the file that decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.client import reference
from tests.rig.controllers import CORE
from tests.rig.fleet import Fleet, Workload
from tests.rig.management_cluster import ManagementCluster
from tests.rig.moto_server import AwsEndpoint

OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../base
patches:
- path: workers.yaml
"""
WORKERS = """\
# How many workers this environment has.
apiVersion: cluster.x-k8s.io/v1beta1
kind: MachineDeployment
metadata:
  name: prod-1-md-0
  namespace: {namespace}
spec:
  replicas: 2
"""


@pytest.fixture
def fleet(management_cluster: ManagementCluster, aws_endpoint: AwsEndpoint, tmp_path: Path) -> Fleet:
    """The plain fleet moved into a base, with the number of workers in a patch of the overlay."""
    fleet = Fleet(management_cluster, tmp_path, aws_endpoint.url)
    fleet.add(Workload(name="prod-1"))
    plain = f"clusters/{fleet.namespace}/prod-1.yaml"
    base = (fleet.repo.path / plain).read_text()
    fleet.repo.commit(
        {
            plain: None,
            "clusters/namespace.yaml": None,
            "base/cluster.yaml": base.replace("replicas: 2", "replicas: 9"),
            "base/namespace.yaml": (fleet.repo.path / "clusters/namespace.yaml").read_text(),
            "base/kustomization.yaml": "resources: [cluster.yaml, namespace.yaml]\n",
            "overlays/prod/kustomization.yaml": OVERLAY,
            "overlays/prod/workers.yaml": WORKERS.format(namespace=fleet.namespace),
        },
        "Move the fleet behind an overlay",
        date=fleet.applied_at,
    )
    fleet.path = "overlays/prod"
    fleet.deliver()
    return fleet


def test_an_untouched_fleet_behind_an_overlay_is_silent(fleet: Fleet) -> None:
    _, result = fleet.audit()

    assert [(finding.title, finding.values) for finding in result.findings] == []
    assert result.status == "in_sync"
    assert "kustomize" in result.views.git[0].renderer


def test_an_edit_of_a_patched_field_points_at_the_patch(fleet: Fleet) -> None:
    target = reference(CORE, "MachineDeployment", "prod-1-md-0", fleet.namespace)
    fleet.management_cluster.human.as_manager("kubectl-edit").merge_patch(target, {"spec": {"replicas": 5}})

    _, result = fleet.audit()

    (finding,) = result.findings
    assert finding.values.git.value == 2
    assert finding.declared_at is not None
    assert (finding.declared_at.file, finding.declared_at.line) == ("overlays/prod/workers.yaml", 8)


def test_an_edit_of_a_field_of_the_base_points_at_the_base(fleet: Fleet) -> None:
    target = reference(CORE, "Cluster", "prod-1", fleet.namespace)
    fleet.management_cluster.human.as_manager("kubectl-edit").merge_patch(
        target, {"metadata": {"labels": {"ccm": "no"}}}
    )

    _, result = fleet.audit()

    (finding,) = result.findings
    place = finding.declared_at
    assert place is not None
    assert place.file == "base/cluster.yaml"
    assert "ccm: external" in (fleet.repo.path / place.file).read_text().splitlines()[place.line - 1]
