"""What the next machine needs is looked for where its template says; what is left behind in IAM and in Secrets
Manager is found by its tags."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from drift_audit.interfaces import Correlation, Leftover
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Present
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.integration.aws_world import World, world
from tests.rig.aws_state import CCM, TAG, AwsClusterSpec, MachineSpec, aws_client
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, CORE, INFRA, REGION, capi_object, changed, quiet, settings, view

PROFILE = "nodes.example.com"
IMAGE = "ami-12c6146b"
"""One that moto knows."""
SPEC = AwsClusterSpec(
    name="s1",
    spec={"sshKeyName": "fleet"},
    machines=(MachineSpec(name="md-0", spec={"instanceType": "m5.large", "iamInstanceProfile": PROFILE}),),
)


def template(name: str = "md-0", **spec: Any) -> CapiObject:
    made = {"instanceType": "m5.large", "iamInstanceProfile": PROFILE, "ami": {"id": IMAGE}, **spec}
    return capi_object(INFRA, "AWSMachineTemplate", name, spec={"template": {"spec": made}})


def deployment(of: str = "md-0", name: str = "md-0") -> CapiObject:
    reference = {"apiGroup": INFRA.partition("/")[0], "kind": "AWSMachineTemplate", "name": of}
    return capi_object(
        CORE,
        "MachineDeployment",
        name,
        spec={"clusterName": "s1", "template": {"spec": {"infrastructureRef": reference}}},
    )


@pytest.fixture
def s1(aws_endpoint: AwsEndpoint) -> World:
    built = world(aws_endpoint, SPEC)
    built.objects.extend((template(), deployment()))
    return built


def client(endpoint: AwsEndpoint, service: str) -> Any:
    return aws_client(service, endpoint.url, ACCOUNT, REGION)


def paths(correlation: Correlation) -> list[tuple[str, str]]:
    return [(absence.link.resource.type, absence.path) for absence in correlation.absences]


def leftovers(built: World) -> Sequence[Leftover]:
    return built.correlation(later=timedelta(days=1)).leftovers


def test_a_template_whose_supplies_are_there_is_silent(s1: World) -> None:
    assert s1.facts() == ()
    correlation = s1.correlation(later=timedelta(days=1))
    assert not (correlation.absences or correlation.leftovers or correlation.undecided or correlation.gaps)
    kinds = {link.resource.type for link in correlation.links if link.object.kind == "AWSMachineTemplate"}
    assert kinds == {"image", "key-pair", "instance-profile"}


def test_a_deleted_key_pair_stops_the_next_machine(s1: World) -> None:
    s1.ec2.delete_key_pair(KeyName="fleet")

    (absence,) = s1.correlation().absences

    assert (absence.link.resource.id, absence.path) == ("fleet", "spec.template.spec.sshKeyName")
    assert "the next one of this template cannot be made" in absence.reaction
    assert not absence.transitional


def test_an_image_that_is_gone_stops_the_next_machine(s1: World) -> None:
    s1.objects.extend((template("new", ami={"id": "ami-0dddddddddddddddd"}), deployment("new", "md-1")))

    assert paths(s1.correlation()) == [("image", "spec.template.spec.ami.id")]


def test_a_template_that_nothing_uses_any_more_needs_nothing(s1: World) -> None:
    s1.objects.append(template("old", ami={"id": "ami-0dddddddddddddddd"}, sshKeyName="gone"))

    assert s1.correlation().absences == ()


def test_an_empty_key_name_means_no_key(s1: World) -> None:
    s1.objects.extend((template("keyless", sshKeyName=""), deployment("keyless", "md-1")))

    assert s1.correlation().absences == ()


def test_a_deleted_profile_is_told_once_however_many_deployments_share_the_template(
    s1: World, aws_endpoint: AwsEndpoint
) -> None:
    s1.objects.append(deployment("md-0", "md-1"))
    iam = client(aws_endpoint, "iam")
    iam.remove_role_from_instance_profile(InstanceProfileName=PROFILE, RoleName=PROFILE)
    iam.delete_instance_profile(InstanceProfileName=PROFILE)

    assert paths(s1.correlation()) == [("instance-profile", "spec.template.spec.iamInstanceProfile")]


def test_a_profile_without_a_role_is_critical(s1: World, aws_endpoint: AwsEndpoint) -> None:
    client(aws_endpoint, "iam").remove_role_from_instance_profile(InstanceProfileName=PROFILE, RoleName=PROFILE)

    (fact,) = s1.facts()

    assert (fact.row.id, fact.row.severity) == ("aws.instance-profile.role", Severity.CRITICAL)
    assert fact.cloud == Present(False)


def test_a_role_of_a_cluster_that_is_gone_is_left_over_but_never_for_sure(s1: World, aws_endpoint: AwsEndpoint) -> None:
    tags = [{"Key": CCM + "gone-cluster", "Value": "owned"}]
    client(aws_endpoint, "iam").create_role(RoleName="gone-nodegroup", AssumeRolePolicyDocument="{}", Tags=tags)

    (leftover,) = leftovers(s1)

    assert (leftover.resource.id, leftover.claimed, leftover.potential) == ("gone-nodegroup", "gone-cluster", True)
    assert leftover.created_at


def test_a_bootstrap_secret_that_no_machine_names_is_left_over(s1: World, aws_endpoint: AwsEndpoint) -> None:
    store = client(aws_endpoint, "secretsmanager")
    tags = [{"Key": TAG + "s1", "Value": "owned"}]
    for name in ("aws.cluster.x-k8s.io/used-0", "aws.cluster.x-k8s.io/forgotten-0"):
        store.create_secret(Name=name, SecretBinary=b"kubeadm join", Tags=tags)
    machine = s1.named("AWSMachine", "md-0")
    prefix = {"secretPrefix": "aws.cluster.x-k8s.io/used", "secretCount": 1}
    s1.objects[s1.objects.index(machine)] = changed(machine, spec={"cloudInit": prefix})

    (leftover,) = leftovers(s1)

    assert leftover.resource.id == "aws.cluster.x-k8s.io/forgotten-0"
    assert leftover.severity is Severity.HIGH


def test_a_deleted_bucket_is_missing(s1: World) -> None:
    cluster = s1.named("AWSCluster", "s1")
    s1.objects[s1.objects.index(cluster)] = changed(cluster, spec={"s3Bucket": {"name": "bootstrap-of-s1"}})

    assert paths(s1.correlation()) == [("bucket", "spec.s3Bucket.name")]


def test_what_an_account_has_only_once_is_read_in_one_of_its_regions(s1: World, aws_endpoint: AwsEndpoint) -> None:
    far = "eu-north-1"
    account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit", regions=(far,))
    provider = AwsProvider(settings(account, endpoint_url=aws_endpoint.url))

    views = [view(s1.objects)]
    clouds = [provider.collect(request, quiet) for request in provider.plan(views).requests]

    assert [(cloud.scope.region, "instance-profile" in cloud.listings) for cloud in clouds] == [
        (far, True),
        (REGION, False),
    ]
    assert ("instance-profile", PROFILE) in clouds[0].resources
