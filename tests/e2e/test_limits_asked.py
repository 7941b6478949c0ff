"""An audit asks AWS about its limits for what does not come to be, and about nothing else."""

from __future__ import annotations

from pathlib import Path

from drift_audit.model.health import Topic
from tests.rig.controllers import INFRA
from tests.rig.fleet import Fleet, Workload
from tests.rig.management_cluster import ManagementCluster
from tests.rig.moto_server import AwsEndpoint


def test_a_machine_that_is_not_well_makes_the_audit_ask_for_its_instance_and_its_load_balancer(
    management_cluster: ManagementCluster, aws_endpoint: AwsEndpoint, tmp_path: Path
) -> None:
    fleet = Fleet(management_cluster, tmp_path, aws_endpoint.url)
    fleet.add(Workload(name="prod-1"))
    fleet.deliver()
    machine = management_cluster.client.list(INFRA, "AWSMachine", fleet.namespace)[0]
    condition = {"type": "InstanceReady", "status": "False", "severity": "Error", "reason": "InstanceStopped"}
    condition |= {"message": "stopped", "lastTransitionTime": "2026-11-01T08:00:00Z"}
    management_cluster.client.status(machine, {"ready": False, "conditions": [condition]})

    views, _ = fleet.audit()

    [cloud] = views.clouds
    asked = {(answer.question.topic, answer.question.object.name) for answer in cloud.answers}
    name = machine["metadata"]["name"]
    about_machine = {(Topic.INSTANCE, name), (Topic.TARGET_HEALTH, name)}
    assert asked == {*about_machine, (Topic.TARGET_HEALTH, "prod-1")}, "it is of the control plane"
    assert [beside.management_cluster for beside in views.suspects] == [management_cluster.name]
