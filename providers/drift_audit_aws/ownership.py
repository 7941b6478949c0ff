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
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit_aws.resource_types import ELASTIC_IP

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

DELETED_STATES = frozenset({"deleting", "deleted"})
"""The same for NAT gateways, endpoints and VPCs."""
DELETING = "Delete in progress"
"""Auto Scaling API reference, AutoScalingGroup, Status: set while the group is being deleted, and only then."""


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


def claims(resource: CloudResource, *, by_cloud_provider_tag: bool = False) -> tuple[Claim, ...]:
    """Every cluster that the tags name as owner. `shared` is a guest, not an owner."""
    owned = _names(resource, OWNED_TAG_PREFIX)
    if owned or any(key.startswith(OWNED_TAG_PREFIX) for key in resource.tags):
        return tuple(Claim(name=name, by_owned_tag=True) for name in owned)
    if by_cloud_provider_tag or ROLE_TAG in resource.tags or MACHINE_NAME_TAG in resource.tags:
        return tuple(Claim(name=name, by_owned_tag=False) for name in _names(resource, CLOUD_PROVIDER_TAG_PREFIX))
    return ()


def _names(resource: CloudResource, prefix: str) -> list[str]:
    return sorted(
        key.removeprefix(prefix) for key, value in resource.tags.items() if key.startswith(prefix) and value == OWNED
    )


def state_of(resource: CloudResource) -> str:
    """`running`, `available`, ...; empty for what has no state."""
    state = resource.attributes.get("State")
    return text(state) if isinstance(state, str) else text(dig(state, "Name"))


def vpc_of(resource: CloudResource) -> str:
    """The VPC that it stands in, or that it is attached to; empty for what is in none.

    A classic load balancer alone spells it `VPCId`.
    """
    attached = map(mapping, sequence(resource.attributes.get("Attachments")))
    named = text(resource.attributes.get("VpcId")) or text(resource.attributes.get("VPCId"))
    return named or next((text(each.get("VpcId")) for each in attached), "")


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


def too_young(resource: CloudResource, circumstances: Circumstances) -> bool:
    created = moment(resource.created_at)
    return created is not None and circumstances.now - created < circumstances.min_age


_SERVICE_TAGS = (
    "kubernetes.io/service-name",
    "elbv2.k8s.aws/cluster",
    "service.k8s.aws/stack",
    "ingress.k8s.aws/stack",
)
"""Of the in-cluster cloud provider and of the AWS Load Balancer Controller, on what they make for a Service."""


def made_for_a_service(resource: CloudResource) -> bool:
    return any(key in resource.tags for key in _SERVICE_TAGS)


def _named(*prefixes: str) -> Callable[[CloudResource, Circumstances], bool]:
    return lambda resource, _: text(resource.attributes.get("GroupName")).startswith(prefixes)


def _attached(resource: CloudResource, _: Circumstances) -> bool:
    """Of a volume: whoever ends the instance decides about it."""
    return any(dig(attachment, "InstanceId") for attachment in sequence(resource.attributes.get("Attachments")))


VETOES: tuple[Veto, ...] = (
    Veto(why="it is terminated", applies=lambda resource, _: state_of(resource) in GONE_STATES),
    Veto(why="it is deleted", applies=lambda resource, _: state_of(resource).casefold() in DELETED_STATES),
    Veto(
        why="it is an address in use: what uses it is judged by itself",
        applies=lambda resource, _: resource.key.type == ELASTIC_IP and bool(resource.attributes.get("AssociationId")),
    ),
    Veto(why="it is being deleted", applies=lambda resource, _: resource.attributes.get("Status") == DELETING),
    Veto(why="it is younger than orphan_min_age_minutes", applies=too_young),
    Veto(why="it is attached to an instance", applies=_attached),
    Veto(
        why="it is a member of the Auto Scaling group of an AWSMachinePool",
        applies=lambda resource, about: resource.tags.get(ASG_TAG, "") in about.pools,
    ),
    Veto(why="it belongs to an EKS node group", applies=_tagged("eks:nodegroup-name", "eks:cluster-name")),
    Veto(
        why="Karpenter made it",
        applies=_tagged("karpenter.sh/nodepool", "karpenter.sh/provisioner-name", "karpenter.k8s.aws/ec2nodeclass"),
    ),
    Veto(why="a load balancer controller made it", applies=_tagged(*_SERVICE_TAGS)),
    Veto(why="a load balancer controller made it", applies=_named("k8s-elb-", "k8s-traffic-")),
    Veto(
        why="a CSI driver made it for a persistent volume",
        applies=_tagged("ebs.csi.aws.com/cluster", "CSIVolumeName", "kubernetes.io/created-for/pv/name"),
    ),
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
