"""The ingress rules that CAPA keeps on a security group, computed from the AWSCluster alone.

Source: CAPA v2.13.0 pkg/cloud/services/securitygroup/securitygroups.go, getSecurityGroupIngressRules and the
functions below it. Egress is not CAPA's: a group keeps the rule that AWS gives every new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from drift_audit.model.values import Json, JsonObject, dig, mapping, sequence, text
from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.security_groups.rules import Rule, rule

API_PORT = 6443
_NETWORK = ("spec", "network")
_BALANCER = ("spec", "controlPlaneLoadBalancer")
_BALANCERS = ("controlPlaneLoadBalancer", "secondaryControlPlaneLoadBalancer")
_ANY4, _ANY6 = "0.0.0.0/0", "::/0"

_DEFAULT_CNI: tuple[JsonObject, ...] = (
    {"description": "bgp (calico)", "protocol": "tcp", "fromPort": 179, "toPort": 179},
    {"description": "IP-in-IP (calico)", "protocol": "4", "fromPort": -1, "toPort": 65535},
)
"""What the webhook writes where `spec.network.cni` is absent (api/v1beta2/defaults.go, SetDefaults_NetworkSpec)."""

DECLARED_BY_ROLE: Mapping[str, tuple[str, ...]] = {
    "controlplane": (*_NETWORK, "additionalControlPlaneIngressRules"),
    "node": (*_NETWORK, "additionalNodeIngressRules"),
    "apiserver-lb": (*_BALANCER, "ingressRules"),
    "bastion": ("spec", "bastion", "allowedCIDRBlocks"),
    "node-eks-additional": (*_NETWORK, "additionalControlPlaneIngressRules"),
}
"""Where a person would declare one more rule of that role."""


class NotYetKnown(Exception):
    """An input of the rules is not in the object yet; CAPA waits for it too."""


def expected_ingress(cluster: AwsCluster, role: str) -> tuple[Rule, ...]:
    """The rules of one role; raises `NotYetKnown` while the status lacks a group or an address they need."""
    build = _BY_ROLE.get(role)
    if build is None:
        raise NotYetKnown(f"CAPA has no rules for security group role {role}")
    return tuple(build(cluster))


def default_egress() -> tuple[Rule, ...]:
    """What AWS gives every new group; no controller changes it."""
    return (rule("-1", None, None, _ANY4, ""),)


def _controlplane(cluster: AwsCluster) -> Iterator[Rule]:
    own = _group(cluster, "controlplane")
    yield from _cni(cluster)
    yield from _each("Kubernetes API", API_PORT, (_group(cluster, "apiserver-lb"), own, _group(cluster, "node")))
    yield from _each("etcd", 2379, (own,))
    yield from _each("etcd peer", 2380, (own,))
    yield from _ssh(cluster)
    yield from _custom(cluster, "additionalControlPlaneIngressRules")


def _node(cluster: AwsCluster) -> Iterator[Rule]:
    blocks = [text(block) for block in sequence(dig(cluster.infra.spec, "network", "nodePortIngressRuleCidrBlocks"))]
    declared = (*_NETWORK, "nodePortIngressRuleCidrBlocks")
    four = [block for block in blocks if ":" not in block] or [_ANY4]
    six = ([block for block in blocks if ":" in block] or [_ANY6]) if cluster.ipv6 else []
    yield from _cni(cluster)
    for source in (*four, *six):
        yield rule("tcp", 30000, 32767, source, "Node Port Services", declared)
    yield from _each("Kubelet API", 10250, (_group(cluster, "controlplane"), _group(cluster, "node")))
    yield from _ssh(cluster)
    yield from _custom(cluster, "additionalNodeIngressRules")


def _eks_additional(cluster: AwsCluster) -> Iterator[Rule]:
    """The rules as they are written: neither roles nor NAT addresses are looked up here, and no source is no rule."""
    for entry in map(mapping, sequence(dig(cluster.infra.spec, "network", "additionalControlPlaneIngressRules"))):
        fields = ("cidrBlocks", "ipv6CidrBlocks", "sourceSecurityGroupIds")
        for source in (text(each) for field in fields for each in sequence(entry.get(field))):
            yield _declared_rule(entry, source, (*_NETWORK, "additionalControlPlaneIngressRules"))
    yield from _ssh(cluster)


def _bastion(cluster: AwsCluster) -> Iterator[Rule]:
    bastion = mapping(cluster.infra.spec.get("bastion"))
    blocks = [text(block) for block in sequence(bastion.get("allowedCIDRBlocks"))]
    if not blocks and bastion.get("disableIngressRules") is not True:
        blocks = [_ANY4, _ANY6]
    for block in blocks:
        if ":" not in block or cluster.ipv6:
            yield rule("tcp", 22, 22, block, "SSH", ("spec", "bastion", "allowedCIDRBlocks"))


def _apiserver_lb(cluster: AwsCluster) -> Iterator[Rule]:
    port = _api_server_port(cluster)
    custom = [
        (entry, ("spec", name, "ingressRules"))
        for name in _BALANCERS
        for entry in map(mapping, sequence(dig(cluster.infra.spec, name, "ingressRules")))
    ]
    yield from _kubelet_to_lb(cluster, port)
    for entry, declared in custom:
        yield from _processed(cluster, entry, declared)
    if not custom:
        yield from _anywhere(cluster, port)


def _kubelet_to_lb(cluster: AwsCluster, port: int) -> Iterator[Rule]:
    """The way of the nodes to the API: from inside the VPC, or through the NAT gateways."""
    if text(dig(cluster.infra.spec, "controlPlaneLoadBalancer", "scheme")).lower() == "internal":
        yield from _within_vpc(cluster, "Kubernetes API", port, "Kubernetes API IPv6")
        return
    addresses = _nat_addresses(cluster)
    if not addresses:
        yield from _anywhere(cluster, port)
    for address in addresses:
        yield rule("tcp", port, port, f"{address}/32", "Kubernetes API")


def _anywhere(cluster: AwsCluster, port: int) -> Iterator[Rule]:
    yield rule("tcp", port, port, _ANY4, "Kubernetes API", (*_BALANCER, "ingressRules"))
    if cluster.ipv6:
        yield rule("tcp", port, port, _ANY6, "Kubernetes API IPv6", (*_BALANCER, "ingressRules"))


def _within_vpc(cluster: AwsCluster, name: str, port: int, name6: str) -> Iterator[Rule]:
    block = text(dig(cluster.infra.spec, "network", "vpc", "cidrBlock"))
    if not block:
        raise NotYetKnown("spec.network.vpc.cidrBlock is not filled in yet")
    yield rule("tcp", port, port, block, name, (*_NETWORK, "vpc", "cidrBlock"))
    block6 = text(dig(cluster.infra.spec, "network", "vpc", "ipv6", "cidrBlock"))
    if block6:
        yield rule("tcp", port, port, block6, name6, (*_NETWORK, "vpc", "ipv6", "cidrBlock"))


def _lb(cluster: AwsCluster) -> Iterator[Rule]:
    """Only for network load balancers, and only when the group is made: afterwards it is the cloud provider's."""
    balancers = [mapping(cluster.infra.spec.get(name)) for name in _BALANCERS]
    opened = False
    for balancer in balancers:
        if text(balancer.get("loadBalancerType")) != "nlb":
            continue
        name = "Allow NLB traffic to the control plane instances."
        if not opened:
            yield from _nlb(cluster, balancer, name, _api_server_port(cluster))
            opened = True
        for listener in map(mapping, sequence(balancer.get("additionalListeners"))):
            port = listener.get("port")
            if isinstance(port, int):
                yield from _nlb(cluster, balancer, f"{name[:-1]} on port {port}.", port)


