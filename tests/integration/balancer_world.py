"""One cluster behind load balancers in moto's AWS, read by the provider over HTTP, and what people do to these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from drift_audit.clock import now
from drift_audit.interfaces import Correlation, Fact
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.rig.aws_load_balancers import Balancer
from tests.rig.aws_state import AwsClusterSpec, AwsClusterState, MachineSpec, aws_client, build_cluster
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import (
    ACCOUNT,
    REGION,
    cluster_objects,
    correlated,
    quiet,
    settings,
    view,
)

PRIMARY, SECONDARY = "controlPlaneLoadBalancer", "secondaryControlPlaneLoadBalancer"
MACHINES = (
    MachineSpec(name="cp-0", role="control-plane"),
    MachineSpec(name="cp-1", role="control-plane"),
    MachineSpec(name="md-0"),
)


def declared(name: str, *machines: MachineSpec, **spec: Any) -> AwsClusterSpec:
    return AwsClusterSpec(name=name, spec=spec, machines=machines or MACHINES)


CLASSIC = declared("c1", additionalTags={"team": "payments"})
NETWORK = declared(
    "c1",
    additionalTags={"team": "payments"},
    controlPlaneLoadBalancer={
        "loadBalancerType": "nlb",
        "scheme": "internet-facing",
        "healthCheckProtocol": "HTTPS",
        "healthCheck": {"intervalSeconds": 10, "thresholdCount": 3},
        "additionalListeners": [
            {"port": 8132, "protocol": "TCP"},
            {"port": 9345, "protocol": "TCP", "healthCheck": {"protocol": "HTTP", "port": "9346", "path": "/ok"}},
        ],
    },
    secondaryControlPlaneLoadBalancer={
        "loadBalancerType": "nlb",
        "name": "c1-inside",
        "scheme": "internal",
        "crossZoneLoadBalancing": True,
    },
)
UNTOUCHED = {
    "classic": CLASSIC,
    "classic-by-https": declared(
        "c1",
        controlPlaneLoadBalancer={
            "loadBalancerType": "classic",
            "scheme": "internal",
            "healthCheckProtocol": "HTTPS",
            "crossZoneLoadBalancing": True,
            "healthCheck": {"intervalSeconds": 30},
        },
    ),
    "classic-with-a-long-name": declared("a-cluster.with.a-very-long-name"),
    "network": NETWORK,
    "network-keeping-addresses": declared(
        "c1", controlPlaneLoadBalancer={"loadBalancerType": "nlb", "scheme": "internal", "preserveClientIP": True}
    ),
    "network-ipv6": declared(
        "c1",
        controlPlaneLoadBalancer={"loadBalancerType": "nlb"},
        network={"vpc": {"ipv6": {"cidrBlock": "2001:db8::/56"}}},
    ),
    "network-ipv6-to-ipv4": declared(
        "c1",
        controlPlaneLoadBalancer={"loadBalancerType": "nlb", "targetGroupIPType": "ipv4"},
        network={"vpc": {"ipv6": {"cidrBlock": "2001:db8::/56"}}},
    ),
    "classic-in-three-zones": AwsClusterSpec(name="c1", machines=MACHINES, zones=3),
    "disabled": declared("c1", controlPlaneLoadBalancer={"loadBalancerType": "disabled"}),
}


@dataclass(frozen=True, slots=True)
class World:
    """One cluster in AWS, what its management cluster holds, and a person with all rights."""

    provider: AwsProvider
    spec: AwsClusterSpec
    state: AwsClusterState
    objects: list[CapiObject]
    elb: Any
    elbv2: Any
    ec2: Any

    def read(self, objects: Sequence[CapiObject] = ()) -> list[CloudScopeView]:
        requests = self.provider.plan([view(objects or self.objects)]).requests
        clouds = [self.provider.collect(request, quiet) for request in requests]
        assert [gap for cloud in clouds for gap in cloud.gaps] == []
        return clouds

    def correlation(self, objects: Sequence[CapiObject] = (), age: timedelta = timedelta(0)) -> Correlation:
        return correlated(self.provider, [view(objects or self.objects)], self.read(objects), now(), age)

    def facts(self, objects: Sequence[CapiObject] = ()) -> list[Fact]:
        """Those about load balancers."""
        views, clouds = [view(objects or self.objects)], self.read(objects)
        links = correlated(self.provider, views, clouds, now()).links
        found = self.provider.compare(self.provider.rows(), views, clouds, links)
        return [fact for fact in found if "balancer" in fact.link.resource.type or "target" in fact.link.resource.type]

    def named(self, kind: str, name: str) -> CapiObject:
        return next(found for found in self.objects if (found.kind, found.name) == (kind, name))

    def balancer(self, field: str = PRIMARY) -> Balancer:
        return self.state.balancers[field]

    @property
    def name(self) -> str:
        return self.balancer().name

    @property
    def arn(self) -> str:
        return self.balancer().arn

    def group(self, port: int = 6443, field: str = PRIMARY) -> str:
        """ARN of the target group behind a listener."""
        name = self.balancer(field).target_groups[port]
        arn: str = self.elbv2.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]
        return arn

    def listener(self, port: int = 6443) -> str:
        found = self.elbv2.describe_listeners(LoadBalancerArn=self.arn)["Listeners"]
        return next(str(listener["ListenerArn"]) for listener in found if listener["Port"] == port)


def world(endpoint: AwsEndpoint, spec: AwsClusterSpec) -> World:
    state = build_cluster(endpoint.url, ACCOUNT, REGION, spec)
    account = AwsAccount(account=ACCOUNT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
    return World(
        AwsProvider(settings(account, endpoint_url=endpoint.url)),
        spec,
        state,
        cluster_objects(spec, state),
        *(aws_client(service, endpoint.url, ACCOUNT, REGION) for service in ("elb", "elbv2", "ec2")),
    )


LISTENER = {"Protocol": "TCP", "LoadBalancerPort": 2222, "InstanceProtocol": "TCP", "InstancePort": 22}


def of_classic(operation: str, **arguments: Any) -> Callable[[World], Any]:
    return lambda at: getattr(at.elb, operation)(LoadBalancerName=at.name, **arguments)


def classic_health(**change: Any) -> Callable[[World], Any]:
    check = {"Target": "TCP:6443", "Interval": 5, "Timeout": 4, "HealthyThreshold": 2, "UnhealthyThreshold": 6}
    return of_classic("configure_health_check", HealthCheck={**check, **change})


def classic_attributes(**attributes: Any) -> Callable[[World], Any]:
    return of_classic("modify_load_balancer_attributes", LoadBalancerAttributes=attributes)


def classic_tagged(**tags: str) -> Callable[[World], Any]:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return lambda at: at.elb.add_tags(LoadBalancerNames=[at.name], Tags=listed)


def classic_untagged(*keys: str) -> Callable[[World], Any]:
    return lambda at: at.elb.remove_tags(LoadBalancerNames=[at.name], Tags=[{"Key": key} for key in keys])


def classic_subnets(at: World) -> None:
    at.elb.attach_load_balancer_to_subnets(LoadBalancerName=at.name, Subnets=[at.state.subnet_ids["private"]])
    at.elb.detach_load_balancer_from_subnets(LoadBalancerName=at.name, Subnets=[at.state.subnet_ids["public"]])


def instances(operation: str, machine: str) -> Callable[[World], Any]:
    return lambda at: getattr(at.elb, operation)(
        LoadBalancerName=at.name, Instances=[{"InstanceId": at.state.instances[machine]}]
    )


def made_anew(at: World, **change: Any) -> None:
    """The classic load balancer deleted, and made again by hand under its name, with all that CAPA would give it."""
    found = at.elb.describe_load_balancers(LoadBalancerNames=[at.name])["LoadBalancerDescriptions"][0]
    tags = at.elb.describe_tags(LoadBalancerNames=[at.name])["TagDescriptions"][0]["Tags"]
    at.elb.delete_load_balancer(LoadBalancerName=at.name)
    at.elb.create_load_balancer(
        LoadBalancerName=at.name,
        Listeners=[found["ListenerDescriptions"][0]["Listener"]],
        **{
            "Subnets": found["Subnets"],
            "SecurityGroups": found["SecurityGroups"],
            "Scheme": found["Scheme"],
            "Tags": tags,
            **change,
        },
    )
    classic_health()(at)
    classic_attributes(ConnectionSettings={"IdleTimeout": 600}, CrossZoneLoadBalancing={"Enabled": False})(at)
    for machine in ("cp-0", "cp-1"):
        instances("register_instances_with_load_balancer", machine)(at)


def of_balancer(operation: str, **arguments: Any) -> Callable[[World], Any]:
    return lambda at: getattr(at.elbv2, operation)(LoadBalancerArn=at.arn, **arguments)


def attribute(key: str, value: str) -> Callable[[World], Any]:
    return of_balancer("modify_load_balancer_attributes", Attributes=[{"Key": key, "Value": value}])


def group_attribute(key: str, value: str) -> Callable[[World], Any]:
    return lambda at: at.elbv2.modify_target_group_attributes(
        TargetGroupArn=at.group(), Attributes=[{"Key": key, "Value": value}]
    )


def health_check(port: int = 6443, **change: Any) -> Callable[[World], Any]:
    return lambda at: at.elbv2.modify_target_group(TargetGroupArn=at.group(port), **change)


def tagged(target: Callable[[World], str], **tags: str) -> Callable[[World], Any]:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return lambda at: at.elbv2.add_tags(ResourceArns=[target(at)], Tags=listed)


def untagged(target: Callable[[World], str], *keys: str) -> Callable[[World], Any]:
    return lambda at: at.elbv2.remove_tags(ResourceArns=[target(at)], TagKeys=list(keys))


def targets(operation: str, machine: str, port: int = 6443, field: str = PRIMARY) -> Callable[[World], Any]:
    return lambda at: getattr(at.elbv2, operation)(
        TargetGroupArn=at.group(port, field), Targets=[{"Id": at.state.instances[machine], "Port": port}]
    )


def foreign_group(at: World) -> str:
    group: str = at.elbv2.create_target_group(Name="mine", Port=22, Protocol="TCP", VpcId=at.state.vpc_id)[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    return group


def further_listener(at: World) -> None:
    group = at.elbv2.create_target_group(Name="mine", Port=22, Protocol="TCP", VpcId=at.state.vpc_id, TargetType="ip")
    action = {"Type": "forward", "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}
    at.elbv2.create_listener(LoadBalancerArn=at.arn, Port=2222, Protocol="TCP", DefaultActions=[action])
    for machine in ("cp-0", "cp-1"):
        target = [{"Id": at.state.instances[machine], "Port": 22}]
        at.elbv2.register_targets(TargetGroupArn=action["TargetGroupArn"], Targets=target)


def led_elsewhere(at: World) -> None:
    """The API server's port given to the target group of another listener."""
    action = {"Type": "forward", "TargetGroupArn": at.group(8132)}
    at.elbv2.modify_listener(ListenerArn=at.listener(), DefaultActions=[action])


def told(facts: Sequence[Fact]) -> list[tuple[str, str]]:
    """Row and path of each."""
    return [(fact.row.id, fact.path) for fact in facts]
