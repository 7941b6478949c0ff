"""What the network shows, where that takes more than reading one field of EC2's answer."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.model.values import ABSENT, JsonObject, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.network.comparers import canonical
from drift_audit_aws.network.expected_subnets import balancer_key
from drift_audit_aws.network.layout import layout
from drift_audit_aws.network.names import reaches_s3
from drift_audit_aws.network.routes import DEFAULTS, routes_of
from drift_audit_aws.network.seen import seen, unlisted
from drift_audit_aws.network.subnets import Subnet, declared_subnets
from drift_audit_aws.ownership import DELETED_STATES, state_of
from drift_audit_aws.resource_types import NAT_GATEWAY, ROUTE_TABLE, SUBNET, VPC_ENDPOINT
from drift_audit_aws.security_groups.rules import Rule, exploded, shown
from drift_audit_aws.subject import Subject

_THERE = frozenset({"associating", "associated"})
_ATTACHED = frozenset({"available", "attached", "attaching"})
_ALL_TRAFFIC = "-1"


def associated_cidrs(subject: Subject) -> Observed:
    """State by block, of the blocks that are there or on their way."""
    return Present({canonical(block): state for block, state in _blocks(subject, "CidrBlock", "") if state in _THERE})


def ipv6_cidr(subject: Subject) -> Observed:
    """The block of the spec where it is associated; else the one that CAPA would take over."""
    blocks = [block for block, state in _blocks(subject, "Ipv6CidrBlock", "Ipv6") if state == "associated"]
    declared = text(dig(subject.cluster.infra.spec, "network", "vpc", "ipv6", "cidrBlock"))
    same = next((block for block in blocks if canonical(block) == canonical(declared)), "")
    found = same or next(iter(blocks), "")
    return Present(found) if found else ABSENT


def ipv6_pool(subject: Subject) -> Observed:
    """The pool of that block."""
    chosen = ipv6_cidr(subject)
    for entry in map(mapping, sequence(subject.resource.attributes.get("Ipv6CidrBlockAssociationSet"))):
        if isinstance(chosen, Present) and entry.get("Ipv6CidrBlock") == chosen.value and entry.get("Ipv6Pool"):
            return Present(text(entry.get("Ipv6Pool")))
    return ABSENT


def subnet_cidr6(subject: Subject) -> Observed:
    blocks = [block for block, state in _blocks(subject, "Ipv6CidrBlock", "Ipv6") if state == "associated"]
    return Present(blocks[-1]) if blocks else ABSENT


def _blocks(subject: Subject, name: str, prefix: str) -> Iterator[tuple[str, str]]:
    """(block, state) of the associations of a VPC or a subnet."""
    for entry in map(mapping, sequence(subject.resource.attributes.get(f"{prefix}CidrBlockAssociationSet"))):
        yield text(entry.get(name)), text(dig(entry, f"{prefix}CidrBlockState", "State"))


def found_subnets(subject: Subject) -> Observed:
    """Of the subnets that are not recorded, those whose block a subnet of the VPC has: CAPA takes them over by it."""
    lacking = unlisted(subject, SUBNET)
    if lacking is not None:
        return lacking
    there = subject.index.ask(layout).subnets_of_vpcs.get(subject.resource.key.id, ())
    blocks = {text(subnet.attributes.get("CidrBlock")): subnet.key.id for subnet in there}
    waiting = (subnet for subnet in declared_subnets(subject.cluster) if not subnet.resource_id)
    return Present({subnet.id: blocks[subnet.cidr] for subnet in waiting if subnet.cidr in blocks})


def s3_endpoint(subject: Subject) -> Observed:
    """The service of the VPC's gateway endpoint to S3."""
    endpoints = subject.index.ask(layout).endpoints_of_vpcs.get(subject.resource.key.id, ())
    standing = [each for each in endpoints if reaches_s3(each) and state_of(each).casefold() not in DELETED_STATES]
    if standing:
        return Present(text(standing[0].attributes.get("ServiceName")))
    return unlisted(subject, VPC_ENDPOINT) or ABSENT


