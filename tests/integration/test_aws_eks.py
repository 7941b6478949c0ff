"""EKS as CAPA builds it is silent; one change of a cluster or of one of its parts is one fact.

Real calls over HTTP to moto's server, which `tests.rig.moto_eks` teaches EKS. The cluster is built once; what a test
changes of EKS is put back after it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import Severity
from drift_audit_aws.provider import AwsProvider
from tests.integration.eks_world import ADMINS, FULL, PLAIN, READERS, EksWorld, eks_world
from tests.rig.aws_network import CCM, ROLE, TAG
from tests.rig.moto_eks import ADDONS, ADMIN, ENTRIES, FARGATE, NODE_GROUPS, PROVIDERS, eks_store
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION, changed, replaced, settings

REVERTED, IGNORED, BREAKS = ReactionKind.REVERTED, ReactionKind.IGNORED, ReactionKind.BREAKS
CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW
MALLORY = f"arn:aws:iam::{ACCOUNT}:user/mallory"


@pytest.fixture(scope="module")
def built(moto_endpoint: AwsEndpoint) -> Iterator[EksWorld]:
    moto_endpoint.reset()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in moto_endpoint.environment.items():
            patch.setenv(name, value)
        yield eks_world(moto_endpoint, FULL)


@pytest.fixture
def world(built: EksWorld) -> Iterator[EksWorld]:
    store = eks_store(ACCOUNT, REGION)
    before = copy.deepcopy(store)
    yield built
    store.clear()
    store.update(before)


def test_a_plain_cluster_that_nobody_touched_is_silent(aws_endpoint: AwsEndpoint) -> None:
    plain = eks_world(aws_endpoint, PLAIN)

    assert plain.facts() == ()
    assert nothing_said(plain)


def nothing_said(world: EksWorld) -> bool:
    """True when everything was found, and nothing is left over or in doubt, today or tomorrow."""
    said = world.correlation(later=timedelta(days=1))
    return (said.absences, said.leftovers, said.gaps, said.undecided) == ((), (), (), ())


@dataclass(frozen=True, slots=True)
class Flip:
    """One change, and the fact that it makes."""

    rule: str
    act: Callable[[EksWorld], Any]
    path: str
    severity: Severity
    reaction: ReactionKind
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.rule


def config(**change: Any) -> Callable[[EksWorld], Any]:
    return lambda world: world.eks.update_cluster_config(name=world.name, **change)


def vpc(**change: Any) -> Callable[[EksWorld], Any]:
    return config(resourcesVpcConfig=change)


def logs(kind: str, *, enabled: bool) -> Callable[[EksWorld], Any]:
    return config(logging={"clusterLogging": [{"types": [kind], "enabled": enabled}]})


def answer(**change: Any) -> Callable[[EksWorld], Any]:
    """For what no call of EKS can change on a cluster that stands."""
    return lambda world: world.answer().update(change)


def network(**change: Any) -> Callable[[EksWorld], Any]:
    return lambda world: world.answer()["resourcesVpcConfig"].update(change)


def part(kind: str, part_name: str, **change: Any) -> Callable[[EksWorld], Any]:
    """The same for a part of the cluster."""
    return lambda world: world.part(kind, part_name).update(change)


def tagged(item: Callable[[EksWorld], Any], **tags: str) -> Callable[[EksWorld], Any]:
    return lambda world: world.eks.tag_resource(resourceArn=arn_of(item(world)), tags=tags)


def untagged(item: Callable[[EksWorld], Any], key: str) -> Callable[[EksWorld], Any]:
    return lambda world: world.eks.untag_resource(resourceArn=arn_of(item(world)), tagKeys=[key])


def arn_of(item: dict[str, Any]) -> str:
    names = ("arn", "nodegroupArn", "fargateProfileArn", "addonArn", "accessEntryArn")
    return next(str(item[name]) for name in names if name in item)


def cluster(world: EksWorld) -> Any:
    return world.answer()


def ng(world: EksWorld) -> Any:
    return world.part(NODE_GROUPS, "default_ng")


def fp(world: EksWorld) -> Any:
    return world.part(FARGATE, "default_fp")


def coredns(world: EksWorld) -> Any:
    return world.part(ADDONS, "coredns")


def admins(world: EksWorld) -> Any:
    return world.part(ENTRIES, ADMINS)


def group(**change: Any) -> Callable[[EksWorld], Any]:
    return lambda world: world.eks.update_nodegroup_config(clusterName=world.name, nodegroupName="default_ng", **change)


def rolled(**change: Any) -> Callable[[EksWorld], Any]:
    return lambda world: world.eks.update_nodegroup_version(
        clusterName=world.name, nodegroupName="default_ng", **change
    )


def addon(name: str, **change: Any) -> Callable[[EksWorld], Any]:
    return lambda world: world.eks.update_addon(clusterName=world.name, addonName=name, **change)


def backdoor(world: EksWorld) -> None:
    world.eks.create_access_entry(clusterName=world.name, principalArn=MALLORY)
    scope = {"type": "cluster"}
    world.eks.associate_access_policy(clusterName=world.name, principalArn=MALLORY, policyArn=ADMIN, accessScope=scope)


def forgotten(world: EksWorld) -> None:
    tags = {CCM + world.spec.name: "owned"}
    world.eks.create_access_entry(clusterName=world.name, principalArn=MALLORY, kubernetesGroups=["viewers"], tags=tags)


def widened(world: EksWorld) -> None:
    scope = {"type": "cluster"}
    world.eks.associate_access_policy(clusterName=world.name, principalArn=READERS, policyArn=ADMIN, accessScope=scope)


ISSUES = {"issues": [{"code": "Ec2SubnetNotFound", "message": "The subnet is gone", "resourceIds": ["subnet-1"]}]}
OTHER_KEY = [{"provider": {"keyArn": "arn:aws:kms:x:1:key/2"}, "resources": ["secrets"]}]

FLIPS = (
    Flip("aws.eks-cluster.trouble", answer(health=ISSUES), "eks.health", HIGH, IGNORED),
    Flip("aws.eks-cluster.trouble", answer(status="FAILED"), "eks.health", HIGH, IGNORED, "a failed cluster"),
    Flip("aws.eks-cluster.version", answer(version="1.30"), "spec.version", HIGH, REVERTED),
    Flip(
        "aws.eks-cluster.version.ahead",
        lambda world: world.eks.update_cluster_version(name=world.name, version="1.32"),
        "spec.version",
        HIGH,
        IGNORED,
    ),
    Flip("aws.eks-cluster.role", answer(roleArn="arn:aws:iam::1:role/x"), "spec.roleName", HIGH, IGNORED),
    Flip("aws.eks-cluster.vpc", network(vpcId="vpc-x"), "spec.network.vpc.id", CRITICAL, IGNORED),
    Flip(
        "aws.eks-cluster.subnets",
        network(subnetIds=["subnet-x"]),
        "spec.network.subnets[subnet-x]",
        MEDIUM,
        IGNORED,
    ),
    Flip(
        "aws.eks-cluster.security-groups",
        network(securityGroupIds=["sg-x"]),
        "status.networkStatus.securityGroups.node-eks-additional.id",
        HIGH,
        IGNORED,
    ),
    Flip(
        "aws.eks-cluster.endpoint.public",
        vpc(endpointPublicAccess=False),
        "spec.endpointAccess.public",
        CRITICAL,
        REVERTED,
    ),
    Flip(
        "aws.eks-cluster.endpoint.private",
        vpc(endpointPrivateAccess=False),
        "spec.endpointAccess.private",
        CRITICAL,
        REVERTED,
    ),
    Flip(
        "aws.eks-cluster.endpoint.cidrs",
        vpc(publicAccessCidrs=["0.0.0.0/0"]),
        "spec.endpointAccess.publicCIDRs",
        CRITICAL,
        REVERTED,
    ),
    Flip("aws.eks-cluster.logging", logs("audit", enabled=False), "spec.logging.audit", HIGH, REVERTED),
    Flip(
        "aws.eks-cluster.logging",
        logs("scheduler", enabled=True),
        "spec.logging.scheduler",
        HIGH,
        REVERTED,
        "more logs",
    ),
    Flip(
        "aws.eks-cluster.encryption.missing", answer(encryptionConfig=[]), "spec.encryptionConfig", CRITICAL, REVERTED
    ),
    Flip(
        "aws.eks-cluster.encryption.other",
        answer(encryptionConfig=OTHER_KEY),
        "spec.encryptionConfig",
        CRITICAL,
        BREAKS,
    ),
    Flip(
        "aws.eks-cluster.authentication.ahead",
        config(accessConfig={"authenticationMode": "API"}),
        "spec.accessConfig.authenticationMode",
        CRITICAL,
        BREAKS,
    ),
    Flip("aws.eks-cluster.access-entries.foreign", backdoor, f"spec.accessEntries[{MALLORY}]", CRITICAL, IGNORED),
    Flip("aws.eks-cluster.access-entries.undeclared", forgotten, f"spec.accessEntries[{MALLORY}]", HIGH, REVERTED),
    Flip(
        "aws.eks-cluster.addons.undeclared",
        lambda world: world.eks.create_addon(clusterName=world.name, addonName="adot"),
        "spec.addons[adot]",
        HIGH,
        REVERTED,
    ),
    Flip(
        "aws.eks-cluster.upgrade-policy",
        config(upgradePolicy={"supportType": "STANDARD"}),
        "spec.upgradePolicy",
        MEDIUM,
        REVERTED,
    ),
    Flip("aws.eks-cluster.deletion-protection", config(deletionProtection=True), "deletionProtection", LOW, BREAKS),
    Flip(
        "aws.eks-cluster.more",
        config(zonalShiftConfig={"enabled": True}),
        "eks.zonalShiftConfig",
        MEDIUM,
        IGNORED,
    ),
    Flip("aws.eks-cluster.tag.owned", untagged(cluster, TAG + "default_e1-cp"), "tags[cluster]", MEDIUM, REVERTED),
    Flip("aws.eks-cluster.tag.name", tagged(cluster, Name="x"), "tags[Name]", LOW, REVERTED),
    Flip("aws.eks-cluster.tag.role", untagged(cluster, ROLE), "tags[role]", LOW, REVERTED),
    Flip(
        "aws.eks-cluster.tags",
        tagged(cluster, **{"cost-centre": "7"}),
        "spec.additionalTags.cost-centre",
        LOW,
        REVERTED,
    ),
    Flip(
        "aws.eks-cluster.tag.cloud-provider",
        untagged(cluster, CCM + "default_e1-cp"),
        "tags[cloud-provider]",
        HIGH,
        IGNORED,
    ),
    Flip(
        "aws.eks-identity-provider.claims",
        part(PROVIDERS, "dex", groupsClaim="roles"),
        "spec.oidcIdentityProviderConfig.groupsClaim",
        CRITICAL,
        REVERTED,
    ),
    Flip(
        "aws.eks-addon.trouble", part(ADDONS, "coredns", status="DEGRADED", health=ISSUES), "eks.health", HIGH, IGNORED
    ),
    Flip(
        "aws.eks-addon.version",
        addon("coredns", addonVersion="v1.11.5-eksbuild.1"),
        "spec.addons[name=coredns].version",
        HIGH,
        REVERTED,
    ),
    Flip(
        "aws.eks-addon.role",
        addon("vpc-cni", serviceAccountRoleArn="arn:aws:iam::1:role/admin"),
        "spec.addons[name=vpc-cni].serviceAccountRoleARN",
        HIGH,
        REVERTED,
    ),
    Flip(
        "aws.eks-addon.role",
        addon("coredns", serviceAccountRoleArn="arn:aws:iam::1:role/admin"),
        "spec.addons[name=coredns].serviceAccountRoleARN",
        HIGH,
        IGNORED,
        "a role for an add-on that has none",
    ),
    Flip(
        "aws.eks-addon.configuration",
        addon("vpc-cni", configurationValues='{"env": {"WARM_IP_TARGET": "9"}}'),
        "spec.addons[name=vpc-cni].configuration",
        HIGH,
        REVERTED,
    ),
    Flip("aws.eks-addon.tag.cloud-provider", untagged(coredns, CCM + "e1"), "tags[cloud-provider]", LOW, REVERTED),
    Flip("aws.eks-addon.tags", untagged(coredns, "cost-centre"), "spec.additionalTags.cost-centre", LOW, REVERTED),
    Flip(
        "aws.eks-access-entry.type",
        part(ENTRIES, ADMINS, type="EC2_LINUX"),
        f"spec.accessEntries[principalARN={ADMINS}].type",
        HIGH,
        REVERTED,
    ),
    Flip(
        "aws.eks-access-entry.username",
        part(ENTRIES, ADMINS, username="root"),
        f"spec.accessEntries[principalARN={ADMINS}].username",
        HIGH,
        REVERTED,
    ),
    Flip(
        "aws.eks-access-entry.groups",
        part(ENTRIES, ADMINS, kubernetesGroups=["admins", "system:masters"]),
        f"spec.accessEntries[principalARN={ADMINS}].kubernetesGroups",
        CRITICAL,
        REVERTED,
    ),
    Flip(
        "aws.eks-access-entry.policies",
        widened,
        f"spec.accessEntries[principalARN={READERS}].accessPolicies",
        CRITICAL,
        REVERTED,
    ),
    Flip("aws.eks-access-entry.tag.cloud-provider", untagged(admins, CCM + "e1"), "tags[cloud-provider]", HIGH, BREAKS),
    Flip("aws.eks-node-group.trouble", part(NODE_GROUPS, "default_ng", status="DEGRADED"), "eks.health", HIGH, BREAKS),
    Flip("aws.eks-node-group.desired-size", group(scalingConfig={"desiredSize": 4}), "spec.replicas", MEDIUM, REVERTED),
    Flip("aws.eks-node-group.min-size", group(scalingConfig={"minSize": 2}), "spec.scaling.minSize", HIGH, REVERTED),
    Flip("aws.eks-node-group.max-size", group(scalingConfig={"maxSize": 50}), "spec.scaling.maxSize", HIGH, REVERTED),
    Flip(
        "aws.eks-node-group.labels",
        group(labels={"addOrUpdateLabels": {"tier": "db"}}),
        "spec.labels.tier",
        MEDIUM,
        REVERTED,
    ),
    Flip(
        "aws.eks-node-group.labels",
        group(labels={"addOrUpdateLabels": {"more": "x"}}),
        "spec.labels.more",
        MEDIUM,
        REVERTED,
        "a further label",
    ),
    Flip(
        "aws.eks-node-group.taints",
        group(taints={"removeTaints": [{"key": "dedicated", "value": "web", "effect": "NO_SCHEDULE"}]}),
        "spec.taints",
        MEDIUM,
        REVERTED,
    ),
    Flip(
        "aws.eks-node-group.update-config",
        group(updateConfig={"maxUnavailable": 9}),
        "spec.updateConfig",
        LOW,
        REVERTED,
    ),
    Flip(
        "aws.eks-node-group.repair",
        group(nodeRepairConfig={"enabled": False}),
        "spec.nodeRepairConfig.enabled",
        LOW,
        REVERTED,
    ),
    Flip("aws.eks-node-group.version", rolled(version="1.30"), "spec.template.spec.version", HIGH, REVERTED),
    Flip("aws.eks-node-group.version.ahead", rolled(version="1.32"), "spec.template.spec.version", HIGH, IGNORED),
    Flip("aws.eks-node-group.release", rolled(releaseVersion="1.31.9-20261102"), "spec.amiVersion", MEDIUM, REVERTED),
    Flip(
        "aws.eks-node-group.image-type",
        part(NODE_GROUPS, "default_ng", amiType="AL2_x86_64"),
        "spec.amiType",
        HIGH,
        IGNORED,
    ),
    Flip(
        "aws.eks-node-group.instance-types",
        part(NODE_GROUPS, "default_ng", instanceTypes=["t3.nano"]),
        "spec.instanceType",
        HIGH,
        IGNORED,
    ),
    Flip(
        "aws.eks-node-group.capacity",
        part(NODE_GROUPS, "default_ng", capacityType="ON_DEMAND"),
        "spec.capacityType",
        HIGH,
        IGNORED,
    ),
    Flip("aws.eks-node-group.disk", part(NODE_GROUPS, "default_ng", diskSize=20), "spec.diskSize", MEDIUM, IGNORED),
    Flip(
        "aws.eks-node-group.subnets",
        part(NODE_GROUPS, "default_lt", subnets=["subnet-x"]),
        "spec.subnetIDs",
        HIGH,
        IGNORED,
    ),
    Flip(
        "aws.eks-node-group.role",
        part(NODE_GROUPS, "default_ng", nodeRole="arn:aws:iam::1:role/admin"),
        "spec.roleName",
        CRITICAL,
        IGNORED,
    ),
    Flip(
        "aws.eks-node-group.remote-access.key",
        lambda world: ng(world)["remoteAccess"].update(ec2SshKey="mallory"),
        "spec.remoteAccess.sshKeyName",
        CRITICAL,
        IGNORED,
    ),
    Flip(
        "aws.eks-node-group.remote-access.sources",
        lambda world: ng(world)["remoteAccess"].update(sourceSecurityGroups=[]),
        "spec.remoteAccess.sourceSecurityGroups",
        CRITICAL,
        IGNORED,
    ),
    Flip(
        "aws.eks-node-group.launch-template",
        lambda world: world.part(NODE_GROUPS, "default_lt")["launchTemplate"].update(id="lt-x"),
        "status.launchTemplateID",
        CRITICAL,
        IGNORED,
    ),
    Flip(
        "aws.eks-node-group.launch-template-version",
        lambda world: world.part(NODE_GROUPS, "default_lt")["launchTemplate"].update(version="7"),
        "status.launchTemplateVersion",
        HIGH,
        REVERTED,
    ),
    Flip("aws.eks-node-group.tag.cloud-provider", untagged(ng, CCM + "e1"), "tags[cloud-provider]", CRITICAL, BREAKS),
    Flip("aws.eks-node-group.tags", tagged(ng, team="db"), "tags.team", MEDIUM, REVERTED),
    Flip("aws.eks-node-group.tags", tagged(ng, more="x"), "tags.more", MEDIUM, REVERTED, "a further tag"),
    Flip(
        "aws.eks-fargate-profile.trouble",
        part(FARGATE, "default_fp", status="CREATE_FAILED"),
        "eks.health",
        HIGH,
        IGNORED,
    ),
    Flip(
        "aws.eks-fargate-profile.role",
        part(FARGATE, "default_fp", podExecutionRoleArn="arn:aws:iam::1:role/admin"),
        "spec.roleName",
        HIGH,
        IGNORED,
    ),
    Flip(
        "aws.eks-fargate-profile.subnets",
        part(FARGATE, "default_fp", subnets=["subnet-x"]),
        "spec.subnetIDs",
        HIGH,
        IGNORED,
    ),
    Flip(
        "aws.eks-fargate-profile.selectors",
        part(FARGATE, "default_fp", selectors=[{"namespace": "kube-system"}]),
        "spec.selectors",
        HIGH,
        IGNORED,
    ),
    Flip("aws.eks-fargate-profile.tag.cloud-provider", untagged(fp, CCM + "e1"), "tags[cloud-provider]", HIGH, BREAKS),
    Flip("aws.eks-fargate-profile.tags", tagged(fp, more="x"), "tags.more", MEDIUM, REVERTED),
)

ELSEWHERE = {
    "aws.eks-cluster.version.forced",
    "aws.eks-cluster.authentication",
    "aws.eks-cluster.identity-provider.undeclared",
    "aws.eks-cluster.service-cidr",
    "aws.eks-node-group.template-version-made",
}
"""Rows that take another spec than that of the common world; they have tests of their own."""


@pytest.mark.parametrize("flip", FLIPS, ids=str)
def test_one_change_is_one_fact(world: EksWorld, flip: Flip) -> None:
    flip.act(world)

    (fact,) = world.facts()

    assert (fact.row.id, fact.path) == (flip.rule, flip.path)
    assert (fact.severity or fact.row.severity, fact.row.reaction.kind) == (flip.severity, flip.reaction)


def test_nothing_is_told_of_a_cluster_left_alone(world: EksWorld) -> None:
    assert world.facts() == ()
    assert nothing_said(world)


def test_every_row_about_eks_is_flipped_by_a_test() -> None:
    kinds = ("AWSManagedControlPlane", "AWSManagedMachinePool", "AWSFargateProfile")
    rows = {row.id for row in AwsProvider(settings()).rows() if row.kind in kinds and row.resource.startswith("eks")}

    assert {flip.rule for flip in FLIPS} == rows - ELSEWHERE


def test_an_upgrade_that_support_forced_stops_cluster_api(world: EksWorld) -> None:
    world.eks.update_cluster_version(name=world.name, version="1.32")
    world.eks.update_cluster_config(name=world.name, upgradePolicy={"supportType": "STANDARD"})
    standard = changed(world.control_plane(), spec={"upgradePolicy": "standard"})

    (fact,) = world.facts(replaced(world.objects, standard))

    assert (fact.row.id, fact.row.reaction.kind) == ("aws.eks-cluster.version.forced", BREAKS)


def test_a_mode_of_authentication_that_lags_behind_is_put_right(world: EksWorld) -> None:
    api = changed(world.control_plane(), spec={"accessConfig": {"authenticationMode": "api"}})

    (fact,) = world.facts(replaced(world.objects, api))

    assert (fact.row.id, fact.row.reaction.kind) == ("aws.eks-cluster.authentication", REVERTED)


def test_a_block_of_services_is_compared_where_the_cluster_has_one(world: EksWorld) -> None:
    found = world.named("Cluster", "e1")
    other, same = (
        changed(found, spec={"clusterNetwork": {"services": {"cidrBlocks": [block]}}})
        for block in ("10.96.0.0/12", "172.20.0.0/16")
    )

    (fact,) = world.facts(replaced(world.objects, other))

    assert fact.row.id == "aws.eks-cluster.service-cidr"
    assert world.facts(replaced(world.objects, same)) == ()


def test_without_a_word_about_logs_cluster_api_leaves_them_as_they_are(world: EksWorld) -> None:
    quiet = changed(world.control_plane(), spec={"logging": None})

    facts = world.facts(replaced(world.objects, quiet))

    assert {fact.path for fact in facts} == {"spec.logging.apiServer", "spec.logging.audit"}
    assert {fact.row.reaction.kind for fact in facts} == {IGNORED}


def test_an_identity_provider_that_nobody_declared_is_told(world: EksWorld) -> None:
    without = changed(world.control_plane(), spec={"oidcIdentityProviderConfig": None})

    (fact,) = world.facts(replaced(world.objects, without))

    assert (fact.row.id, fact.path) == (
        "aws.eks-cluster.identity-provider.undeclared",
        "spec.oidcIdentityProviderConfig[dex]",
    )


def test_while_eks_makes_or_upgrades_something_nothing_is_told_of_it(world: EksWorld) -> None:
    world.answer().update(status="UPDATING", version="1.30")
    ng(world).update(status="CREATING", labels={})

    assert world.facts() == ()


def test_what_is_paused_is_not_put_back(world: EksWorld) -> None:
    world.eks.update_cluster_config(name=world.name, resourcesVpcConfig={"endpointPrivateAccess": False})
    paused = changed(world.named("Cluster", "e1"), spec={"paused": True})

    (fact,) = world.facts(replaced(world.objects, paused))

    assert (fact.row.reaction.kind, "paused" in fact.row.reaction.detail) == (IGNORED, True)


def test_a_degraded_node_group_keeps_everything_of_it_from_being_put_back(world: EksWorld) -> None:
    ng(world).update(status="DEGRADED")
    world.eks.update_nodegroup_config(
        clusterName=world.name, nodegroupName="default_ng", scalingConfig={"desiredSize": 4}
    )

    kinds = {fact.row.id: fact.row.reaction.kind for fact in world.facts()}

    assert kinds == {"aws.eks-node-group.trouble": BREAKS, "aws.eks-node-group.desired-size": IGNORED}


def test_an_autoscaler_decides_about_the_size_where_it_is_told_to(world: EksWorld) -> None:
    world.eks.update_nodegroup_config(
        clusterName=world.name, nodegroupName="default_ng", scalingConfig={"desiredSize": 4}
    )
    pool = world.named("MachinePool", "ng")
    scaled = changed(pool, metadata={"annotations": {"cluster.x-k8s.io/replicas-managed-by": "cluster-autoscaler"}})

    assert world.facts(replaced(world.objects, scaled)) == ()


def test_access_of_nodes_services_and_the_creator_is_expected(world: EksWorld) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role"
    world.eks.create_access_entry(clusterName=world.name, principalArn=f"{role}/nodes", type="EC2_LINUX")
    service = f"{role}/aws-service-role/support/AWSServiceRoleForSupport"  # moto takes no domain of AWS in a path
    world.eks.create_access_entry(clusterName=world.name, principalArn=service)

    assert world.facts() == ()


def test_an_empty_list_of_blocks_is_everybody(world: EksWorld) -> None:
    world.eks.update_cluster_config(name=world.name, resourcesVpcConfig={"publicAccessCidrs": ["0.0.0.0/0"]})
    access = {"public": True, "private": True}
    everybody = changed(world.control_plane(), spec={"endpointAccess": access})

    assert world.facts(replaced(world.objects, everybody)) == ()


LOSSES: tuple[tuple[str, Callable[[EksWorld], Any], Severity], ...] = (
    (
        "eks-node-group",
        lambda world: world.eks.delete_nodegroup(clusterName=world.name, nodegroupName="default_ng"),
        CRITICAL,
    ),
    (
        "eks-fargate-profile",
        lambda world: world.eks.delete_fargate_profile(clusterName=world.name, fargateProfileName="default_fp"),
        HIGH,
    ),
    ("eks-addon", lambda world: world.eks.delete_addon(clusterName=world.name, addonName="coredns"), HIGH),
    (
        "eks-access-entry",
        lambda world: world.eks.delete_access_entry(clusterName=world.name, principalArn=READERS),
        HIGH,
    ),
    (
        "eks-identity-provider",
        lambda world: world.eks.disassociate_identity_provider_config(
            clusterName=world.name, identityProviderConfig={"type": "oidc", "name": "dex"}
        ),
        HIGH,
    ),
)


@pytest.mark.parametrize(("kind", "act", "severity"), LOSSES, ids=[loss[0] for loss in LOSSES])
def test_what_is_gone_is_missing_and_nothing_else_is_told(
    world: EksWorld, kind: str, act: Callable[[EksWorld], Any], severity: Severity
) -> None:
    act(world)

    (absence,) = world.correlation().absences

    assert (absence.link.resource.type, absence.severity, absence.transitional) == (kind, severity, False)
    assert world.facts() == ()


def test_a_cluster_that_is_being_deleted_is_gone(world: EksWorld) -> None:
    world.answer().update(status="DELETING")

    (absence,) = world.correlation().absences

    assert (absence.link.resource.type, absence.severity, absence.detail) == ("eks-cluster", CRITICAL, "DELETING")


def test_a_node_group_with_the_clusters_tag_that_no_object_names_may_be_left_over(world: EksWorld) -> None:
    kept = [found for found in world.objects if found.name != "lt"]

    found = [
        (each.resource.id, each.potential)
        for each in world.correlation(kept, timedelta(days=1)).leftovers
        if each.resource.type == "eks-node-group"
    ]

    assert found == [(f"{world.name}/default_lt", True)]


def test_a_node_group_of_somebody_else_is_not_left_over(world: EksWorld) -> None:
    world.eks.create_nodegroup(clusterName=world.name, nodegroupName="by-hand", subnets=["s"], nodeRole="r")

    assert world.correlation(later=timedelta(days=1)).leftovers == ()
    assert world.facts() == ()