def _nlb(cluster: AwsCluster, balancer: JsonObject, name: str, port: int) -> Iterator[Rule]:
    if balancer.get("preserveClientIP") is not True:
        yield from _within_vpc(cluster, name, port, name)
        return
    yield rule("tcp", port, port, _ANY4, name)
    if cluster.ipv6:
        yield rule("tcp", port, port, _ANY6, name)


_BY_ROLE: Mapping[str, Callable[[AwsCluster], Iterator[Rule]]] = {
    "apiserver-lb": _apiserver_lb,
    "bastion": _bastion,
    "controlplane": _controlplane,
    "lb": _lb,
    "node": _node,
    "node-eks-additional": _eks_additional,
}


def _cni(cluster: AwsCluster) -> Iterator[Rule]:
    cni = dig(cluster.infra.spec, "network", "cni")
    entries: Iterable[Json] = _DEFAULT_CNI if cni is None else sequence(dig(cni, "cniIngressRules"))
    sources = (_group(cluster, "controlplane"), _group(cluster, "node"))
    for entry in map(mapping, entries):
        for source in sources:
            yield _declared_rule(entry, source, (*_NETWORK, "cni"))


def _ssh(cluster: AwsCluster) -> Iterator[Rule]:
    if dig(cluster.infra.spec, "bastion", "enabled") is True:
        yield rule("tcp", 22, 22, _group(cluster, "bastion"), "SSH", ("spec", "bastion", "enabled"))


