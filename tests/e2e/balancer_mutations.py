"""Single changes of the load balancers in front of an API server, and of the machines behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drift_audit.model.findings import Severity, Verdict
from tests.e2e.mutations import CLOUD, NAME, Mutation, group
from tests.rig.aws_load_balancers import ROLE, TAG, Balancer
from tests.rig.aws_state import CCM, aws_client
from tests.rig.fleet import Fleet, Workload

PRIMARY, SECONDARY = "controlPlaneLoadBalancer", "secondaryControlPlaneLoadBalancer"
ONE = Workload(name=NAME, infra={"additionalTags": {"cost-centre": "42"}, PRIMARY: {"loadBalancerType": "classic"}})
"""A cluster behind a classic load balancer: CAPA's default, though not that of its templates."""

TWO = Workload(
    name=NAME,
    infra={
        "additionalTags": {"cost-centre": "42"},
        PRIMARY: {
            "loadBalancerType": "nlb",
            "scheme": "internet-facing",
            "additionalListeners": [{"port": 8132, "protocol": "TCP"}],
        },
        SECONDARY: {"loadBalancerType": "nlb", "name": "prod-1-inside", "scheme": "internal"},
    },
)
"""A cluster behind two network load balancers, the first with a listener more."""


def balancer(fleet: Fleet, field: str = PRIMARY) -> Balancer:
    return fleet.states[NAME].balancers[field]


def client(fleet: Fleet, service: str) -> Any:
    state = fleet.states[NAME]
    return aws_client(service, fleet.aws, state.account, state.region)


def machine(fleet: Fleet, prefix: str) -> str:
    """Id of the first instance of an owner."""
    found = fleet.states[NAME].instances
    return found[min(name for name in found if name.startswith(f"{NAME}-{prefix}"))]


def elb(operation: str, **arguments: Any) -> Callable[[Fleet], Any]:
    """A call about the classic load balancer."""
    return lambda fleet: getattr(client(fleet, "elb"), operation)(LoadBalancerName=balancer(fleet).name, **arguments)


def elbv2(operation: str, *, of: str = PRIMARY, **arguments: Any) -> Callable[[Fleet], Any]:
    """A call about one of the network load balancers."""
    return lambda fleet: getattr(client(fleet, "elbv2"), operation)(
        LoadBalancerArn=balancer(fleet, of).arn, **arguments
    )


def attribute(key: str, value: str) -> Callable[[Fleet], Any]:
    return elbv2("modify_load_balancer_attributes", Attributes=[{"Key": key, "Value": value}])


def target_group(fleet: Fleet, port: int = 6443, field: str = PRIMARY) -> str:
    names = [balancer(fleet, field).target_groups[port]]
    found = client(fleet, "elbv2").describe_target_groups(Names=names)["TargetGroups"]
    return str(found[0]["TargetGroupArn"])


def of_group(operation: str, **arguments: Any) -> Callable[[Fleet], Any]:
    return lambda fleet: getattr(client(fleet, "elbv2"), operation)(TargetGroupArn=target_group(fleet), **arguments)


def targets(operation: str, prefix: str, field: str = PRIMARY) -> Callable[[Fleet], Any]:
    def act(fleet: Fleet) -> None:
        target = {"Id": machine(fleet, prefix), "Port": 6443}
        group_arn = target_group(fleet, field=field)
        getattr(client(fleet, "elbv2"), operation)(TargetGroupArn=group_arn, Targets=[target])

    return act


def listener(fleet: Fleet, port: int) -> str:
    found = client(fleet, "elbv2").describe_listeners(LoadBalancerArn=balancer(fleet).arn)["Listeners"]
    return next(str(each["ListenerArn"]) for each in found if each["Port"] == port)


def of_listener(operation: str, port: int, **arguments: Any) -> Callable[[Fleet], Any]:
    return lambda fleet: getattr(client(fleet, "elbv2"), operation)(ListenerArn=listener(fleet, port), **arguments)


def tagged(key: str, value: str) -> Callable[[Fleet], Any]:
    tags = [{"Key": key, "Value": value}]
    return lambda fleet: client(fleet, "elbv2").add_tags(ResourceArns=[balancer(fleet).arn], Tags=tags)


