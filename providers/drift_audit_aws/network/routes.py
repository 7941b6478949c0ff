"""The routes that CAPA gives the subnets of a VPC of its own, and those that a table has.

Source: CAPA v2.13.0 pkg/cloud/services/network/routetables.go, getRoutesForSubnet, and natgateways.go,
getNatGatewayForSubnet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import JsonObject, dig, mapping, sequence, text
from drift_audit_aws.network.keeping import built, kept
from drift_audit_aws.network.layout import associated_subnets, layout
from drift_audit_aws.network.subnets import Subnet, declared_subnets, seen_subnets
from drift_audit_aws.resource_types import CARRIER_GATEWAY, EGRESS_GATEWAY
from drift_audit_aws.subject import CloudIndex, Subject

ANY4, ANY6, NAT64 = "0.0.0.0/0", "::/0", "64:ff9b::/96"
DEFAULTS = frozenset({ANY4, ANY6, NAT64})

_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_COMPARED4 = ("GatewayId", "NatGatewayId")
_COMPARED6 = (*_COMPARED4, "EgressOnlyInternetGatewayId")
"""The targets that CAPA compares and puts back, by the family of the destination (fixMismatchedRouting)."""
_OTHERS = (
    "EgressOnlyInternetGatewayId",
    "CarrierGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "InstanceId",
    "NetworkInterfaceId",
    "LocalGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One entry of a route table."""

    destination: str
    target: str
    compared: bool
    """True when CAPA would look at the target and put it back."""
    dead: bool
    """True when EC2 says that the target is not there."""


def routes_of(table: CloudResource) -> tuple[Route, ...]:
    """The routes of a table without those that EC2 keeps itself: to the VPC, and from virtual private gateways."""
    entries = map(mapping, sequence(table.attributes.get("Routes")))
    return tuple(_route(entry) for entry in entries if not _kept_by_ec2(entry))


def _kept_by_ec2(entry: JsonObject) -> bool:
    return entry.get("GatewayId") == "local" or entry.get("Origin") in ("EnableVgwRoutePropagation", "Advertisement")


def _route(entry: JsonObject) -> Route:
    destination = next(filter(None, (text(entry.get(name)) for name in _DESTINATIONS)), "")
    fields = _COMPARED6 if ":" in destination else _COMPARED4
    compared = next(filter(None, (text(entry.get(name)) for name in fields)), "")
    other = next(filter(None, (text(entry.get(name)) for name in _OTHERS)), "a target that EC2 does not name")
    return Route(
        destination=destination,
        target=compared or other,
        compared=bool(compared),
        dead=entry.get("State") == "blackhole",
    )


def expected_routes(subject: Subject) -> Mapping[str, Sequence[str]]:
    """By destination, the targets that the table's subnets ask for; what CAPA could not tell either is left out.

    CAPA gives every subnet a table of its own. Where a person let subnets share one, each of them may have its way.
    A subnet that turns public or private asks for nothing: CAPA makes its routes follow, and the turn is told.
    """
    found: dict[str, list[str]] = {}
    subnets = seen_subnets(subject.cluster, subject.index, managed=built(subject) and kept(subject))
    declared = {subnet.resource_id: subnet.public for subnet in declared_subnets(subject.cluster)}
    users = set(associated_subnets(subject.resource))
    for subnet in subnets:
        if subnet.resource_id in users and subnet.public == declared[subnet.resource_id]:
            for destination, target in _routes_for(subnet, subnets, subject):
                found.setdefault(destination, []).append(target)
    return {destination: targets for destination, targets in found.items() if all(targets)}


def _routes_for(subnet: Subnet, subnets: Sequence[Subnet], subject: Subject) -> Iterator[tuple[str, str]]:
    """(destination, target); an empty target where the gateway is not there."""
    vpc = mapping(dig(subject.cluster.infra.spec, "network", "vpc"))
    if subnet.public and subnet.wavelength:
        yield ANY4, _there(subject, CARRIER_GATEWAY, text(vpc.get("carrierGatewayId")))
        return
    if subnet.public:
        gateway = _internet_gateway(subject.cluster.vpc_id, text(vpc.get("internetGatewayId")), subject.index)
        yield ANY4, gateway
        if subnet.ipv6:
            yield ANY6, gateway
        return
    nat = _nat_gateway(subnet, subnets)
    yield ANY4, nat
    if subnet.ipv6:
        yield ANY6, _there(subject, EGRESS_GATEWAY, text(dig(vpc, "ipv6", "egressOnlyInternetGatewayId")))
        if not subnet.cidr:
            yield NAT64, nat


def _there(subject: Subject, kind: str, gateway: str) -> str:
    """The gateway while it is there: that it is gone is told by itself."""
    return gateway if (kind, gateway) in subject.cloud.resources else ""


def _internet_gateway(vpc: str, named: str, index: CloudIndex) -> str:
    """The named one while it is attached; else the one that CAPA will take over in its place."""
    attached = index.ask(layout).gateways_of_vpcs.get(vpc, ())
    return named if named in attached else next(iter(attached), "")


def _nat_gateway(subnet: Subnet, subnets: Sequence[Subnet]) -> str:
    """That of the zone; in an edge zone that of the parent zone, or else the first of all by zone."""
    by_zone: dict[str, str] = {}
    for other in subnets:
        if other.public and not other.edge and other.nat_gateway:
            by_zone.setdefault(other.zone, other.nat_gateway)
    if subnet.zone in by_zone:
        return by_zone[subnet.zone]
    if not subnet.edge or not by_zone:
        return ""
    return by_zone.get(subnet.parent_zone) or by_zone[min(by_zone)]
