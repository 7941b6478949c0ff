"""What moto cannot show of load balancers: answers as AWS gives them, checked against botocore's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from drift_audit.interfaces import Fact
from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import Present, Unknown
from drift_audit.model.views import ResourceListing
from drift_audit_aws.load_balancers.api_balancers import generated_name
from drift_audit_aws.provider import AwsProvider
from tests.rig.aws_state import ROLE, TAG, AwsClusterSpec, AwsClusterState, MachineSpec
from tests.unit.aws.builders import (
    ACCOUNT,
    REGION,
    changed,
    cloud,
    cluster_objects,
    correlated,
    instance,
    replaced,
    resource,
    settings,
    view,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ARN = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
BALANCER_ARN = f"{ARN}:loadbalancer/net/default-c1-apiserver/0a"
GROUP = "apiserver-target-abcde"
GROUP_ARN = f"{ARN}:targetgroup/{GROUP}/0b"
HOST = "default-c1-apiserver-0a.elb.eu-west-1.amazonaws.com"
TAGS = {"Name": "default-c1-apiserver", TAG + "c1": "owned", ROLE: "apiserver"}
SPEC = AwsClusterSpec(name="c1", machines=(MachineSpec(name="cp-0", role="control-plane"), MachineSpec(name="md-0")))
STATE = AwsClusterState(
    account=ACCOUNT,
    region=REGION,
    vpc_id="vpc-1",
    subnet_ids={"public": "subnet-1", "private": "subnet-2"},
    security_groups={"node": "sg-node", "apiserver-lb": "sg-api"},
    instances={"cp-0": "i-cp", "md-0": "i-md"},
    zone=f"{REGION}a",
    nat_address="192.0.2.1",
)
BALANCER: Mapping[str, Any] = {
    "LoadBalancerArn": BALANCER_ARN,
    "LoadBalancerName": "default-c1-apiserver",
    "DNSName": HOST,
    "Scheme": "internet-facing",
    "VpcId": "vpc-1",
    "Type": "network",
    "State": {"Code": "active"},
    "IpAddressType": "ipv4",
    "AvailabilityZones": [{"ZoneName": f"{REGION}a", "SubnetId": "subnet-1"}],
    "SecurityGroups": ["sg-api"],
}
TARGET_GROUP: Mapping[str, Any] = {
    "TargetGroupArn": GROUP_ARN,
    "TargetGroupName": GROUP,
    "Protocol": "TCP",
    "Port": 6443,
    "VpcId": "vpc-1",
    "IpAddressType": "ipv4",
    "HealthCheckEnabled": True,
    "HealthCheckProtocol": "TCP",
    "HealthCheckPort": "6443",
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 4,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 6,
    "LoadBalancerArns": [BALANCER_ARN],
}
LISTENER: Mapping[str, Any] = {
    "Port": 6443,
    "Protocol": "TCP",
    "DefaultActions": [{"Type": "forward", "TargetGroupArn": GROUP_ARN}],
}
ATTRIBUTES = {
    "load_balancing.cross_zone.enabled": "false",
    "deletion_protection.enabled": "false",
    "access_logs.s3.enabled": "false",
}
GROUP_ATTRIBUTES = {
    "preserve_client_ip.enabled": "false",
    "target_health_state.unhealthy.connection_termination.enabled": "false",
    "target_health_state.unhealthy.draining_interval_seconds": "300",
}
KINDS = (
    "instance",
    "security-group",
    "network-interface",
    "classic-load-balancer",
    "classic-load-balancer-attributes",
    "classic-load-balancer-health",
    "load-balancer",
    "load-balancer-attributes",
    "load-balancer-listeners",
    "target-group",
    "target-group-attributes",
    "target-health",
)


def shaped(service: str, shape: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """The value, once botocore's model of the service has found nothing wrong with it."""
    model = botocore.session.get_session().get_service_model(service)
    report = ParamValidator().validate(dict(value), model.shape_for(shape))
    assert not report.has_errors(), report.generate_report()
    return dict(value)