def untagged(key: str) -> Callable[[Fleet], Any]:
    return lambda fleet: client(fleet, "elbv2").remove_tags(ResourceArns=[balancer(fleet).arn], TagKeys=[key])


def groups(service: str, *roles: str) -> Callable[[Fleet], Any]:
    def act(fleet: Fleet) -> None:
        wanted = [group(fleet, role) for role in roles]
        if service == "elb":
            name = balancer(fleet).name
            client(fleet, "elb").apply_security_groups_to_load_balancer(LoadBalancerName=name, SecurityGroups=wanted)
        else:
            arn = balancer(fleet).arn
            client(fleet, "elbv2").set_security_groups(LoadBalancerArn=arn, SecurityGroups=wanted)

    return act


def further_listener(fleet: Fleet) -> None:
    """SSH of the control plane, through the API server's load balancer."""
    newer = client(fleet, "elbv2")
    made = newer.create_target_group(Name="ssh", Port=22, Protocol="TCP", VpcId=fleet.states[NAME].vpc_id)
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    newer.register_targets(TargetGroupArn=arn, Targets=[{"Id": machine(fleet, "control-plane"), "Port": 22}])
    action = {"Type": "forward", "TargetGroupArn": arn}
    newer.create_listener(LoadBalancerArn=balancer(fleet).arn, Port=22, Protocol="TCP", DefaultActions=[action])


def led_elsewhere(fleet: Fleet) -> None:
    action = {"Type": "forward", "TargetGroupArn": target_group(fleet, 8132)}
    of_listener("modify_listener", 6443, DefaultActions=[action])(fleet)


def gone(field: str) -> Callable[[Fleet], Any]:
    def act(fleet: Fleet) -> None:
        newer, arn = client(fleet, "elbv2"), balancer(fleet, field).arn
        for each in newer.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            newer.delete_listener(ListenerArn=each["ListenerArn"])
        newer.delete_load_balancer(LoadBalancerArn=arn)

    return act


def subnets(fleet: Fleet) -> None:
    old, names = client(fleet, "elb"), fleet.states[NAME].subnet_ids
    old.attach_load_balancer_to_subnets(LoadBalancerName=balancer(fleet).name, Subnets=[names["private"]])
    old.detach_load_balancer_from_subnets(LoadBalancerName=balancer(fleet).name, Subnets=[names["public"]])


def health_check(**change: Any) -> Callable[[Fleet], Any]:
    check = {"Target": "TCP:6443", "Interval": 5, "Timeout": 4, "HealthyThreshold": 2, "UnhealthyThreshold": 6}
    return elb("configure_health_check", HealthCheck={**check, **change})


def members(operation: str, prefix: str) -> Callable[[Fleet], Any]:
    def act(fleet: Fleet) -> None:
        instances = [{"InstanceId": machine(fleet, prefix)}]
        getattr(client(fleet, "elb"), operation)(LoadBalancerName=balancer(fleet).name, Instances=instances)

    return act


def left(service: str, tags: Mapping[str, str]) -> Callable[[Fleet], Any]:
    """A load balancer that no object names."""

    def act(fleet: Fleet) -> None:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        where = [fleet.states[NAME].subnet_ids["public"]]
        if service == "elb":
            ports = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 80}
            arguments = {"LoadBalancerName": "left", "Listeners": [ports], "Subnets": where, "Tags": listed}
        else:
            arguments = {"Name": "left", "Type": "network", "Subnets": where, "Tags": listed}
        client(fleet, service).create_load_balancer(**arguments)

    return act


def left_target_group(fleet: Fleet) -> None:
    tags = [{"Key": f"{TAG}{NAME}", "Value": "owned"}, {"Key": ROLE, "Value": "apiserver"}]
    client(fleet, "elbv2").create_target_group(
        Name="apiserver-target-zzzzz", Port=6443, Protocol="TCP", VpcId=fleet.states[NAME].vpc_id, Tags=tags
    )


def _classic(name: str, act: Callable[[Fleet], Any], path: str, **more: Any) -> Mutation:
    return Mutation(name=f"classic load balancer: {name}", act=act, path=path, workload=ONE, **_cloud(more))


