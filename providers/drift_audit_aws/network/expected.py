"""What CAPA keeps of a VPC, its gateways, route tables and endpoints.

Source, where no other is named: CAPA v2.13.0 pkg/cloud/services/network.
"""

from __future__ import annotations

from drift_audit.model.values import Observed, Present, dig, mapping, sequence, text
from drift_audit_aws.network.comparers import canonical
from drift_audit_aws.network.layout import associated_subnets, layout
from drift_audit_aws.network.routes import expected_routes, routes_of
from drift_audit_aws.network.seen import all_seen, unlisted
from drift_audit_aws.network.subnets import Subnet, declared_subnets, first_public
from drift_audit_aws.resource_types import (
    CARRIER_GATEWAY,
    EGRESS_GATEWAY,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    ROUTE_TABLE,
    SUBNET,
    VPC,
)
from drift_audit_aws.subject import Subject
from drift_audit_aws.tagging import chosen_name

_NAMES = {
    VPC: "vpc",
    INTERNET_GATEWAY: "igw",
    CARRIER_GATEWAY: "igw",
    EGRESS_GATEWAY: "eigw",
    NAT_GATEWAY: "nat",
}


def common_role(subject: Subject) -> Observed | None:
    return Present("common")


def switched_on(subject: Subject) -> Observed | None:
    return Present(True)


def network_name_tag(subject: Subject) -> Observed | None:
    name = f"{subject.cluster.key.name}-{_NAMES[subject.resource.key.type]}"
    return chosen_name(subject) or Present(name)


def own_vpc(subject: Subject) -> Observed | None:
    return Present(subject.cluster.vpc_id)


def secondary_cidrs(subject: Subject) -> Observed | None:
    """The declared blocks by their one spelling."""
    entries = map(mapping, sequence(dig(subject.cluster.infra.spec, "network", "vpc", "secondaryCidrBlocks")))
    blocks = [text(entry.get("ipv4CidrBlock")) for entry in entries]
    return Present({canonical(block): block for block in blocks if block}) if blocks else None


def unrecorded_subnets(subject: Subject) -> Observed | None:
    """Block by name of the subnets that CAPA has not recorded yet."""
    waiting = [subnet for subnet in declared_subnets(subject.cluster) if not subnet.resource_id]
    if not waiting:
        return None
    return unlisted(subject, SUBNET) or Present({subnet.id: subnet.cidr or subnet.cidr6 for subnet in waiting})


def s3_service(subject: Subject) -> Observed | None:
    """The endpoint that CAPA makes where bootstrap data lie in a bucket (vpc.go, reconcileVPCEndpoints)."""
    wanted = subject.cluster.infra.spec.get("s3Bucket") is not None and bool(_tables(subject))
    return Present(f"com.amazonaws.{subject.cluster.region}.s3") if wanted else None


def endpoint_route_tables(subject: Subject) -> Observed | None:
    return Present(sorted(_tables(subject))) if s3_service(subject) is not None else None


def _tables(subject: Subject) -> set[str]:
    return {subnet.route_table for subnet in declared_subnets(subject.cluster) if subnet.route_table}


def no_items(subject: Subject) -> Observed | None:
    return Present({})


def no_default_rules(subject: Subject) -> Observed | None:
    """Rules are looked at only where the spec asks for an empty group."""
    asked = dig(subject.cluster.infra.spec, "network", "vpc", "emptyRoutesDefaultVPCSecurityGroup") is True
    return Present({}) if asked else None


def nat_addresses(subject: Subject) -> Observed | None:
    """The addresses in the status, for the gateways that CAPA takes them from (natgateways.go)."""
    known = sequence(dig(subject.cluster.infra.status, "networkStatus", "natGatewaysIPs"))
    subnet = text(subject.resource.attributes.get("SubnetId"))
    counted = any(subnet == each.resource_id for each in first_public(all_seen(subject)).values())
    chosen = subject.index.ask(layout).nat_gateways.get(subnet)
    entries = map(mapping, sequence(subject.resource.attributes.get("NatGatewayAddresses")))
    public = any(entry.get("PublicIp") for entry in entries)
    if not known or not counted or not public or chosen is None or chosen.key != subject.resource.key:
        return None
    return unlisted(subject, ROUTE_TABLE, NAT_GATEWAY, SUBNET) or Present(known)


def table_routes(subject: Subject) -> Observed | None:
    """Target by destination. Where several would do and one of them is there, that one."""
    lacking = unlisted(subject, SUBNET, NAT_GATEWAY, INTERNET_GATEWAY, EGRESS_GATEWAY, CARRIER_GATEWAY)
    if lacking is not None:
        return lacking
    has = {route.destination: route.target for route in routes_of(subject.resource)}
    wants = expected_routes(subject)
    return Present({destination: _chosen(has.get(destination, ""), targets) for destination, targets in wants.items()})


def _chosen(actual: str, targets: object) -> str:
    some = [text(target) for target in sequence(targets if isinstance(targets, list) else [])]
    return actual if actual in some else some[0]


def table_name_tag(subject: Subject) -> Observed | None:
    """`CLUSTER-rt-private-ZONE`; nothing to compare while subnets that use the table would name it differently."""
    chosen = chosen_name(subject)
    if chosen is not None:
        return chosen
    lacking = unlisted(subject, NAT_GATEWAY, SUBNET)
    if lacking is not None:
        return lacking
    users = set(associated_subnets(subject.resource))
    names = {_table_name(subject, each) for each in all_seen(subject) if each.resource_id in users}
    declared = {_table_name(subject, each) for each in declared_subnets(subject.cluster) if each.resource_id in users}
    return Present(names.pop()) if len(names) == 1 and names == declared else None


def _table_name(subject: Subject, subnet: Subnet) -> str:
    return f"{subject.cluster.key.name}-rt-{subnet.role}-{subnet.zone}"