def healthy(target: str, state: str = "healthy", **more: str) -> dict[str, Any]:
    health = {"State": state, **more}
    return shaped("elbv2", "TargetHealthDescription", {"Target": {"Id": target, "Port": 6443}, "TargetHealth": health})


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def newer(
    *,
    balancer: Mapping[str, Any] = {},
    group: Mapping[str, Any] = {},
    attributes: Mapping[str, str] = {},
    listeners: Sequence[Mapping[str, Any]] = (LISTENER,),
    health: Sequence[Mapping[str, Any]] | None = None,
) -> list[CloudResource]:
    """A network load balancer as CAPA makes it, with what is given changed; `None` takes a field out."""
    name = "default-c1-apiserver"
    whole = {key: value for key, value in {**BALANCER, **balancer}.items() if value is not None}
    described = shaped("elbv2", "LoadBalancer", whole)
    targets = shaped("elbv2", "TargetGroup", {**TARGET_GROUP, **group})
    found = [shaped("elbv2", "Listener", listener) for listener in listeners]
    return [
        resource("load-balancer", name, tags=TAGS, **described),
        resource("load-balancer-attributes", name, Attributes=pairs({**ATTRIBUTES, **attributes})),
        resource("load-balancer-listeners", name, Listeners=found),
        resource("target-group", GROUP, tags=TAGS, **targets),
        resource("target-group-attributes", GROUP, Attributes=pairs(GROUP_ATTRIBUTES)),
        resource(
            "target-health", GROUP, TargetHealthDescriptions=[healthy("i-cp")] if health is None else list(health)
        ),
    ]


def classic(
    *,
    balancer: Mapping[str, Any] = {},
    states: Sequence[Mapping[str, Any]] = ({"InstanceId": "i-cp", "State": "InService"},),
) -> list[CloudResource]:
    """A classic load balancer as CAPA makes it, with what is given changed."""
    ports = {"Protocol": "TCP", "LoadBalancerPort": 6443, "InstanceProtocol": "TCP", "InstancePort": 6443}
    described = {
        "LoadBalancerName": "c1-apiserver",
        "DNSName": HOST,
        "Scheme": "internet-facing",
        "VPCId": "vpc-1",
        "Subnets": ["subnet-1"],
        "SecurityGroups": ["sg-api"],
        "ListenerDescriptions": [{"Listener": ports, "PolicyNames": []}],
        "HealthCheck": {
            "Target": "TCP:6443",
            "Interval": 5,
            "Timeout": 4,
            "HealthyThreshold": 2,
            "UnhealthyThreshold": 6,
        },
        "Instances": [{"InstanceId": "i-cp"}],
        **balancer,
    }
    settings_of = {
        "CrossZoneLoadBalancing": {"Enabled": False},
        "ConnectionSettings": {"IdleTimeout": 600},
        "AccessLog": {"Enabled": False},
        "ConnectionDraining": {"Enabled": False},
    }
    return [
        resource(
            "classic-load-balancer",
            "c1-apiserver",
            tags={**TAGS, "Name": "c1-apiserver"},
            **shaped("elb", "LoadBalancerDescription", described),
        ),
        resource(
            "classic-load-balancer-attributes",
            "c1-apiserver",
            LoadBalancerAttributes=shaped("elb", "LoadBalancerAttributes", settings_of),
        ),
        resource(
            "classic-load-balancer-health",
            "c1-apiserver",
            InstanceStates=[shaped("elb", "InstanceState", state) for state in states],
        ),
    ]


def facts(
    resources: Sequence[CloudResource],
    spec: Mapping[str, Any] | None = None,
    *,
    cluster: Mapping[str, Mapping[str, Any]] = {},
    machine: Mapping[str, Mapping[str, Any]] = {},
    more: Sequence[CloudResource] = (),
    without: Sequence[str] = (),
) -> list[Fact]:
    """The facts about load balancers of a cluster with one control-plane instance and one worker."""
    objects: list[CapiObject] = [found for found in cluster_objects(SPEC, STATE) if found.kind not in without]
    asked = {"loadBalancerType": "nlb", "scheme": "internet-facing"} if spec is None else dict(spec)
    edits = dict(cluster)
    edits["spec"] = {
        "controlPlaneLoadBalancer": asked,
        "controlPlaneEndpoint": {"host": HOST.upper(), "port": 6443},
        **edits.get("spec", {}),
    }
    news = [changed(found, **edits) for found in objects if found.kind == "AWSCluster"]
    news += [changed(found, **machine) for found in objects if found.kind == "Machine" and found.name == "cp-0"]
    views = [view(replaced(objects, *news))]
    scope = cloud([instance("i-cp"), instance("i-md"), *resources, *more])
    listed = {kind: ResourceListing(type=kind, complete=True) for kind in KINDS}
    provider = AwsProvider(settings())
    clouds = [replace(scope, listings=listed)]
    links = correlated(provider, views, clouds, NOW).links
    found = provider.compare(provider.rows(), views, clouds, links)
    return [fact for fact in found if "balancer" in fact.link.resource.type or "target" in fact.link.resource.type]