def attached_vpc(subject: Subject) -> Observed:
    """The VPC that a gateway is attached to."""
    entries = map(mapping, sequence(subject.resource.attributes.get("Attachments")))
    vpcs = [text(entry.get("VpcId")) for entry in entries if entry.get("State") in _ATTACHED]
    if subject.cluster.vpc_id in vpcs:
        return Present(subject.cluster.vpc_id)
    return Present(vpcs[0]) if vpcs else ABSENT


def nat_address(subject: Subject) -> Observed:
    entries = map(mapping, sequence(subject.resource.attributes.get("NatGatewayAddresses")))
    address = next(filter(None, (text(entry.get("PublicIp")) for entry in entries)), "")
    return Present(address) if address else ABSENT


def seen_public(subject: Subject) -> Observed:
    subnet = seen(subject)
    return Present(subnet.public) if isinstance(subnet, Subnet) else subnet or Unknown("the spec does not name it")


def seen_role(subject: Subject) -> Observed:
    subnet = seen(subject)
    return Present(subnet.role) if isinstance(subnet, Subnet) else subnet or Unknown("the spec does not name it")


def balancer_tag(subject: Subject) -> Observed:
    subnet = seen(subject)
    if not isinstance(subnet, Subnet):
        return subnet or ABSENT
    value = subject.resource.tags.get(balancer_key(subnet))
    return ABSENT if value is None else Present(value)


def associated_table(subject: Subject) -> Observed:
    table = subject.index.ask(layout).tables_of_subnets.get(subject.resource.key.id)
    return Present(table.key.id) if table is not None else unlisted(subject, ROUTE_TABLE) or ABSENT


def nat_gateway(subject: Subject) -> Observed:
    gateway = subject.index.ask(layout).nat_gateways.get(subject.resource.key.id)
    return Present(gateway.key.id) if gateway is not None else unlisted(subject, NAT_GATEWAY) or ABSENT


def table_routes(subject: Subject) -> Observed:
    """Target by destination."""
    return Present({route.destination: route.target for route in routes_of(subject.resource)})


def routes_by_gateway(subject: Subject) -> Observed:
    """Those whose target CAPA compares with the one it wants."""
    return Present({route.destination: route.target for route in routes_of(subject.resource) if route.compared})


def routes_by_others(subject: Subject) -> Observed:
    """Those whose target CAPA does not look at."""
    return Present({route.destination: route.target for route in routes_of(subject.resource) if not route.compared})


def dead_routes(subject: Subject) -> Observed:
    """Routes into nothing, but for the default ones: what became of their gateway, or of them, is told by itself."""
    dead = (route for route in routes_of(subject.resource) if route.dead and route.destination not in DEFAULTS)
    return Present({route.destination: route.target for route in dead})


def stock_rules(subject: Subject) -> Observed:
    """The two rules that AWS gives every default group: they are all that CAPA takes away."""
    return _default_rules(subject, stock=True)


def further_rules(subject: Subject) -> Observed:
    return _default_rules(subject, stock=False)


def _default_rules(subject: Subject, *, stock: bool) -> Observed:
    own = subject.resource.key.id
    found: dict[str, str] = {}
    for field, direction, source in (("IpPermissions", "from", own), ("IpPermissionsEgress", "to", "0.0.0.0/0")):
        permissions = subject.resource.attributes.get(field)
        if permissions is None:
            return Unknown(f"the answer of EC2 has no {field}")
        for rule in exploded(permissions):
            if _is_stock(rule, source) is stock:
                said = shown(rule, {own: "the group itself"}, direction)
                found[said] = said
    return Present(dict[str, str | JsonObject](found))


def _is_stock(rule: Rule, source: str) -> bool:
    return rule.protocol == _ALL_TRAFFIC and rule.source == source
