"""Whose resource it is: the tags that CAPA writes, and what speaks against calling a resource left over.

Source of the tags: CAPA api/v1beta2/tags.go and its callers. The namespace of a Cluster is in no tag, so two
clusters of one name in one account and region are told apart by their VPC alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drift_audit.clock import moment
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import dig, text

OWNED_TAG_PREFIX = "sigs.k8s.io/cluster-api-provider-aws/cluster/"
OWNED_TAG_PATTERN = f"{OWNED_TAG_PREFIX}*"
CLOUD_PROVIDER_TAG_PREFIX = "kubernetes.io/cluster/"
ROLE_TAG = "sigs.k8s.io/cluster-api-provider-aws/role"
NAME_TAG = "Name"
MACHINE_NAME_TAG = "MachineName"
ASG_TAG = "aws:autoscaling:groupName"
EKS_TAG = "aws:eks:cluster-name"
OWNED = "owned"

GONE_STATES = frozenset({"shutting-down", "terminated"})
"""EC2 lists a terminated instance for about an hour; it is not there any more."""


def owned_tag(cluster_name: str) -> str:
    return OWNED_TAG_PREFIX + cluster_name


def cloud_provider_tag(cluster_name: str) -> str:
    return CLOUD_PROVIDER_TAG_PREFIX + cluster_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The cluster that a resource says it belongs to."""

    name: str
    by_owned_tag: bool
    """False when only the cloud provider's tag is left, together with another mark of CAPA."""


def claims(resource: CloudResource) -> tuple[Claim, ...]:
    """Every cluster that the tags name as owner. `shared` is a guest, not an owner."""
    owned = _names(resource, OWNED_TAG_PREFIX)
    if owned or any(key.startswith(OWNED_TAG_PREFIX) for key in resource.tags):
        return tuple(Claim(name=name, by_owned_tag=True) for name in owned)
    if ROLE_TAG in resource.tags or MACHINE_NAME_TAG in resource.tags:
        return tuple(Claim(name=name, by_owned_tag=False) for name in _names(resource, CLOUD_PROVIDER_TAG_PREFIX))
    return ()


def _names(resource: CloudResource, prefix: str) -> list[str]:
    return sorted(
        key.removeprefix(prefix) for key, value in resource.tags.items() if key.startswith(prefix) and value == OWNED
    )


def state_of(resource: CloudResource) -> str:
    """`running`, `stopped`, ...; empty for what has no state."""
    return text(dig(resource.attributes, "State", "Name"))


def vpc_of(resource: CloudResource) -> str:
    return text(resource.attributes.get("VpcId"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What has to be known besides the resource in order to judge it."""

    now: datetime
    min_age: timedelta
    pools: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """A reason why a tagged resource that no object names is no leftover all the same."""

    why: str
    applies: Callable[[CloudResource, Circumstances], bool]


def _tagged(*keys: str) -> Callable[[CloudResource, Circumstances], bool]:
    return lambda resource, _: any(key in resource.tags for key in keys)


def _too_young(resource: CloudResource, circumstances: Circumstances) -> bool:
    created = moment(resource.created_at)
    return created is not None and circumstances.now - created < circumstances.min_age


def _named(*prefixes: str) -> Callable[[CloudResource, Circumstances], bool]:
    return lambda resource, _: text(resource.attributes.get("GroupName")).startswith(prefixes)


VETOES: tuple[Veto, ...] = (
    Veto(why="it is terminated", applies=lambda resource, _: state_of(resource) in GONE_STATES),
    Veto(why="it is younger than orphan_min_age_minutes", applies=_too_young),
    Veto(
        why="it is a member of the Auto Scaling group of an AWSMachinePool",
        applies=lambda resource, about: resource.tags.get(ASG_TAG, "") in about.pools,
    ),
    Veto(why="it belongs to an EKS node group", applies=_tagged("eks:nodegroup-name", "eks:cluster-name")),
    Veto(
        why="Karpenter made it",
        applies=_tagged("karpenter.sh/nodepool", "karpenter.sh/provisioner-name", "karpenter.k8s.aws/ec2nodeclass"),
    ),
    Veto(
        why="a load balancer controller made it",
        applies=_tagged(
            "kubernetes.io/service-name", "elbv2.k8s.aws/cluster", "service.k8s.aws/stack", "ingress.k8s.aws/stack"
        ),
    ),
    Veto(why="a load balancer controller made it", applies=_named("k8s-elb-", "k8s-traffic-")),
    Veto(why="EKS made it", applies=_tagged(EKS_TAG)),
    Veto(why="EKS made it", applies=_named("eks-cluster-sg-")),
)
"""In this order; the first that applies is the one that is told."""


def veto(resource: CloudResource, circumstances: Circumstances) -> str:
    """Why the resource is no leftover; empty when nothing speaks against it."""
    return next((entry.why for entry in VETOES if entry.applies(resource, circumstances)), "")


def tags_of(resource: CloudResource) -> Mapping[str, str]:
    """The tags without those that AWS keeps for itself."""
    return {key: value for key, value in resource.tags.items() if not key.startswith("aws:")}