REDIRECT = {
    "Port": 80,
    "Protocol": "HTTP",
    "DefaultActions": [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}],
}
WEIGHTED = {
    "Port": 6443,
    "Protocol": "TCP",
    "DefaultActions": [
        {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": GROUP_ARN, "Weight": 1}]}}
    ],
}
BREAKS, IGNORED = ReactionKind.BREAKS, ReactionKind.IGNORED
CASES: tuple[tuple[str, list[CloudResource], str, ReactionKind], ...] = (
    (
        "aws.load-balancer.scheme",
        newer(balancer={"Scheme": "internal"}),
        "spec.controlPlaneLoadBalancer.scheme",
        BREAKS,
    ),
    ("aws.load-balancer.vpc", newer(balancer={"VpcId": "vpc-9"}), "spec.network.vpc.id", BREAKS),
    (
        "aws.load-balancer.type",
        newer(balancer={"Type": "application"}),
        "spec.controlPlaneLoadBalancer.type",
        IGNORED,
    ),
    (
        "aws.load-balancer.subnets",
        newer(balancer={"AvailabilityZones": [{"SubnetId": "subnet-2"}]}),
        "spec.controlPlaneLoadBalancer.subnets",
        IGNORED,
    ),
    (
        "aws.load-balancer.subnets",
        newer(balancer={"AvailabilityZones": [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-9"}]}),
        "spec.controlPlaneLoadBalancer.subnets",
        ReactionKind.REVERTED,
    ),
    (
        "aws.load-balancer.dns-name",
        newer(balancer={"DNSName": "another-0c.elb.eu-west-1.amazonaws.com"}),
        "spec.controlPlaneEndpoint.host",
        BREAKS,
    ),
    (
        "aws.load-balancer.state",
        newer(balancer={"State": {"Code": "active_impaired"}}),
        "state",
        IGNORED,
    ),
    (
        "aws.load-balancer.listener.untargeted",
        newer(listeners=[LISTENER, REDIRECT]),
        "listeners[HTTP 80: redirect]",
        BREAKS,
    ),
    (
        "aws.load-balancer.listener.untargeted",
        newer(listeners=[WEIGHTED]),
        "listeners[TCP 6443: forward]",
        BREAKS,
    ),
    (
        "aws.target-group.identity",
        newer(group={"IpAddressType": "ipv6"}),
        "targetGroup.IpAddressType",
        BREAKS,
    ),
    ("aws.target-group.targets", newer(health=[healthy("i-cp"), healthy("192.0.2.7")]), "targets[192.0.2.7]", IGNORED),
    (
        "aws.target-group.member.health",
        newer(health=[healthy("i-cp", "unhealthy", Reason="Target.Timeout", Description="Request timed out")]),
        "loadBalancerTarget.health",
        IGNORED,
    ),
    (
        "aws.target-group.member",
        newer(health=[healthy("i-cp", "draining", Reason="Target.DeregistrationInProgress")]),
        "loadBalancerTarget",
        ReactionKind.REVERTED,
    ),
)
CLASSIC_CASES: tuple[tuple[str, list[CloudResource], str, ReactionKind], ...] = (
    ("aws.classic-load-balancer.vpc", classic(balancer={"VPCId": "vpc-9"}), "spec.network.vpc.id", BREAKS),
    (
        "aws.classic-load-balancer.dns-name",
        classic(balancer={"DNSName": "another.elb.amazonaws.com"}),
        "spec.controlPlaneEndpoint.host",
        BREAKS,
    ),
    (
        "aws.classic-load-balancer.subnets",
        classic(balancer={"Subnets": []}),
        "spec.controlPlaneLoadBalancer.subnets",
        ReactionKind.REVERTED,
    ),
    (
        "aws.classic-load-balancer.targets",
        classic(balancer={"Instances": [{"InstanceId": "i-cp"}, {"InstanceId": "i-md"}]}),
        "targets[i-md]",
        IGNORED,
    ),
    (
        "aws.classic-load-balancer.member.health",
        classic(states=[{"InstanceId": "i-cp", "State": "OutOfService", "Description": "Instance has failed"}]),
        "loadBalancerTarget.health",
        IGNORED,
    ),
)


@pytest.mark.parametrize(("rule", "resources", "path", "reaction"), CASES, ids=[case[0] for case in CASES])
def test_one_difference_is_one_fact(
    rule: str, resources: list[CloudResource], path: str, reaction: ReactionKind
) -> None:
    found = facts(resources)

    assert [(fact.row.id, fact.path, fact.row.reaction.kind) for fact in found] == [(rule, path, reaction)]


@pytest.mark.parametrize(
    ("rule", "resources", "path", "reaction"), CLASSIC_CASES, ids=[case[0] for case in CLASSIC_CASES]
)
def test_one_difference_of_a_classic_one_is_one_fact(
    rule: str, resources: list[CloudResource], path: str, reaction: ReactionKind
) -> None:
    found = facts(resources, {"loadBalancerType": "classic"})

    assert [(fact.row.id, fact.path, fact.row.reaction.kind) for fact in found] == [(rule, path, reaction)]


def test_what_capa_makes_is_silent() -> None:
    assert facts(newer()) == []
    assert facts(classic(), {"loadBalancerType": "classic"}) == []
    assert facts(classic(balancer={"Scheme": "Internet-facing"}), {}) == []


@pytest.mark.parametrize(
    "target",
    [
        healthy("i-cp", "initial", Reason="Elb.InitialHealthChecking"),
        healthy("i-cp", "unavailable", Reason="Target.HealthCheckDisabled"),
    ],
    ids=["initial", "not-checked"],
)
def test_a_target_that_is_not_checked_yet_is_not_unwell(target: dict[str, Any]) -> None:
    assert facts(newer(health=[target])) == []


def test_an_instance_that_is_being_registered_is_not_unwell() -> None:
    state = {
        "InstanceId": "i-cp",
        "State": "OutOfService",
        "ReasonCode": "ELB",
        "Description": "Instance registration is still in progress.",
    }

    assert facts(classic(states=[state]), {"loadBalancerType": "classic"}) == []


def test_a_machine_whose_node_has_not_joined_may_be_unwell() -> None:
    unwell = newer(health=[healthy("i-cp", "unhealthy")])

    assert facts(unwell, machine={"status": {"nodeRef": None}}) == []
    assert len(facts(unwell)) == 1


def test_an_unwell_target_says_why() -> None:
    (fact,) = facts(newer(health=[healthy("i-cp", "unhealthy", Reason="Target.Timeout", Description="timed out")]))

    assert (fact.link.object.kind, fact.link.object.name) == ("AWSMachine", "cp-0")
    assert (fact.capi, fact.cloud, fact.note) == (Present("healthy"), Present("unhealthy"), "Target.Timeout: timed out")
    assert fact.row.finding is FindingKind.HEALTH


def test_a_load_balancer_that_is_being_made_is_not_unwell() -> None:
    assert facts(newer(balancer={"State": {"Code": "provisioning"}})) == []


def test_a_dead_target_does_little_harm() -> None:
    (fact,) = facts(newer(health=[healthy("i-cp"), healthy("i-gone", "unused", Reason="Target.InvalidState")]))

    assert (fact.path, fact.severity, fact.note) == ("targets[i-gone]", Severity.LOW, "does not run")


def test_without_machines_of_its_own_nobody_knows_who_the_control_plane_is() -> None:
    """As where the control plane is kept outside of Cluster API's Machines."""
    assert facts(newer(health=[healthy("192.0.2.7")]), without=("AWSMachine", "Machine")) == []


def test_an_instance_whose_machine_was_not_read_may_be_of_the_control_plane() -> None:
    found = facts(newer(health=[healthy("i-cp"), healthy("i-md")]), without=("Machine",))

    assert [fact.row.id for fact in found] == []


ZONES = [
    {"id": "a1", "resourceID": "subnet-a1", "availabilityZone": "a", "isPublic": True},
    {"id": "a2", "resourceID": "subnet-a2", "availabilityZone": "a", "isPublic": True},
    {"id": "subnet-b1", "availabilityZone": "b", "isPublic": True},
    {"id": "edge", "resourceID": "subnet-edge", "availabilityZone": "l", "isPublic": True, "zoneType": "local-zone"},
    {"id": "priv", "resourceID": "subnet-priv", "availabilityZone": "a"},
    {
        "id": "pods",
        "resourceID": "subnet-pods",
        "availabilityZone": "b",
        "tags": {"sigs.k8s.io/cluster-api-provider-aws/association": "secondary"},
    },
]


@pytest.mark.parametrize(
    ("scheme", "subnets", "silent"),
    [
        ("internet-facing", ["subnet-a1", "subnet-b1"], True),
        ("internet-facing", ["subnet-b1", "subnet-a2"], True),
        ("internet-facing", ["subnet-a1", "subnet-a2"], False),
        ("internet-facing", ["subnet-a1"], False),
        ("internet-facing", ["subnet-priv", "subnet-b1"], False),
        ("internet-facing", ["subnet-a1", "subnet-b1", "subnet-edge"], False),
        ("internal", ["subnet-priv"], True),
        ("internal", ["subnet-a1"], False),
    ],
)
def test_one_fitting_subnet_in_each_zone_is_right(scheme: str, subnets: list[str], silent: bool) -> None:
    resources = newer(balancer={"Scheme": scheme, "AvailabilityZones": [{"SubnetId": subnet} for subnet in subnets]})
    network = {"vpc": {"id": "vpc-1"}, "subnets": ZONES}

    found = facts(resources, {"loadBalancerType": "nlb", "scheme": scheme}, cluster={"spec": {"network": network}})

    assert [fact.row.id for fact in found] == ([] if silent else ["aws.load-balancer.subnets"])


def test_subnets_of_the_spec_are_wanted_as_they_are() -> None:
    spec = {"loadBalancerType": "nlb", "subnets": ["subnet-7", "subnet-8"]}
    right = newer(balancer={"AvailabilityZones": [{"SubnetId": "subnet-8"}, {"SubnetId": "subnet-7"}]})

    assert facts(right, spec) == []
    (fact,) = facts(newer(), spec)
    assert fact.note == "extra: subnet-1; missing: subnet-7, subnet-8"


def test_a_network_load_balancer_made_without_groups_never_gets_any() -> None:
    assert facts(newer(balancer={"SecurityGroups": None})) == []


def test_an_application_load_balancer_has_an_idle_timeout_and_always_spreads() -> None:
    always = {"load_balancing.cross_zone.enabled": "true", "idle_timeout.timeout_seconds": "60"}
    spec = {"loadBalancerType": "alb"}

    assert facts(newer(balancer={"Type": "application"}, attributes=always), spec) == []
    longer = newer(balancer={"Type": "application"}, attributes={**always, "idle_timeout.timeout_seconds": "4000"})
    (fact,) = facts(longer, spec)
    assert (fact.row.id, fact.capi, fact.cloud) == ("aws.load-balancer.idle-timeout", Present(60), Present(4000))


def test_an_attribute_that_aws_always_sends_and_did_not_is_unknown() -> None:
    (fact,) = facts(newer(balancer={"Type": "application"}, attributes={}), {"loadBalancerType": "alb"})

    assert fact.row.id == "aws.load-balancer.idle-timeout"
    assert isinstance(fact.cloud, Unknown)


@pytest.mark.parametrize("field", ["DNSName", "IpAddressType", "AvailabilityZones", "Type", "State"])
def test_a_field_that_aws_always_sends_and_did_not_is_unknown(field: str) -> None:
    found = facts(newer(balancer={field: None}))

    assert found
    assert all(isinstance(fact.cloud, Unknown) for fact in found)


def test_a_group_that_the_cluster_has_not_recorded_yet_is_unknown() -> None:
    status = {"networkStatus": {"securityGroups": {"node": {"id": "sg-node"}}}}

    (fact,) = facts(newer(), cluster={"status": status})

    assert fact.row.id == "aws.load-balancer.security-groups"
    assert isinstance(fact.capi, Unknown)


def test_a_listener_behind_another_target_group_of_the_same_name_is_found_by_its_arn() -> None:
    moved = {**LISTENER, "DefaultActions": [{"Type": "forward", "TargetGroupArn": f"{ARN}:targetgroup/mine/0d"}]}

    (fact,) = facts(newer(listeners=[moved]))

    assert (fact.row.id, fact.cloud) == ("aws.load-balancer.listener.taken", Present("TCP 6443 to mine"))


@pytest.mark.parametrize(
    ("cluster", "name"),
    [
        ("test", "test-apiserver"),
        ("a.b", "a-b-apiserver"),
        ("0123456789012345678901", "0123456789012345678901-apiserver"),
        ("01234567890123456789012", "26o3cjil5at5qn27vukn5x09b3ql-k8s"),
        ("anotherverylongtoolongname", "t8gnrbbifaaf5d0k4xmwui3xwvip-k8s"),
        ("anotherverylongtoolongnameanotherverylongtoolongname", "tph1huzox1f10z9ow1inrootjws8-k8s"),
    ],
)
def test_names_are_those_that_capa_gives(cluster: str, name: str) -> None:
    """The values of CAPA's own test: pkg/cloud/services/elb/loadbalancer_test.go, TestGenerateELBName."""
    assert generated_name(cluster) == name


def test_how_a_resource_does_is_no_edit() -> None:
    rows = {row.id for row in AwsProvider(settings()).rows() if row.finding is FindingKind.HEALTH}

    assert rows >= {
        "aws.load-balancer.state",
        "aws.target-group.member.health",
        "aws.classic-load-balancer.member.health",
    }
