"""Who changed something of EKS: from real calls of different callers to the actor of a finding.

The records follow the layout that AWS documents (tests/rig/cloudtrail.py); AWS did not produce them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drift_audit.model.findings import Finding
from drift_audit.model.views import Views
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.integration.aws_callers import ALICE_CONSOLE, BOB_CONSOLE, CAROL_CLI, CONTROLLER
from tests.integration.eks_world import FULL, READERS, EksWorld, eks_world
from tests.integration.test_aws_history import FAST, declared, judged
from tests.rig.cloudtrail import TRAIL
from tests.rig.moto_eks import ADMIN
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, quiet, settings, view

LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)
MALLORY = f"arn:aws:iam::{ACCOUNT}:user/mallory"


@pytest.fixture
def world(aws_endpoint: AwsEndpoint) -> Iterator[EksWorld]:
    with TRAIL.at(LONG_AGO):
        built = eks_world(aws_endpoint, FULL)
    with TRAIL.at(LONG_AGO + timedelta(hours=1)):
        yield built


def findings(world: EksWorld) -> list[Finding]:
    """As a first and a second look give them: nothing is called missing after one."""
    account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
    provider = AwsProvider(settings(account, endpoint_url=world.url, history=FAST))
    cluster = view(world.objects)
    (request,) = provider.plan([cluster]).requests
    cloud = provider.collect(request, quiet)
    named = [each.link.resource for each in world.correlation().absences]
    cloud = provider.reread(request, cloud, [*(found.key for found in cloud.resources.values()), *named])
    result = judged(Views(git=(declared(cluster),), clusters=(cluster,), clouds=(cloud,)))
    return [finding for finding in result.findings if finding.resource is not None]


def backdoor(eks: Any, world: EksWorld) -> None:
    eks.create_access_entry(clusterName=world.name, principalArn=MALLORY)
    eks.associate_access_policy(
        clusterName=world.name, principalArn=MALLORY, policyArn=ADMIN, accessScope={"type": "cluster"}
    )


EDITS: dict[str, Callable[[Any, EksWorld], Any]] = {
    "aws.eks-cluster.endpoint.cidrs": lambda eks, world: eks.update_cluster_config(
        name=world.name, resourcesVpcConfig={"publicAccessCidrs": ["0.0.0.0/0"]}
    ),
    "aws.eks-cluster.access-entries.foreign": backdoor,
    "aws.eks-cluster.addons.undeclared": lambda eks, world: eks.create_addon(clusterName=world.name, addonName="adot"),
    "aws.eks-node-group.max-size": lambda eks, world: eks.update_nodegroup_config(
        clusterName=world.name, nodegroupName="default_ng", scalingConfig={"maxSize": 50}
    ),
    "aws.eks-addon.version": lambda eks, world: eks.update_addon(
        clusterName=world.name, addonName="coredns", addonVersion="v1.11.5-eksbuild.1"
    ),
    "aws.eks-access-entry.policies": lambda eks, world: eks.associate_access_policy(
        clusterName=world.name, principalArn=READERS, policyArn=ADMIN, accessScope={"type": "cluster"}
    ),
    "aws.eks-node-group.tags": lambda eks, world: eks.tag_resource(
        resourceArn=world.part("nodegroup", "default_ng")["nodegroupArn"], tags={"team": "db"}
    ),
}


def test_each_edit_is_laid_at_the_door_of_who_made_it(world: EksWorld, aws_endpoint: AwsEndpoint) -> None:
    callers = [ALICE_CONSOLE, BOB_CONSOLE, CAROL_CLI]
    made = {rule: callers[number % len(callers)] for number, rule in enumerate(EDITS)}
    for rule, edit in EDITS.items():
        edit(made[rule].client(aws_endpoint, "eks"), world)
    controller = CONTROLLER.client(aws_endpoint, "eks")
    controller.update_cluster_config(name=world.name, upgradePolicy={"supportType": "EXTENDED"})

    found = {finding.rule: finding.actor for finding in findings(world)}

    assert found.keys() == made.keys()
    named = {rule: actor.who if actor is not None else "" for rule, actor in found.items()}
    assert named == {rule: who.session for rule, who in made.items()}


def test_who_deleted_a_node_group_is_told(world: EksWorld, aws_endpoint: AwsEndpoint) -> None:
    eks = BOB_CONSOLE.client(aws_endpoint, "eks")
    eks.delete_nodegroup(clusterName=world.name, nodegroupName="default_ng")

    (finding,) = findings(world)

    assert finding.actor is not None and finding.actor.who == BOB_CONSOLE.session
    assert any("eks:DeleteNodegroup" in told for told in finding.evidence)
