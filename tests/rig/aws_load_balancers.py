"""The load balancers that CAPA would have made in front of an API server: real boto3 calls over HTTP against moto.

Names, listeners, target groups, attributes and tags are written down here a second time, from CAPA v2.13.0
(pkg/cloud/services/elb/loadbalancer.go), and not taken from the provider that the tests are about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TAG = "sigs.k8s.io/cluster-api-provider-aws/cluster/"
ROLE = "sigs.k8s.io/cluster-api-provider-aws/role"
FIELDS = {"controlPlaneLoadBalancer": "apiServerElb", "secondaryControlPlaneLoadBalancer": "secondaryAPIServerELB"}
"""The status field by that of the spec."""
API_PORT = 6443

_TYPES = {"nlb": "network", "alb": "application"}
_NUMBERS = (
    ("HealthCheckIntervalSeconds", "intervalSeconds", 5),
    ("HealthCheckTimeoutSeconds", "timeoutSeconds", 4),
    ("HealthyThresholdCount", "thresholdCount", 2),
    ("UnhealthyThresholdCount", "unhealthyThresholdCount", 6),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """One load balancer, as AWS and the status of the AWSCluster have it."""

    name: str
    kind: str
    """`classic`, `nlb`, ...: of the spec."""
    dns_name: str
    status: Mapping[str, Any]
    arn: str = ""
    target_groups: Mapping[int, str] = field(default_factory=dict)
    """Name by port of the listener."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the load balancers are to stand, and before what."""

    namespace: str
    name: str
    """Of the cluster."""
    spec: Mapping[str, Any]
    """`AWSCluster.spec` as declared."""
    vpc_id: str
    subnets: Mapping[str, Sequence[str]]
    """By `public` and `private`, one for each zone."""
    group: str
    """The security group of role apiserver-lb."""
    control_plane: Sequence[str]
    """Ids of the control-plane instances."""


def build_balancers(elb: Any, elbv2: Any, site: Site) -> dict[str, Balancer]:
    """Those that the spec asks for, by its field."""
    return {field: _build(elb, elbv2, site, spec) for field, spec in _specs(site)}


def balancer_status(balancers: Mapping[str, Balancer]) -> dict[str, Any]:
    """What CAPA notes of them in `AWSCluster.status.networkStatus`."""
    return {FIELDS[field]: dict(found.status) for field, found in balancers.items()}


def _specs(site: Site) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, default in zip(FIELDS, ("classic", "nlb"), strict=True):
        spec = site.spec.get(name, {} if default == "classic" else None)
        if spec is not None and spec.get("loadBalancerType") != "disabled":
            yield name, {"loadBalancerType": default, "scheme": "internet-facing", **spec}


def _build(elb: Any, elbv2: Any, site: Site, spec: Mapping[str, Any]) -> Balancer:
    if spec["loadBalancerType"] == "classic":
        return _classic(elb, site, spec)
    return _newer(elbv2, site, spec)


def _classic(elb: Any, site: Site, spec: Mapping[str, Any]) -> Balancer:
    name = spec.get("name") or _generated(site.name)
    protocol = spec.get("healthCheckProtocol", "TCP")
    listener = {"Protocol": "TCP", "LoadBalancerPort": API_PORT, "InstanceProtocol": "TCP", "InstancePort": API_PORT}
    tags = _tags(site, name)
    made = elb.create_load_balancer(
        LoadBalancerName=name,
        Listeners=[listener],
        Subnets=_subnets(site, spec),
        SecurityGroups=_groups(site, spec),
        Scheme=spec["scheme"],
        Tags=_listed(tags),
    )
    attributes = {
        "CrossZoneLoadBalancing": {"Enabled": spec.get("crossZoneLoadBalancing", False)},
        "ConnectionSettings": {"IdleTimeout": 600},
    }
    elb.modify_load_balancer_attributes(LoadBalancerName=name, LoadBalancerAttributes=attributes)
    path = "/readyz" if protocol in ("HTTP", "HTTPS") else ""
    elb.configure_health_check(
        LoadBalancerName=name,
        HealthCheck={
            "Target": f"{protocol}:{API_PORT}{path}",
            "Interval": 5,
            "Timeout": 4,
            "HealthyThreshold": 2,
            "UnhealthyThreshold": 6,
        },
    )
    if site.control_plane:
        instances = [{"InstanceId": instance} for instance in site.control_plane]
        elb.register_instances_with_load_balancer(LoadBalancerName=name, Instances=instances)
    status = _status(site, spec, name, made["DNSName"], tags)
    return Balancer(name=name, kind="classic", dns_name=made["DNSName"], status=status)