def _custom(cluster: AwsCluster, name: str) -> Iterator[Rule]:
    for entry in map(mapping, sequence(dig(cluster.infra.spec, "network", name))):
        yield from _processed(cluster, entry, (*_NETWORK, name))


def _processed(cluster: AwsCluster, entry: JsonObject, declared: tuple[str, ...]) -> Iterator[Rule]:
    """One rule of the spec, a row per source (processIngressRulesSGs, then expandIngressRules)."""
    for source in _spec_sources(cluster, entry):
        yield rule(
            entry.get("protocol"),
            entry.get("fromPort"),
            entry.get("toPort"),
            source,
            entry.get("description"),
            declared,
        )


def _declared_rule(entry: JsonObject, source: str, declared: tuple[str, ...]) -> Rule:
    ports = entry.get("fromPort"), entry.get("toPort")
    return rule(entry.get("protocol"), *ports, source, entry.get("description"), declared)


def _spec_sources(cluster: AwsCluster, entry: JsonObject) -> list[str]:
    blocks = [text(block) for block in sequence(entry.get("cidrBlocks"))]
    blocks6 = [text(block) for block in sequence(entry.get("ipv6CidrBlocks"))]
    groups = [text(group) for group in sequence(entry.get("sourceSecurityGroupIds"))]
    roles = [text(role) for role in sequence(entry.get("sourceSecurityGroupRoles"))]
    if entry.get("natGatewaysIPsSource") is True:
        addresses = _nat_addresses(cluster)
        if not addresses:
            raise NotYetKnown("status.networkStatus.natGatewaysIPs is not filled in yet")
        return [*(f"{address}/32" for address in addresses), *blocks6, *groups]
    if blocks or blocks6:
        return [*blocks, *blocks6, *groups]
    if not groups and not roles:
        return [_group(cluster, "controlplane")]
    return sorted({*groups, *(_group(cluster, role) for role in roles)})


def _group(cluster: AwsCluster, role: str) -> str:
    group = cluster.security_groups.get(role)
    if not group:
        raise NotYetKnown(f"status.networkStatus.securityGroups has no {role} group yet")
    return group


def _nat_addresses(cluster: AwsCluster) -> list[str]:
    return [text(address) for address in sequence(dig(cluster.infra.status, "networkStatus", "natGatewaysIPs"))]


def _api_server_port(cluster: AwsCluster) -> int:
    port = dig(cluster.cluster.spec, "clusterNetwork", "apiServerPort")
    return port if isinstance(port, int) and port else API_PORT


def _each(description: str, port: int, sources: Iterable[str]) -> Iterator[Rule]:
    for source in sources:
        yield rule("tcp", port, port, source, description)
