"""The subnets of a cluster: as its spec has them, and as CAPA sees them in AWS before it acts.

CAPA overwrites most of a subnet's entry with what it finds (pkg/cloud/services/network/subnets.go,
reconcileSubnets), and decides about routes, NAT gateways and tags by the overwritten one. Expectations that are to
tell what CAPA will do therefore start from `seen`, not from the spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.network.layout import Layout, layout
from drift_audit_aws.ownership import ROLE_TAG
from drift_audit_aws.subject import CloudIndex, Subject

_AWS_ID = "subnet-"
_EDGE = frozenset({"local-zone", "wavelength-zone"})
_PUBLIC_GATEWAYS = (("GatewayId", "igw"), ("CarrierGatewayId", "cagw-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """One entry of `spec.network.subnets`."""

    id: str
    """What the spec calls it: the id of AWS for a subnet that was there before, else a name."""
    resource_id: str
    """The id of AWS; empty while CAPA has not recorded one."""
    zone: str
    cidr: str
    cidr6: str
    public: bool
    ipv6: bool
    route_table: str
    nat_gateway: str
    tags: Mapping[str, str]
    zone_type: str
    parent_zone: str

    @property
    def made_by_capa(self) -> bool:
        """True unless the spec names a subnet that was there before (api/v1beta2/network_types.go, SubnetSpec.ID)."""
        return not self.id.startswith(_AWS_ID)

    @property
    def edge(self) -> bool:
        """True in a Local or a Wavelength Zone."""
        return self.zone_type in _EDGE

    @property
    def wavelength(self) -> bool:
        return self.zone_type == "wavelength-zone"

    @property
    def role(self) -> str:
        return "public" if self.public else "private"


def declared_subnets(cluster: AwsCluster) -> tuple[Subnet, ...]:
    """The subnets of the spec, in its order."""
    return cluster.ask(_subnets)


def _subnets(cluster: AwsCluster) -> tuple[Subnet, ...]:
    return tuple(_subnet(mapping(entry)) for entry in sequence(dig(cluster.infra.spec, "network", "subnets")))


def _subnet(entry: Mapping[str, object]) -> Subnet:
    def word(name: str) -> str:
        value = entry.get(name)
        return value if isinstance(value, str) else ""

    own = word("id")
    tags = entry.get("tags")
    return Subnet(
        id=own,
        resource_id=word("resourceID") or (own if own.startswith(_AWS_ID) else ""),
        zone=word("availabilityZone"),
        cidr=word("cidrBlock"),
        cidr6=word("ipv6CidrBlock"),
        public=entry.get("isPublic") is True,
        ipv6=entry.get("isIpv6") is True,
        route_table=word("routeTableId"),
        nat_gateway=word("natGatewayId"),
        tags={str(key): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else {},
        zone_type=word("zoneType"),
        parent_zone=word("parentZoneName"),
    )


def subnet_of(subject: Subject) -> Subnet | None:
    """The entry that the compared subnet stands for; `None` for a subnet that the spec does not name."""
    subnets = declared_subnets(subject.cluster)
    return next((subnet for subnet in subnets if subnet.resource_id == subject.resource.key.id), None)


def seen_subnets(cluster: AwsCluster, index: CloudIndex, *, managed: bool) -> tuple[Subnet, ...]:
    """The subnets of the spec as CAPA would overwrite them; those that are not in AWS stay as they are."""
    ways = index.ask(layout)
    return tuple(_seen(subnet, cluster, ways, managed) for subnet in declared_subnets(cluster))


def _seen(subnet: Subnet, cluster: AwsCluster, ways: Layout, managed: bool) -> Subnet:
    found = ways.subnets.get(subnet.resource_id)
    if found is None:
        return subnet
    nat = ways.nat_gateways.get(subnet.resource_id)
    table = ways.tables_of_subnets.get(subnet.resource_id)
    return replace(
        subnet,
        public=is_public(found, cluster, ways, managed),
        nat_gateway=nat.key.id if nat is not None else "",
        route_table=table.key.id if table is not None else "",
    )


def is_public(found: CloudResource, cluster: AwsCluster, ways: Layout, managed: bool) -> bool:
    """Whether CAPA takes the subnet for a public one: by its role tag, or by a route to an internet gateway.

    In a VPC of its own CAPA sees only route tables that carry the cluster's tag (routetables.go,
    describeVpcRouteTables); a subnet without a table of its own uses the VPC's main one.
    """
    if found.tags.get(ROLE_TAG) == "public":
        return True
    table = ways.tables_of_subnets.get(found.key.id)
    if table is None or (managed and not ways.carries_tag(table, cluster.key.name)):
        table = ways.main_tables.get(text(found.attributes.get("VpcId")))
    if table is None or (managed and not ways.carries_tag(table, cluster.key.name)):
        return False
    return _leads_out(sequence(table.attributes.get("Routes")))


def _leads_out(routes: Sequence[object]) -> bool:
    return any(
        str(route.get(field) or "").startswith(prefix)
        for route in routes
        if isinstance(route, Mapping)
        for field, prefix in _PUBLIC_GATEWAYS
    )


def first_public(subnets: Iterable[Subnet]) -> Mapping[str, Subnet]:
    """By zone, the public subnet in which CAPA keeps the zone's NAT gateway (natgateways.go, updateNatGatewayIPs)."""
    found: dict[str, Subnet] = {}
    some = [subnet for subnet in subnets if not subnet.edge and subnet.resource_id]
    private = {subnet.zone for subnet in some if not subnet.public}
    for subnet in some:
        if subnet.public and subnet.zone in private:
            found.setdefault(subnet.zone, subnet)
    return found
