"""The load balancers in front of a cluster's API server: which there are, and what they are called.

Source, where no other is named: CAPA v2.13.0 pkg/cloud/services/elb/loadbalancer.go, ELBName, LBName, GenerateELBName
and ReconcileLoadbalancers; controllers/awscluster_controller.go, reconcileLoadBalancer.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Iterator
from dataclasses import dataclass

from drift_audit.model.values import JsonObject, dig, mapping, text
from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.resource_types import BALANCER, CLASSIC_BALANCER

CLASSIC, DISABLED = "classic", "disabled"
AWS_TYPES = {"nlb": "network", "alb": "application", "elb": "gateway"}
"""What AWS calls the types of the spec (createLB)."""

PRIMARY, SECONDARY = "controlPlaneLoadBalancer", "secondaryControlPlaneLoadBalancer"
_STATUS = {PRIMARY: "apiServerElb", SECONDARY: "secondaryAPIServerELB"}
_DEFAULT_TYPES = {PRIMARY: CLASSIC, SECONDARY: "nlb"}
"""The webhook's (api/v1beta2/defaults.go, SetDefaults_AWSClusterSpec)."""

_LONGEST_NAME = 32
_HASH_BYTES = 28
_BASE36 = string.digits + string.ascii_lowercase


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiBalancer:
    """One load balancer of an AWSCluster's spec."""

    cluster: AwsCluster
    field: str
    """`controlPlaneLoadBalancer` or `secondaryControlPlaneLoadBalancer`."""
    kind: str
    """`classic`, `nlb`, `alb` or `elb`."""
    name: str
    recorded: bool
    """True when the status has it: CAPA has seen it in AWS."""

    @property
    def type(self) -> str:
        """Our resource type."""
        return CLASSIC_BALANCER if self.kind == CLASSIC else BALANCER

    @property
    def spec(self) -> JsonObject:
        return mapping(self.cluster.infra.spec.get(self.field))

    @property
    def status(self) -> JsonObject:
        return mapping(dig(self.cluster.infra.status, "networkStatus", _STATUS[self.field]))

    @property
    def primary(self) -> bool:
        return self.field == PRIMARY

    @property
    def network(self) -> bool:
        return self.kind == "nlb"

    @property
    def scheme(self) -> str:
        return text(self.spec.get("scheme")) or "internet-facing"

    @property
    def path(self) -> str:
        """The field that names it."""
        if self.recorded:
            return f"status.networkStatus.{_STATUS[self.field]}.name"
        return f"spec.{self.field}.name" if self.spec.get("name") else f"spec.{self.field}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerBalancer:
    """A load balancer that only the status still names: the spec asks for another type by now."""

    type: str
    name: str
    path: str


def api_balancers(cluster: AwsCluster) -> tuple[ApiBalancer, ...]:
    """Those that should be there by now: CAPA has recorded them, or the endpoint that they give is set.

    With the endpoint set CAPA never makes a load balancer again, so that one that is lacking then is missing. The
    primary one `disabled` turns the secondary one off too.
    """
    return tuple(found for found in _declared(cluster) if found.recorded or endpoint_host(cluster))


def awaited(cluster: AwsCluster) -> bool:
    """True while the spec asks for a load balancer and neither status nor endpoint tell of one."""
    return bool([*_declared(cluster)]) and not api_balancers(cluster)


def endpoint_host(cluster: AwsCluster) -> str:
    return text(dig(cluster.infra.spec, "controlPlaneEndpoint", "host"))


def former_balancers(cluster: AwsCluster) -> Iterator[FormerBalancer]:
    """Those of the status that are none of the spec's any more."""
    current = {(found.type, found.name) for found in _declared(cluster)}
    for field, recorded in _STATUS.items():
        status = mapping(dig(cluster.infra.status, "networkStatus", recorded))
        name = text(status.get("name"))
        kind = text(status.get("loadBalancerType")) or _kind(cluster, field) or CLASSIC
        resource_type = CLASSIC_BALANCER if kind == CLASSIC else BALANCER
        if name and (resource_type, name) not in current:
            yield FormerBalancer(type=resource_type, name=name, path=f"status.networkStatus.{recorded}.name")


def _declared(cluster: AwsCluster) -> Iterator[ApiBalancer]:
    if cluster.infra.kind != "AWSCluster" or _kind(cluster, PRIMARY) == DISABLED:
        return
    for field in (PRIMARY, SECONDARY):
        kind = _kind(cluster, field)
        if kind:
            recorded = _recorded_name(cluster, field, kind)
            yield ApiBalancer(
                cluster=cluster,
                field=field,
                kind=kind,
                name=recorded or _name(cluster, field, kind),
                recorded=bool(recorded),
            )


def _kind(cluster: AwsCluster, field: str) -> str:
    """The type; empty for a secondary one that nobody asks for."""
    spec = cluster.infra.spec.get(field)
    if spec is None and field == SECONDARY:
        return ""
    return text(mapping(spec).get("loadBalancerType")) or _DEFAULT_TYPES[field]


def _recorded_name(cluster: AwsCluster, field: str, kind: str) -> str:
    """Of the status, unless it tells of a load balancer of another type."""
    status = mapping(dig(cluster.infra.status, "networkStatus", _STATUS[field]))
    return text(status.get("name")) if text(status.get("loadBalancerType")) in ("", kind) else ""


def _name(cluster: AwsCluster, field: str, kind: str) -> str:
    chosen = text(mapping(cluster.infra.spec.get(field)).get("name"))
    if chosen:
        return chosen
    return generated_name(cluster.key.name if kind == CLASSIC else f"{cluster.key.namespace}-{cluster.key.name}")


def generated_name(cluster_name: str) -> str:
    """What CAPA calls a load balancer that nobody named; for a long name a hash of it."""
    plain = f"{cluster_name.replace('.', '-')}-apiserver"
    return plain if len(plain) <= _LONGEST_NAME else f"{_base36_hash(cluster_name)}-k8s"


def _base36_hash(name: str) -> str:
    """Source: CAPA pkg/hash/base36.go, Base36TruncatedHash."""
    digest = hashlib.blake2b(name.encode(), digest_size=_HASH_BYTES).digest()
    return "".join(_BASE36[byte % len(_BASE36)] for byte in digest)