def _newer(elbv2: Any, site: Site, spec: Mapping[str, Any]) -> Balancer:
    kind = spec["loadBalancerType"]
    name = spec.get("name") or _generated(f"{site.namespace}-{site.name}")
    tags = _tags(site, name)
    made = elbv2.create_load_balancer(
        Name=name,
        Subnets=_subnets(site, spec),
        SecurityGroups=_groups(site, spec),
        Scheme=spec["scheme"],
        Type=_TYPES[kind],
        IpAddressType="dualstack" if _ipv6(site) else "ipv4",
        Tags=_listed(tags),
    )["LoadBalancers"][0]
    attributes = {"load_balancing.cross_zone.enabled": str(spec.get("crossZoneLoadBalancing", False)).lower()}
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=made["LoadBalancerArn"], Attributes=_listed(attributes))
    groups = {
        entry["port"]: _listener(elbv2, site, spec, made["LoadBalancerArn"], entry, tags) for entry in _listeners(spec)
    }
    # moto calls a load balancer active only from the second look on.
    elbv2.describe_load_balancers(Names=[name])
    return Balancer(
        name=name,
        kind=kind,
        dns_name=made["DNSName"],
        arn=made["LoadBalancerArn"],
        target_groups=groups,
        status={**_status(site, spec, name, made["DNSName"], tags), "arn": made["LoadBalancerArn"]},
    )


def _listeners(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    protocol = spec.get("healthCheckProtocol", "TCP")
    api: dict[str, Any] = {"protocol": protocol, "port": str(API_PORT), **spec.get("healthCheck", {})}
    if protocol in ("HTTP", "HTTPS"):
        api["path"] = "/readyz"
    shared = {"targetGroupIPType": spec["targetGroupIPType"]} if "targetGroupIPType" in spec else {}
    yield {"port": API_PORT, "prefix": "apiserver-target-", "healthCheck": api, **shared}
    for entry in spec.get("additionalListeners", ()):
        yield {"prefix": "additional-listener-", **entry}


def _listener(
    elbv2: Any, site: Site, spec: Mapping[str, Any], balancer: str, entry: Mapping[str, Any], tags: Mapping[str, str]
) -> str:
    """The name of the target group behind the listener."""
    port, check = entry["port"], entry.get("healthCheck", {})
    name = f"{entry['prefix']}{_letters(balancer, port)}"
    path = {"HealthCheckPath": check["path"]} if "path" in check else {}
    group = elbv2.create_target_group(
        Name=name,
        Port=port,
        Protocol="TCP",
        VpcId=site.vpc_id,
        IpAddressType=entry.get("targetGroupIPType") or ("ipv6" if _ipv6(site) else "ipv4"),
        HealthCheckEnabled=True,
        HealthCheckProtocol=check.get("protocol", "TCP"),
        HealthCheckPort=check.get("port", str(port)),
        **path,
        **{argument: check.get(key, default) for argument, key, default in _NUMBERS},
        Tags=_listed(tags),
    )["TargetGroups"][0]["TargetGroupArn"]
    attributes = {
        "target_health_state.unhealthy.connection_termination.enabled": "false",
        "target_health_state.unhealthy.draining_interval_seconds": "300",
        # CAPA sends the last one only as "false"; AWS has it on by itself, moto does not.
        "preserve_client_ip.enabled": str(spec.get("preserveClientIP", False)).lower(),
    }
    elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=_listed(attributes))
    action = {"Type": "forward", "TargetGroupArn": group}
    elbv2.create_listener(
        LoadBalancerArn=balancer, Port=port, Protocol="TCP", DefaultActions=[action], Tags=_listed(tags)
    )
    if site.control_plane:
        targets = [{"Id": instance, "Port": port} for instance in site.control_plane]
        elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    return name


def _status(site: Site, spec: Mapping[str, Any], name: str, dns_name: str, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "dnsName": dns_name,
        "scheme": spec["scheme"],
        "subnetIds": _subnets(site, spec),
        "securityGroupIds": _groups(site, spec),
        "tags": dict(tags),
        "loadBalancerType": spec["loadBalancerType"],
    }


def _subnets(site: Site, spec: Mapping[str, Any]) -> list[str]:
    return list(spec.get("subnets", ())) or [*site.subnets["private" if spec["scheme"] == "internal" else "public"]]


def _groups(site: Site, spec: Mapping[str, Any]) -> list[str]:
    return [*spec.get("additionalSecurityGroups", ()), site.group]


def _ipv6(site: Site) -> bool:
    return site.spec.get("network", {}).get("vpc", {}).get("ipv6") is not None


def _tags(site: Site, name: str) -> dict[str, str]:
    return {
        "Name": name,
        **site.spec.get("additionalTags", {}),
        f"{TAG}{site.name}": "owned",
        ROLE: "apiserver",
    }


def _listed(pairs: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(pairs.items())]


def _generated(cluster: str) -> str:
    """`GenerateELBName`: a hash where the name would be longer than 32 letters."""
    plain = f"{cluster.replace('.', '-')}-apiserver"
    if len(plain) <= 32:
        return plain
    digest = hashlib.blake2b(cluster.encode(), digest_size=28).digest()
    return f"{_base36(digest)}-k8s"


def _base36(digest: Iterable[int]) -> str:
    return "".join("0123456789abcdefghijklmnopqrstuvwxyz"[byte % 36] for byte in digest)


def _letters(*of: object) -> str:
    """Five letters, always the same for the same thing, in place of Kubernetes' random suffix."""
    return hashlib.sha256(repr(of).encode()).hexdigest()[:5]