def _network(name: str, act: Callable[[Fleet], Any], path: str, **more: Any) -> Mutation:
    return Mutation(name=f"network load balancer: {name}", act=act, path=path, workload=TWO, **_cloud(more))


def _cloud(more: dict[str, Any]) -> dict[str, Any]:
    return {"verdict": CLOUD, "kind": "AWSCluster", **more}


OWNED = {f"{TAG}{NAME}": "owned", ROLE: "apiserver"}
REVERTS, STAYS, BREAKS = "reverts within 10 min", "nothing will repair this", "breaks reconciliation"
FIELD = f"spec.{PRIMARY}"

BALANCER_EDITS = (
    _classic(
        "spread over zones",
        elb("modify_load_balancer_attributes", LoadBalancerAttributes={"CrossZoneLoadBalancing": {"Enabled": True}}),
        f"{FIELD}.crossZoneLoadBalancing",
        says=REVERTS,
        severity=Severity.MEDIUM,
    ),
    _classic(
        "idle timeout",
        elb("modify_load_balancer_attributes", LoadBalancerAttributes={"ConnectionSettings": {"IdleTimeout": 60}}),
        f"{FIELD}.idleTimeout",
        says=REVERTS,
    ),
    _classic(
        "draining",
        elb(
            "modify_load_balancer_attributes",
            LoadBalancerAttributes={"ConnectionDraining": {"Enabled": True, "Timeout": 300}},
        ),
        f"{FIELD}.connectionDraining",
        says=STAYS,
    ),
    _classic(
        "health check of another port", health_check(Target="TCP:22"), f"{FIELD}.healthCheck.Target", says=REVERTS
    ),
    _classic("slower health check", health_check(Interval=30), f"{FIELD}.healthCheck.Interval", says=REVERTS),
    _classic(
        "listener added",
        elb(
            "create_load_balancer_listeners",
            Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 22, "InstanceProtocol": "TCP", "InstancePort": 22}],
        ),
        "listeners[TCP 22 to TCP 22]",
        severity=Severity.HIGH,
        says=STAYS,
    ),
    _classic(
        "listener deleted",
        elb("delete_load_balancer_listeners", LoadBalancerPorts=[6443]),
        "listeners[TCP 6443 to TCP 6443]",
        severity=Severity.CRITICAL,
        says=STAYS,
    ),
    _classic("other subnets", subnets, f"{FIELD}.subnets", says="compares only how many"),
    _classic(
        "group added",
        groups("elb", "apiserver-lb", "node"),
        f"{FIELD}.securityGroups",
        severity=Severity.CRITICAL,
        says=REVERTS,
    ),
    _classic(
        "control plane taken out",
        members("deregister_instances_from_load_balancer", "control-plane"),
        "loadBalancerTarget",
        kind="AWSMachine",
        severity=Severity.CRITICAL,
        says=REVERTS,
    ),
    _classic(
        "worker put behind it",
        members("register_instances_with_load_balancer", "md-0"),
        "",
        severity=Severity.CRITICAL,
        says=STAYS,
    ),
    _classic(
        "lost the tag of its cluster",
        lambda fleet: client(fleet, "elb").remove_tags(
            LoadBalancerNames=[balancer(fleet).name], Tags=[{"Key": f"{TAG}{NAME}"}]
        ),
        "tags[cluster]",
        severity=Severity.CRITICAL,
        says="takes the load balancer for somebody else's",
    ),
    _classic(
        "declared tag edited",
        lambda fleet: client(fleet, "elb").add_tags(
            LoadBalancerNames=[balancer(fleet).name], Tags=[{"Key": "cost-centre", "Value": "7"}]
        ),
        "spec.additionalTags.cost-centre",
        line="cost-centre:",
        says=REVERTS,
    ),
    Mutation(
        name="classic load balancer: deleted",
        act=elb("delete_load_balancer"),
        verdict=Verdict.MISSING,
        kind="AWSCluster",
        path="status.networkStatus.apiServerElb.name",
        severity=Severity.CRITICAL,
        says="makes no load balancer again",
        workload=ONE,
    ),
    Mutation(name="classic load balancer: left over", act=left("elb", OWNED), verdict=Verdict.ORPHAN, workload=ONE),
    _network(
        "spread over zones",
        attribute("load_balancing.cross_zone.enabled", "true"),
        f"{FIELD}.crossZoneLoadBalancing",
        says=REVERTS,
    ),
    _network(
        "protected from deletion",
        attribute("deletion_protection.enabled", "true"),
        f"{FIELD}.deletionProtection",
        says=BREAKS,
    ),
    _network(
        "other group", groups("elbv2", "node"), f"{FIELD}.securityGroups", severity=Severity.CRITICAL, says=REVERTS
    ),
    _network(
        "dual stack", elbv2("set_ip_address_type", IpAddressType="dualstack"), f"{FIELD}.ipAddressType", says=STAYS
    ),
    _network(
        "the inner one spread over zones",
        elbv2(
            "modify_load_balancer_attributes",
            of=SECONDARY,
            Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}],
        ),
        f"spec.{SECONDARY}.crossZoneLoadBalancing",
        says=REVERTS,
    ),
    _network(
        "listener deleted",
        of_listener("delete_listener", 6443),
        "listeners[TCP 6443]",
        severity=Severity.CRITICAL,
        says=REVERTS,
    ),
    _network(
        "declared listener deleted",
        of_listener("delete_listener", 8132),
        "listeners[TCP 8132]",
        line="additionalListeners:",
        says=REVERTS,
    ),
    _network("listener moved", of_listener("modify_listener", 6443, Port=8443), "listeners[TCP 6443]", says=STAYS),
    _network("listener led elsewhere", led_elsewhere, "listeners[TCP 6443]", says=BREAKS),
    _network("listener added", further_listener, "listeners[TCP 22 to ssh]", severity=Severity.HIGH, says=STAYS),
    _network(
        "slower health check",
        of_group("modify_target_group", HealthCheckIntervalSeconds=30),
        "targetGroup.HealthCheckIntervalSeconds",
        says=STAYS,
    ),
    _network(
        "keeps client addresses",
        of_group("modify_target_group_attributes", Attributes=[{"Key": "preserve_client_ip.enabled", "Value": "true"}]),
        "targetGroup.preserve_client_ip.enabled",
        says=STAYS,
    ),
    _network("tag added", tagged("owner", "kim"), "spec.additionalTags.owner", severity=Severity.LOW, says=REVERTS),
    _network("role tag removed", untagged(ROLE), "tags[role]", says=REVERTS),
    _network(
        "lost the tag of its cluster", untagged(f"{TAG}{NAME}"), "tags[cluster]", severity=Severity.CRITICAL, says=STAYS
    ),
    _network(
        "control plane taken out of one target group",
        targets("deregister_targets", "control-plane"),
        "loadBalancerTarget",
        kind="AWSMachine",
        severity=Severity.CRITICAL,
        says="in another target group",
    ),
    _network(
        "control plane taken out of the inner one",
        targets("deregister_targets", "control-plane", SECONDARY),
        "loadBalancerTarget",
        kind="AWSMachine",
        says=REVERTS,
    ),
    _network("worker put behind it", targets("register_targets", "md-0"), "", severity=Severity.CRITICAL, says=STAYS),
    Mutation(
        name="network load balancer: deleted",
        act=gone(PRIMARY),
        verdict=Verdict.MISSING,
        kind="AWSCluster",
        severity=Severity.CRITICAL,
        workload=TWO,
    ),
    Mutation(
        name="network load balancer: the inner one deleted",
        act=gone(SECONDARY),
        verdict=Verdict.MISSING,
        path="status.networkStatus.secondaryAPIServerELB.name",
        workload=TWO,
    ),
    Mutation(name="network load balancer: left over", act=left("elbv2", OWNED), verdict=Verdict.ORPHAN, workload=TWO),
    Mutation(name="target group: left over", act=left_target_group, verdict=Verdict.ORPHAN, workload=TWO),
    Mutation(
        name="load balancer of a Service of a vanished cluster",
        act=left("elb", {f"{CCM}gone": "owned", "kubernetes.io/service-name": "shop/web"}),
        verdict=Verdict.ORPHAN,
        confidence="potential",
    ),
)
