"""The load balancers of API servers, built as CAPA builds them, are silent; one change in AWS is one fact.

Everything is read by the provider over HTTP from moto's server. moto knows no application load balancer with a TCP
listener, no availability zones of classic ones and no health but that of stopped instances: for these see
tests/unit/aws/test_load_balancers.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from drift_audit.interfaces import Fact
from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import Severity
from drift_audit.model.values import ABSENT, Present
from tests.integration.balancer_world import (
    CLASSIC,
    LISTENER,
    NETWORK,
    PRIMARY,
    SECONDARY,
    UNTOUCHED,
    World,
    attribute,
    classic_attributes,
    classic_health,
    classic_subnets,
    classic_tagged,
    classic_untagged,
    further_listener,
    group_attribute,
    health_check,
    instances,
    led_elsewhere,
    made_anew,
    of_balancer,
    of_classic,
    tagged,
    targets,
    told,
    untagged,
    world,
)
from tests.rig.aws_state import ROLE, TAG, AwsClusterSpec
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import (
    changed,
    replaced,
)

REVERTED, IGNORED, BREAKS = ReactionKind.REVERTED, ReactionKind.IGNORED, ReactionKind.BREAKS
CRITICAL, HIGH, MEDIUM, LOW, INFO = (
    Severity.CRITICAL,
    Severity.HIGH,
    Severity.MEDIUM,
    Severity.LOW,
    Severity.INFO,
)
Change = tuple[str, Callable[[World], Any], str, Severity, ReactionKind]


@pytest.fixture
def classic(aws_endpoint: AwsEndpoint) -> World:
    return world(aws_endpoint, CLASSIC)


@pytest.fixture
def network(aws_endpoint: AwsEndpoint) -> World:
    return world(aws_endpoint, NETWORK)


@pytest.mark.parametrize("spec", UNTOUCHED.values(), ids=UNTOUCHED)
def test_an_untouched_load_balancer_is_silent(aws_endpoint: AwsEndpoint, spec: AwsClusterSpec) -> None:
    built = world(aws_endpoint, spec)

    correlation = built.correlation()

    assert [(fact.row.id, fact.path, fact.capi, fact.cloud) for fact in built.facts()] == []
    assert not (correlation.absences or correlation.leftovers or correlation.undecided or correlation.gaps)
    linked = {link.resource.id for link in correlation.links}
    assert linked >= {each.name for each in built.state.balancers.values()}
    assert linked >= {name for each in built.state.balancers.values() for name in each.target_groups.values()}


def test_what_belongs_to_a_load_balancer_is_claimed(network: World) -> None:
    claimed = Counter(resource.type for resource in network.correlation().claimed)

    assert {kind: number for kind, number in claimed.items() if "balancer" in kind or "target" in kind} == {
        "load-balancer": 2,
        "load-balancer-attributes": 2,
        "load-balancer-listeners": 2,
        "target-group": 4,
        "target-group-attributes": 4,
        "target-health": 4,
    }


CLASSIC_CHANGES: tuple[Change, ...] = (
    (
        "aws.classic-load-balancer.scheme",
        lambda at: made_anew(at, Scheme="internal"),
        "spec.controlPlaneLoadBalancer.scheme",
        CRITICAL,
        BREAKS,
    ),
    (
        "aws.classic-load-balancer.subnets",
        classic_subnets,
        "spec.controlPlaneLoadBalancer.subnets",
        HIGH,
        IGNORED,
    ),
    (
        "aws.classic-load-balancer.subnets",
        lambda at: at.elb.attach_load_balancer_to_subnets(
            LoadBalancerName=at.name, Subnets=[at.state.subnet_ids["private"]]
        ),
        "spec.controlPlaneLoadBalancer.subnets",
        HIGH,
        IGNORED,
    ),
    (
        "aws.classic-load-balancer.security-groups",
        lambda at: at.elb.apply_security_groups_to_load_balancer(
            LoadBalancerName=at.name,
            SecurityGroups=[at.state.security_groups["apiserver-lb"], at.state.security_groups["node"]],
        ),
        "spec.controlPlaneLoadBalancer.securityGroups",
        CRITICAL,
        REVERTED,
    ),
    (
        "aws.classic-load-balancer.cross-zone",
        classic_attributes(CrossZoneLoadBalancing={"Enabled": True}),
        "spec.controlPlaneLoadBalancer.crossZoneLoadBalancing",
        MEDIUM,
        REVERTED,
    ),
    (
        "aws.classic-load-balancer.idle-timeout",
        classic_attributes(ConnectionSettings={"IdleTimeout": 60}),
        "spec.controlPlaneLoadBalancer.idleTimeout",
        LOW,
        REVERTED,
    ),
    (
        "aws.classic-load-balancer.connection-draining",
        classic_attributes(ConnectionDraining={"Enabled": True, "Timeout": 300}),
        "spec.controlPlaneLoadBalancer.connectionDraining",
        LOW,
        IGNORED,
    ),
    (
        "aws.classic-load-balancer.access-logs",
        classic_attributes(AccessLog={"Enabled": True, "S3BucketName": "logs", "EmitInterval": 60}),
        "spec.controlPlaneLoadBalancer.accessLogs",
        INFO,
        IGNORED,
    ),
    (
        "aws.classic-load-balancer.health-check",
        classic_health(Target="HTTP:80/healthz"),
        "spec.controlPlaneLoadBalancer.healthCheck.Target",
        HIGH,
        REVERTED,
    ),
    (
        "aws.classic-load-balancer.health-check",
        classic_health(UnhealthyThreshold=2),
        "spec.controlPlaneLoadBalancer.healthCheck.UnhealthyThreshold",
        HIGH,
        REVERTED,
    ),
    (
        "aws.classic-load-balancer.listeners",
        of_classic("create_load_balancer_listeners", Listeners=[LISTENER]),
        "listeners[TCP 2222 to TCP 22]",
        HIGH,
        IGNORED,
    ),
    (
        "aws.classic-load-balancer.listeners",
        of_classic("delete_load_balancer_listeners", LoadBalancerPorts=[6443]),
        "listeners[TCP 6443 to TCP 6443]",
        CRITICAL,
        IGNORED,
    ),
    (
        "aws.classic-load-balancer.tag.owned",
        classic_untagged(f"{TAG}c1"),
        "tags[cluster]",
        CRITICAL,
        IGNORED,
    ),
    ("aws.classic-load-balancer.tags", classic_tagged(team="mine"), "spec.additionalTags.team", LOW, REVERTED),
    ("aws.classic-load-balancer.tags", classic_tagged(owner="kim"), "spec.additionalTags.owner", LOW, REVERTED),
    ("aws.classic-load-balancer.tags", classic_untagged("Name"), "tags[Name]", LOW, REVERTED),
    ("aws.classic-load-balancer.tags", classic_untagged(ROLE), "tags[role]", LOW, REVERTED),
    (
        "aws.classic-load-balancer.member",
        instances("deregister_instances_from_load_balancer", "cp-1"),
        "loadBalancerTarget",
        CRITICAL,
        REVERTED,
    ),
)


NETWORK_CHANGES: tuple[Change, ...] = (
    (
        "aws.load-balancer.security-groups",
        lambda at: at.elbv2.set_security_groups(
            LoadBalancerArn=at.arn, SecurityGroups=[at.state.security_groups["node"]]
        ),
        "spec.controlPlaneLoadBalancer.securityGroups",
        CRITICAL,
        REVERTED,
    ),
    (
        "aws.load-balancer.address-type",
        of_balancer("set_ip_address_type", IpAddressType="dualstack"),
        "spec.controlPlaneLoadBalancer.ipAddressType",
        MEDIUM,
        IGNORED,
    ),
    (
        "aws.load-balancer.cross-zone",
        attribute("load_balancing.cross_zone.enabled", "true"),
        "spec.controlPlaneLoadBalancer.crossZoneLoadBalancing",
        MEDIUM,
        REVERTED,
    ),
    (
        "aws.load-balancer.cross-zone",
        lambda at: at.elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=at.balancer(SECONDARY).arn,
            Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}],
        ),
        "spec.secondaryControlPlaneLoadBalancer.crossZoneLoadBalancing",
        MEDIUM,
        REVERTED,
    ),
    (
        "aws.load-balancer.deletion-protection",
        attribute("deletion_protection.enabled", "true"),
        "spec.controlPlaneLoadBalancer.deletionProtection",
        MEDIUM,
        BREAKS,
    ),
    (
        "aws.load-balancer.access-logs",
        attribute("access_logs.s3.enabled", "true"),
        "spec.controlPlaneLoadBalancer.accessLogs",
        INFO,
        IGNORED,
    ),
    (
        "aws.load-balancer.listener.missing",
        lambda at: at.elbv2.delete_listener(ListenerArn=at.listener()),
        "listeners[TCP 6443]",
        CRITICAL,
        REVERTED,
    ),
    (
        "aws.load-balancer.listener.missing",
        lambda at: at.elbv2.delete_listener(ListenerArn=at.listener(8132)),
        "listeners[TCP 8132]",
        CRITICAL,
        REVERTED,
    ),
    (
        "aws.load-balancer.listener.edited",
        lambda at: at.elbv2.modify_listener(ListenerArn=at.listener(), Port=8443),
        "listeners[TCP 6443]",
        CRITICAL,
        IGNORED,
    ),
    ("aws.load-balancer.listener.extra", further_listener, "listeners[TCP 2222 to mine]", HIGH, IGNORED),
    ("aws.load-balancer.tag.owned", untagged(lambda at: at.arn, f"{TAG}c1"), "tags[cluster]", CRITICAL, IGNORED),
    (
        "aws.load-balancer.tags",
        tagged(lambda at: at.arn, team="mine"),
        "spec.additionalTags.team",
        LOW,
        REVERTED,
    ),
    ("aws.load-balancer.tags", tagged(lambda at: at.arn, owner="kim"), "spec.additionalTags.owner", LOW, REVERTED),
    (
        "aws.target-group.health-check",
        health_check(HealthCheckIntervalSeconds=30),
        "targetGroup.HealthCheckIntervalSeconds",
        HIGH,
        IGNORED,
    ),
    (
        "aws.target-group.health-check",
        health_check(9345, HealthCheckPath="/"),
        "targetGroup.HealthCheckPath",
        HIGH,
        IGNORED,
    ),
    (
        "aws.target-group.health-check",
        health_check(8132, UnhealthyThresholdCount=2),
        "targetGroup.UnhealthyThresholdCount",
        HIGH,
        IGNORED,
    ),
    (
        "aws.target-group.attributes",
        group_attribute("preserve_client_ip.enabled", "true"),
        "targetGroup.preserve_client_ip.enabled",
        MEDIUM,
        IGNORED,
    ),
    (
        "aws.target-group.attributes",
        group_attribute("target_health_state.unhealthy.draining_interval_seconds", "0"),
        "targetGroup.target_health_state.unhealthy.draining_interval_seconds",
        MEDIUM,
        IGNORED,
    ),
    (
        "aws.target-group.tag.owned",
        untagged(lambda at: at.group(), f"{TAG}c1"),
        "tags[cluster]",
        MEDIUM,
        IGNORED,
    ),
    (
        "aws.target-group.member",
        targets("deregister_targets", "cp-0", field=SECONDARY),
        "loadBalancerTarget",
        CRITICAL,
        REVERTED,
    ),
    ("aws.target-group.member", targets("deregister_targets", "cp-0", 8132), "loadBalancerTarget", CRITICAL, IGNORED),
)


def is_one_fact(facts: Sequence[Fact], rule: str, path: str, severity: Severity, reaction: ReactionKind) -> None:
    assert told(facts) == [(rule, path)]
    assert (facts[0].severity or facts[0].row.severity) is severity
    assert facts[0].row.reaction.kind is reaction


@pytest.mark.parametrize(
    ("rule", "change", "path", "severity", "reaction"),
    CLASSIC_CHANGES,
    ids=[f"{number}-{change[0]}" for number, change in enumerate(CLASSIC_CHANGES)],
)
def test_one_change_of_a_classic_load_balanceris_one_fact(
    classic: World, rule: str, change: Callable[[World], Any], path: str, severity: Severity, reaction: ReactionKind
) -> None:
    change(classic)

    is_one_fact(classic.facts(), rule, path, severity, reaction)


@pytest.mark.parametrize(
    ("rule", "change", "path", "severity", "reaction"),
    NETWORK_CHANGES,
    ids=[f"{number}-{change[0]}" for number, change in enumerate(NETWORK_CHANGES)],
)
def test_one_change_of_a_network_load_balanceris_one_fact(
    network: World, rule: str, change: Callable[[World], Any], path: str, severity: Severity, reaction: ReactionKind
) -> None:
    change(network)

    is_one_fact(network.facts(), rule, path, severity, reaction)


def test_a_port_that_leads_elsewhere_cannot_be_taken_back(network: World) -> None:
    led_elsewhere(network)

    (fact,) = network.facts()

    assert (fact.row.id, fact.path) == ("aws.load-balancer.listener.taken", "listeners[TCP 6443]")
    assert fact.cloud == Present(f"TCP 6443 to {network.balancer().target_groups[8132]}")
    assert fact.row.reaction.kind is BREAKS


def test_a_member_of_another_target_group_is_not_registered_again(network: World) -> None:
    targets("deregister_targets", "cp-0")(network)

    (fact,) = network.facts()

    assert (fact.link.object.name, fact.capi, fact.cloud) == (
        "cp-0",
        Present(network.state.instances["cp-0"]),
        ABSENT,
    )
    assert fact.row.reaction.kind is IGNORED
    assert "in another target group" in fact.row.reaction.detail


@pytest.mark.parametrize("field", [PRIMARY, SECONDARY])
def test_a_worker_that_gets_requests_for_the_api_server_istold(network: World, field: str) -> None:
    targets("register_targets", "md-0", field=field)(network)

    (fact,) = network.facts()

    worker = network.state.instances["md-0"]
    assert (fact.row.id, fact.path) == ("aws.target-group.targets", f"targets[{worker}]")
    assert (fact.severity or fact.row.severity, fact.row.reaction.kind) == (CRITICAL, IGNORED)
    assert fact.note == "md-0 gets requests for the API server"


def test_a_worker_behind_a_classic_load_balancer_istold(classic: World) -> None:
    instances("register_instances_with_load_balancer", "md-0")(classic)

    assert told(classic.facts()) == [
        ("aws.classic-load-balancer.targets", f"targets[{classic.state.instances['md-0']}]")
    ]


def test_a_stopped_control_plane_is_no_matter_of_its_load_balancers(network: World) -> None:
    network.ec2.stop_instances(InstanceIds=[network.state.instances["cp-0"]])

    assert network.facts() == []


def test_a_machine_that_leaves_need_not_be_registered(network: World) -> None:
    targets("deregister_targets", "cp-0")(network)
    leaving = changed(network.named("AWSMachine", "cp-0"), metadata={"deletionTimestamp": "2026-11-20T00:00:00Z"})

    assert network.facts(replaced(network.objects, leaving)) == []


def test_without_the_owned_tag_nothing_is_put_back(network: World) -> None:
    untagged(lambda at: at.arn, f"{TAG}c1")(network)
    attribute("load_balancing.cross_zone.enabled", "true")(network)

    reactions = {fact.row.id: fact.row.reaction for fact in network.facts()}

    assert reactions.keys() == {"aws.load-balancer.tag.owned", "aws.load-balancer.cross-zone"}
    assert reactions["aws.load-balancer.cross-zone"].kind is IGNORED
    assert "lacks the cluster's tag" in reactions["aws.load-balancer.cross-zone"].detail


def test_nothing_is_put_back_while_the_cluster_is_paused(classic: World) -> None:
    classic_health(Interval=30)(classic)
    paused = changed(classic.named("Cluster", "c1"), spec={"paused": True})

    (fact,) = classic.facts(replaced(classic.objects, paused))

    assert fact.row.reaction.kind is IGNORED


def test_a_missing_security_group_is_less_bad_than_a_further_one(classic: World) -> None:
    groups = classic.state.security_groups
    classic.elb.apply_security_groups_to_load_balancer(LoadBalancerName=classic.name, SecurityGroups=[groups["node"]])
    objects = replaced(
        classic.objects,
        changed(
            classic.named("AWSCluster", "c1"),
            spec={PRIMARY: {"loadBalancerType": "classic", "additionalSecurityGroups": [groups["node"]]}},
        ),
    )

    (fact,) = classic.facts(objects)

    assert (fact.severity, fact.note) == (HIGH, "missing: apiserver-lb")
