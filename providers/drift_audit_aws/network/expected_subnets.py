"""What CAPA keeps of a subnet, and what it gave it once.

Source: CAPA v2.13.0 pkg/cloud/services/network/subnets.go, createSubnet and getSubnetTagParams.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping

from drift_audit.model.values import Observed, Present, Unknown, dig, text
from drift_audit_aws.network.layout import layout
from drift_audit_aws.network.seen import all_seen, seen, unlisted
from drift_audit_aws.network.subnets import Subnet, declared_subnets, first_public, subnet_of
from drift_audit_aws.ownership import NAME_TAG, OWNED, ROLE_TAG, cloud_provider_tag, owned_tag
from drift_audit_aws.resource_types import NAT_GATEWAY, ROUTE_TABLE, SUBNET
from drift_audit_aws.subject import Subject
from drift_audit_aws.tagging import additional_tags

PUBLIC_BALANCERS, INTERNAL_BALANCERS = "kubernetes.io/role/elb", "kubernetes.io/role/internal-elb"
SHARED = "shared"

_KEPT_BY_AWS = 5
"""Addresses of every subnet that AWS keeps for itself (Amazon VPC user guide, subnet CIDR blocks)."""
_ENOUGH = 16
"""Free addresses below which a rollout of a few nodes, each with the interfaces of its CNI, no longer fits."""


def subnet_public(subject: Subject) -> Observed | None:
    subnet = subnet_of(subject)
    return Present(subnet.public) if subnet is not None else None


def named_role(subject: Subject) -> Observed | None:
    """What CAPA made the subnet as: it calls the subnets that nobody declared by their role (getDefaultSubnets)."""
    subnet = subnet_of(subject)
    role = _made_as(subject, subnet) if subnet is not None else ""
    return Present(role) if role else None


def _made_as(subject: Subject, subnet: Subnet) -> str:
    names = {f"{subject.cluster.key.name}-subnet-{role}-{subnet.zone}": role for role in ("public", "private")}
    return names.get(subnet.id, "")


def public_addresses(subject: Subject) -> Observed | None:
    """Whether instances get a public address; CAPA switches it on when it makes a public subnet."""
    subnet = subnet_of(subject)
    if subnet is None or not subnet.made_by_capa:
        return None
    if subnet.public:
        later = subnet.wavelength or _made_as(subject, subnet) == "private"
        return None if later else Present(True)
    return Present(False)


def ipv6_addresses(subject: Subject) -> Observed | None:
    subnet = subnet_of(subject)
    return Present(True) if subnet is not None and subnet.made_by_capa and subnet.ipv6 else None


def dns64(subject: Subject) -> Observed | None:
    """Only where instances have nothing but IPv6."""
    subnet = subnet_of(subject)
    alone = subnet is not None and subnet.made_by_capa and subnet.ipv6 and not subnet.public and not subnet.cidr
    return Present(True) if alone else None


def hostname_type(subject: Subject) -> Observed | None:
    subnet = subnet_of(subject)
    asked = text(dig(subject.cluster.infra.spec, "network", "vpc", "privateDnsHostnameTypeOnLaunch"))
    return Present(asked) if asked and subnet is not None and subnet.made_by_capa else None


def spec_zone(subject: Subject) -> Observed | None:
    subnet = subnet_of(subject)
    return Present(subnet.zone) if subnet is not None and subnet.zone else None


def spec_cidr(subject: Subject) -> Observed | None:
    subnet = subnet_of(subject)
    return Present(subnet.cidr) if subnet is not None and subnet.cidr else None


def spec_cidr6(subject: Subject) -> Observed | None:
    subnet = subnet_of(subject)
    return Present(subnet.cidr6) if subnet is not None and subnet.cidr6 else None


def spec_route_table(subject: Subject) -> Observed | None:
    subnet = subnet_of(subject)
    return Present(subnet.route_table) if subnet is not None and subnet.route_table else None


def zone_nat_gateway(subject: Subject) -> Observed | None:
    """Where CAPA keeps the NAT gateway of a zone and the spec names none any more, or none yet."""
    subnet = subnet_of(subject)
    if subnet is None or subnet.nat_gateway or not subject.cluster.ready:
        return None
    lacking = unlisted(subject, ROUTE_TABLE, NAT_GATEWAY, SUBNET)
    if lacking is not None:
        return lacking
    chosen = first_public(all_seen(subject)).get(subnet.zone)
    return Present("a NAT gateway") if chosen is not None and chosen.resource_id == subnet.resource_id else None


def subnet_role_tag(subject: Subject) -> Observed | None:
    return _of_seen(subject, lambda subnet: subnet.role)


def subnet_name_tag(subject: Subject) -> Observed | None:
    """The spec's own, else the cluster's, else that of zone and role."""
    subnet = subnet_of(subject)
    if subnet is None:
        return None
    additional = dig(subject.cluster.infra.spec, "additionalTags", NAME_TAG)
    chosen = subnet.tags.get(NAME_TAG) or text(additional)
    if chosen:
        return Present(chosen)
    return _of_seen(subject, lambda each: f"{subject.cluster.key.name}-subnet-{each.role}-{each.zone}")


def subnet_cloud_provider_tag(subject: Subject) -> Observed | None:
    subnet = subnet_of(subject)
    key = cloud_provider_tag(subject.cluster.tag_name)
    return Present(subnet.tags.get(key, OWNED)) if subnet is not None else None


def balancer_tag(subject: Subject) -> Observed | None:
    """By this tag the cloud provider chooses subnets for load balancers; edge zones are left out."""
    subnet = subnet_of(subject)
    if subnet is None or subnet.edge:
        return None
    return _of_seen(subject, lambda each: each.tags.get(balancer_key(each), "1"))


def _of_seen(subject: Subject, value: Callable[[Subnet], str]) -> Observed | None:
    subnet = seen(subject)
    return Present(value(subnet)) if isinstance(subnet, Subnet) else subnet


def balancer_key(subnet: Subnet) -> str:
    return PUBLIC_BALANCERS if subnet.public else INTERNAL_BALANCERS


def subnet_additional_tags(subject: Subject) -> Observed | None:
    """The cluster's tags without those that the subnet's own and CAPA's overwrite."""
    subnet, wanted = subnet_of(subject), additional_tags(subject)
    if subnet is None or not isinstance(wanted, Present) or not isinstance(wanted.value, Mapping):
        return None
    kept = subnet.tags.keys() | {PUBLIC_BALANCERS, INTERNAL_BALANCERS}
    return Present({key: value for key, value in wanted.value.items() if key not in kept})


def subnet_own_tags(subject: Subject) -> Observed | None:
    """The tags of the subnet's entry without those that have rows of their own."""
    subnet = subnet_of(subject)
    if subnet is None:
        return None
    told = {
        NAME_TAG,
        ROLE_TAG,
        PUBLIC_BALANCERS,
        INTERNAL_BALANCERS,
        owned_tag(subject.cluster.key.name),
        cloud_provider_tag(subject.cluster.tag_name),
    }
    own = {key: value for key, value in subnet.tags.items() if key not in told}
    return Present(own) if own else None


def shared_tag(subject: Subject) -> Observed | None:
    """What CAPA writes on subnets that were there before, unless it is told or not allowed to: then none has it."""
    if subnet_of(subject) is None:
        return None
    return unlisted(subject, SUBNET) or (Present(SHARED) if _tags_others(subject) else None)


def shared_balancer_tag(subject: Subject) -> Observed | None:
    subnet = subnet_of(subject)
    if subnet is None or subnet.edge:
        return None
    wanted = shared_tag(subject)
    return _of_seen(subject, lambda each: "1") if isinstance(wanted, Present) else wanted


def _tags_others(subject: Subject) -> bool:
    """True when another subnet of the cluster shows that CAPA tags them (feature gate TagUnmanagedNetworkResources)."""
    key = cloud_provider_tag(subject.cluster.tag_name)
    found = subject.index.ask(layout).subnets
    others = {subnet.resource_id for subnet in declared_subnets(subject.cluster)} - {subject.resource.key.id}
    return any(found[other].tags.get(key) == SHARED for other in others if other in found)


def needed_addresses(subject: Subject) -> Observed | None:
    """A tenth of the subnet, and at least 16; of a small one never more than a quarter."""
    block = text(subject.resource.attributes.get("CidrBlock"))
    if subnet_of(subject) is None or not block:
        return None
    try:
        size = ipaddress.ip_network(block, strict=False).num_addresses - _KEPT_BY_AWS
    except ValueError:
        return Unknown(f"the answer of EC2 has no valid block: {block}")
    return Present(min(max(_ENOUGH, size // 10), size // 4))
