"""Rows about what moto cannot show: answers as EC2 gives them, checked against botocore's model.

The cluster has IPv6, three zones (one of them a Wavelength Zone) and an IPv6-only subnet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from drift_audit.interfaces import Correlation, Fact
from drift_audit.model.fields import FieldRow, ReactionKind
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import ABSENT, Present, Unknown
from drift_audit_aws.parts import declared_path
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount
from tests.rig.aws_state import CCM, ROLE, TAG
from tests.unit.aws.builders import (
    ACCOUNT,
    CORE,
    INFRA,
    REGION,
    capi_object,
    cloud,
    correlated,
    resource,
    settings,
    view,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OWNED = {TAG + "c1": "owned", ROLE: "common", "team": "a"}
SIX = "2001:db8:1:"
ZONES = (f"{REGION}a", f"{REGION}b", f"{REGION}-wl1-a")
_SHAPES = {
    "vpc": "Vpc",
    "subnet": "Subnet",
    "route-table": "RouteTable",
    "internet-gateway": "InternetGateway",
    "egress-only-internet-gateway": "EgressOnlyInternetGateway",
    "carrier-gateway": "CarrierGateway",
    "nat-gateway": "NatGateway",
    "elastic-ip": "Address",
    "vpc-endpoint": "VpcEndpoint",
}
_EC2 = botocore.session.get_session().get_service_model("ec2")

Key = tuple[str, str]


def made(kind: str, resource_id: str, tags: Mapping[str, str], **attributes: Any) -> CloudResource:
    """A resource whose attributes are those of EC2's answer."""
    if kind in _SHAPES:
        report = ParamValidator().validate(attributes, _EC2.shape_for(_SHAPES[kind]))
        assert not report.has_errors(), report.generate_report()
    return resource(kind, resource_id, **attributes, tags=dict(tags))


def _subnet(number: int, role: str, zone: str, cidr: str, **changes: Any) -> CloudResource:
    name = f"c1-subnet-{role}-{zone}" if number < 5 else "six-only"
    edge = "wl1" in zone
    balancer = (
        {} if edge else {"kubernetes.io/role/elb" if role == "public" else "kubernetes.io/role/internal-elb": "1"}
    )
    six = [] if edge else [{"Ipv6CidrBlock": f"{SIX}{number}::/64", "Ipv6CidrBlockState": {"State": "associated"}}]
    return made(
        "subnet",
        f"subnet-{number}",
        {**OWNED, CCM + "c1": "owned", ROLE: role, "Name": name, **balancer},
        SubnetId=f"subnet-{number}",
        VpcId="vpc-1",
        State="available",
        AvailabilityZone=zone,
        **({"CidrBlock": cidr} if cidr else {"Ipv6Native": True}),
        AvailableIpAddressCount=200,
        AssignIpv6AddressOnCreation=not edge,
        Ipv6CidrBlockAssociationSet=six,
        MapPublicIpOnLaunch=role == "public" and not edge,
        EnableDns64=not cidr,
        PrivateDnsNameOptionsOnLaunch={"HostnameType": "resource-name"},
        **changes,
    )


def _table(number: int, role: str, zone: str, *routes: Mapping[str, str]) -> CloudResource:
    return made(
        "route-table",
        f"rtb-{number}",
        {**OWNED, CCM + "c1": "owned", "Name": f"c1-rt-{role}-{zone}"},
        RouteTableId=f"rtb-{number}",
        VpcId="vpc-1",
        Associations=[{"SubnetId": f"subnet-{number}", "RouteTableId": f"rtb-{number}", "Main": False}],
        Routes=[
            {
                "DestinationCidrBlock": "10.0.0.0/16",
                "GatewayId": "local",
                "Origin": "CreateRouteTable",
                "State": "active",
            },
            *({"Origin": "CreateRoute", "State": "active", **route} for route in routes),
        ],
    )


_OUT = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}
_OUT6 = {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1"}
_NAT = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}
_EGRESS = {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1"}
_NAT64 = {"DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": "nat-1"}
_CARRIER = {"DestinationCidrBlock": "0.0.0.0/0", "CarrierGatewayId": "cagw-1"}
_NAT_ADDRESSES = [{"AllocationId": "eipalloc-1", "PublicIp": "192.0.2.1", "NetworkInterfaceId": "eni-1"}]

STANDING = (
    made(
        "vpc",
        "vpc-1",
        {**OWNED, "Name": "c1-vpc"},
        VpcId="vpc-1",
        State="available",
        CidrBlock="10.0.0.0/16",
        Ipv6CidrBlockAssociationSet=[
            {"Ipv6CidrBlock": f"{SIX}:/56", "Ipv6CidrBlockState": {"State": "associated"}, "Ipv6Pool": "Amazon"}
        ],
    ),
    made(
        "vpc-attributes",
        "vpc-1",
        {},
        VpcId="vpc-1",
        EnableDnsHostnames={"Value": True},
        EnableDnsSupport={"Value": True},
    ),
    _subnet(1, "public", ZONES[0], "10.0.1.0/24"),
    _subnet(2, "private", ZONES[0], "10.0.2.0/24"),
    _subnet(3, "public", ZONES[2], "10.0.3.0/24"),
    _subnet(5, "private", ZONES[0], ""),
    _table(1, "public", ZONES[0], _OUT, _OUT6),
    _table(2, "private", ZONES[0], _NAT, _EGRESS),
    _table(3, "public", ZONES[2], _CARRIER),
    _table(5, "private", ZONES[0], _NAT, _EGRESS, _NAT64),
    made(
        "internet-gateway",
        "igw-1",
        {**OWNED, "Name": "c1-igw"},
        InternetGatewayId="igw-1",
        Attachments=[{"VpcId": "vpc-1", "State": "available"}],
    ),
    made(
        "egress-only-internet-gateway",
        "eigw-1",
        {**OWNED, "Name": "c1-eigw"},
        EgressOnlyInternetGatewayId="eigw-1",
        Attachments=[{"VpcId": "vpc-1", "State": "attached"}],
    ),
    made(
        "carrier-gateway",
        "cagw-1",
        {**OWNED, "Name": "c1-igw"},
        CarrierGatewayId="cagw-1",
        VpcId="vpc-1",
        State="available",
    ),
    made(
        "nat-gateway",
        "nat-1",
        {**OWNED, "Name": "c1-nat"},
        NatGatewayId="nat-1",
        SubnetId="subnet-1",
        VpcId="vpc-1",
        State="available",
        NatGatewayAddresses=_NAT_ADDRESSES,
    ),
    made(
        "elastic-ip",
        "eipalloc-1",
        {**OWNED, "Name": "c1-eip-common"},
        AllocationId="eipalloc-1",
        AssociationId="eipassoc-1",
        PublicIp="192.0.2.1",
    ),
)


def _entry(number: int, role: str, zone: str, cidr: str, **more: Any) -> dict[str, Any]:
    edge = "wl1" in zone
    return {
        "id": f"c1-subnet-{role}-{zone}" if number < 5 else "six-only",
        "resourceID": f"subnet-{number}",
        "availabilityZone": zone,
        "zoneType": "wavelength-zone" if edge else "availability-zone",
        "isPublic": role == "public",
        "routeTableId": f"rtb-{number}",
        **({"cidrBlock": cidr} if cidr else {"tags": {"Name": "six-only"}}),
        **({} if edge else {"isIpv6": True, "ipv6CidrBlock": f"{SIX}{number}::/64"}),
        **more,
    }


SPEC: dict[str, Any] = {
    "additionalTags": {"team": "a"},
    "region": REGION,
    "identityRef": {"kind": "AWSClusterControllerIdentity", "name": "default"},
    "controlPlaneLoadBalancer": {"loadBalancerType": "disabled"},
    "network": {
        "vpc": {
            "id": "vpc-1",
            "cidrBlock": "10.0.0.0/16",
            "tags": {**OWNED, "Name": "c1-vpc"},
            "internetGatewayId": "igw-1",
            "carrierGatewayId": "cagw-1",
            "ipv6": {"cidrBlock": f"{SIX}:/56", "poolId": "Amazon", "egressOnlyInternetGatewayId": "eigw-1"},
            "privateDnsHostnameTypeOnLaunch": "resource-name",
        },
        "subnets": [
            _entry(1, "public", ZONES[0], "10.0.1.0/24", natGatewayId="nat-1"),
            _entry(2, "private", ZONES[0], "10.0.2.0/24"),
            _entry(3, "public", ZONES[2], "10.0.3.0/24"),
            _entry(5, "private", ZONES[0], ""),
        ],
    },
}
STATUS = {"ready": True, "networkStatus": {"natGatewaysIPs": ["192.0.2.1"], "securityGroups": {"lb": {"id": "sg-1"}}}}


def objects(spec: Mapping[str, Any] = SPEC, status: Mapping[str, Any] = STATUS) -> list[CapiObject]:
    reference = {"apiGroup": INFRA.split("/")[0], "kind": "AWSCluster", "name": "c1"}
    return [
        capi_object(CORE, "Cluster", "c1", spec={"infrastructureRef": reference}),
        capi_object(INFRA, "AWSCluster", "c1", spec=dict(spec), status=dict(status)),
    ]


def with_vpc(**changes: Any) -> dict[str, Any]:
    network = SPEC["network"]
    return {**SPEC, "network": {**network, "vpc": {**network["vpc"], **changes}}}


def with_subnet(number: int, **changes: Any) -> dict[str, Any]:
    network = SPEC["network"]
    subnets = [
        {**entry, **changes} if entry["resourceID"] == f"subnet-{number}" else entry for entry in network["subnets"]
    ]
    return {**SPEC, "network": {**network, "subnets": subnets}}


class Edited:
    """The standing network with changes of attributes and tags; `None` takes one away."""

    def __init__(self) -> None:
        self.resources: dict[Key, CloudResource] = {(each.key.type, each.key.id): each for each in STANDING}

    def attributes(self, kind: str, resource_id: str, **changes: Any) -> Edited:
        found = self.resources[kind, resource_id]
        merged = {**found.attributes, **changes}
        kept = {name: value for name, value in merged.items() if value is not None}
        self.resources[kind, resource_id] = made(kind, resource_id, found.tags, **kept)
        return self

    def tags(self, kind: str, resource_id: str, changes: Mapping[str, str | None]) -> Edited:
        found = self.resources[kind, resource_id]
        merged = {**found.tags, **changes}
        tags = {key: value for key, value in merged.items() if value is not None}
        self.resources[kind, resource_id] = replace(found, tags=tags)
        return self

    def routes(self, number: int, *routes: Mapping[str, str]) -> Edited:
        return self.attributes("route-table", f"rtb-{number}", Routes=list(routes))

    def without(self, kind: str, resource_id: str) -> Edited:
        del self.resources[kind, resource_id]
        return self

    def adding(self, *more: CloudResource) -> Edited:
        self.resources |= {(each.key.type, each.key.id): each for each in more}
        return self


PROVIDER = AwsProvider(settings(AwsAccount(account=ACCOUNT, identities=("AWSClusterControllerIdentity/default",))))
GROUP = resource("security-group", "sg-1", VpcId="vpc-1")


def seen(
    edited: Edited | None = None, spec: Mapping[str, Any] = SPEC, incomplete: Sequence[str] = ()
) -> tuple[tuple[Fact, ...], Correlation]:
    """The facts about the network, and how it is linked."""
    views = [view(objects(spec))]
    resources = (edited or Edited()).resources.values()
    clouds = [cloud([*resources, GROUP], incomplete=incomplete)]
    correlation = correlated(PROVIDER, views, clouds, NOW)
    placed = [replace(clouds[0], clusters=(correlation.links[0].cluster,))]
    facts = PROVIDER.compare(PROVIDER.rows(), views, placed, correlation.links)
    return tuple(fact for fact in facts if fact.row.resource != "security-group"), correlation


def told(facts: Sequence[Fact]) -> str:
    return "\n".join(f"{fact.row.id} {fact.link.resource} {fact.path} {fact.capi} {fact.cloud}" for fact in facts)


def test_the_standing_network_is_silent() -> None:
    facts, correlation = seen()

    assert told(facts) == ""
    assert not (correlation.absences or correlation.leftovers or correlation.undecided)
    assert {(key.type, key.id) for key in correlation.claimed} >= {(each.key.type, each.key.id) for each in STANDING}


REVERTED, IGNORED, ADOPTED = ReactionKind.REVERTED, ReactionKind.IGNORED, ReactionKind.ADOPTED
OTHER6 = [{"Ipv6CidrBlock": "2001:db8:9::/64", "Ipv6CidrBlockState": {"State": "associated"}}]
DETACHED = [{"VpcId": "vpc-1", "State": "detached"}]

ROWS: tuple[tuple[str, Edited, Mapping[str, Any], ReactionKind], ...] = (
    ("aws.vpc.cidr", Edited().attributes("vpc", "vpc-1", CidrBlock="10.9.0.0/16"), SPEC, ADOPTED),
    (
        "aws.vpc.ipv6.pool",
        Edited(),
        with_vpc(ipv6={**SPEC["network"]["vpc"]["ipv6"], "poolId": "ipv6pool-ec2-1"}),
        ADOPTED,
    ),
    (
        "aws.egress-only-internet-gateway.attachment",
        Edited().attributes("egress-only-internet-gateway", "eigw-1", Attachments=DETACHED),
        SPEC,
        REVERTED,
    ),
    (
        "aws.egress-only-internet-gateway.tags",
        Edited().tags("egress-only-internet-gateway", "eigw-1", {"team": "b"}),
        SPEC,
        REVERTED,
    ),
    (
        "aws.carrier-gateway.tag.owned",
        Edited().tags("carrier-gateway", "cagw-1", {TAG + "c1": None}),
        SPEC,
        REVERTED,
    ),
    ("aws.carrier-gateway.tag.role", Edited().tags("carrier-gateway", "cagw-1", {ROLE: None}), SPEC, REVERTED),
    ("aws.carrier-gateway.tag.name", Edited().tags("carrier-gateway", "cagw-1", {"Name": "x"}), SPEC, REVERTED),
    (
        "aws.carrier-gateway.tags",
        Edited().tags("carrier-gateway", "cagw-1", {"team": None}),
        SPEC,
        REVERTED,
    ),
    (
        "aws.nat-gateway.address",
        Edited().attributes(
            "nat-gateway", "nat-1", NatGatewayAddresses=[{**_NAT_ADDRESSES[0], "PublicIp": "192.0.2.7"}]
        ),
        SPEC,
        ADOPTED,
    ),
    ("aws.subnet.cidr", Edited().attributes("subnet", "subnet-2", CidrBlock="10.0.9.0/24"), SPEC, ADOPTED),
    (
        "aws.subnet.ipv6-cidr",
        Edited().attributes("subnet", "subnet-2", Ipv6CidrBlockAssociationSet=OTHER6),
        SPEC,
        ADOPTED,
    ),
    ("aws.subnet.zone", Edited().attributes("subnet", "subnet-2", AvailabilityZone=ZONES[1]), SPEC, ADOPTED),
    ("aws.subnet.dns64", Edited().attributes("subnet", "subnet-5", EnableDns64=False), SPEC, IGNORED),
    (
        "aws.subnet.hostname-type",
        Edited().attributes("subnet", "subnet-2", PrivateDnsNameOptionsOnLaunch={"HostnameType": "ip-name"}),
        SPEC,
        IGNORED,
    ),
    (
        "aws.subnet.tags.own",
        Edited().tags("subnet", "subnet-5", {"tier": "x"}),
        with_subnet(5, tags={"Name": "six-only", "tier": "db"}),
        REVERTED,
    ),
    (
        "aws.route-table.route-dead",
        Edited().routes(
            2,
            _NAT,
            _EGRESS,
            {"DestinationCidrBlock": "172.16.0.0/12", "VpcPeeringConnectionId": "pcx-1", "State": "blackhole"},
        ),
        SPEC,
        IGNORED,
    ),
    (
        "aws.route-table.route-retargeted",
        Edited().routes(2, {"DestinationCidrBlock": "0.0.0.0/0", "VpcPeeringConnectionId": "pcx-1"}, _EGRESS),
        SPEC,
        IGNORED,
    ),
    ("aws.route-table.route-missing", Edited().routes(5, _NAT, _EGRESS), SPEC, IGNORED),
)


@pytest.mark.parametrize(("row", "edited", "spec", "reaction"), ROWS, ids=[entry[0] for entry in ROWS])
def test_one_change_is_one_fact(row: str, edited: Edited, spec: Mapping[str, Any], reaction: ReactionKind) -> None:
    facts, _ = seen(edited, spec)

    assert [fact.row.id for fact in facts] == [row], told(facts)
    assert facts[0].row.reaction.kind is reaction


@pytest.mark.parametrize("row", [row for row in PROVIDER.rows() if row.resource in _SHAPES], ids=lambda row: row.id)
def test_a_row_about_one_of_many_names_no_list_as_its_declaration(row: FieldRow) -> None:
    """Git's whole list of subnets is no value of a single one: the two would always be in conflict."""
    path = declared_path(row)

    assert path[:3] != ("spec", "network", "subnets")
    assert path in ((), ("spec", "additionalTags")) or not isinstance(objects()[1].at(*path), (dict, list))


# What is unknown stays unknown, and what is told elsewhere is told once.


@pytest.mark.parametrize(
    "kind",
    [
        "vpc-attributes",
        "subnet",
        "route-table",
        "internet-gateway",
        "egress-only-internet-gateway",
        "carrier-gateway",
        "nat-gateway",
        "elastic-ip",
        "vpc-endpoint",
    ],
)
def test_an_unread_type_makes_nothing_drifted_missing_or_left_over(kind: str) -> None:
    """Without any resource of the type, and with a listing that says so."""
    edited = Edited()
    edited.resources = {key: found for key, found in edited.resources.items() if key[0] != kind}

    facts, correlation = seen(edited, incomplete=(kind,))

    assert [fact for fact in facts if not isinstance(fact.cloud, Unknown) and not isinstance(fact.capi, Unknown)] == []
    assert correlation.absences == ()
    assert correlation.leftovers == ()


def test_what_hangs_on_unread_route_tables_is_unknown_and_says_why() -> None:
    edited = Edited()
    edited.resources = {key: found for key, found in edited.resources.items() if key[0] != "route-table"}

    facts, _ = seen(edited, incomplete=("route-table",))

    assert {"aws.subnet.public", "aws.subnet.route-table.removed"} <= {fact.row.id for fact in facts}
    assert {fact.cloud.reason for fact in facts if isinstance(fact.cloud, Unknown)} == {
        "route-table could not be listed completely"
    }


@pytest.mark.parametrize(
    ("kind", "resource_id", "severity", "reaction"),
    [
        ("vpc", "vpc-1", Severity.CRITICAL, "never makes another one"),
        ("subnet", "subnet-2", Severity.CRITICAL, "never makes a subnet again"),
        ("route-table", "rtb-2", Severity.HIGH, "makes a new route table"),
        ("internet-gateway", "igw-1", Severity.CRITICAL, "makes a new internet gateway"),
        ("egress-only-internet-gateway", "eigw-1", Severity.HIGH, "makes a new egress-only internet gateway"),
        ("carrier-gateway", "cagw-1", Severity.HIGH, "makes a new carrier gateway"),
        ("nat-gateway", "nat-1", Severity.HIGH, "makes a new NAT gateway"),
    ],
)
def test_a_part_that_is_gone_is_missing_and_nothing_else(
    kind: str, resource_id: str, severity: Severity, reaction: str
) -> None:
    facts, correlation = seen(Edited().without(kind, resource_id))

    (absence,) = correlation.absences
    assert (absence.link.resource.type, absence.link.resource.id) == (kind, resource_id)
    assert absence.severity is severity
    assert reaction in absence.reaction
    assert all(resource_id in step or "conditions" in step for step in absence.next_steps)
    assert told(facts) == ""
    assert correlation.leftovers == ()


def test_a_failed_nat_gateway_counts_as_gone_and_says_why() -> None:
    why = "Network vpc-1 has no Internet gateway attached"
    failed = {"State": "failed", "FailureCode": "Gateway.NotAttached", "FailureMessage": why}

    facts, correlation = seen(Edited().attributes("nat-gateway", "nat-1", **failed))

    (absence,) = correlation.absences
    assert absence.detail == f"failed: Gateway.NotAttached, {why}"
    assert told(facts) == ""


def test_a_dead_route_to_a_lost_nat_gateway_is_told_by_the_gateway() -> None:
    dead = {**_NAT, "State": "blackhole"}

    facts, correlation = seen(Edited().without("nat-gateway", "nat-1").routes(2, dead, _EGRESS))

    assert told(facts) == ""
    assert [absence.link.resource.id for absence in correlation.absences] == ["nat-1"]


@pytest.mark.parametrize(
    "route",
    [
        {"DestinationCidrBlock": "172.16.0.0/12", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation"},
        {"DestinationCidrBlock": "172.16.0.0/12", "TransitGatewayId": "tgw-1", "Origin": "CreateRoute"},
        {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "Origin": "CreateRoute"},
        {"DestinationCidrBlock": "100.64.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"},
    ],
    ids=["propagated", "transit-gateway", "endpoint", "local"],
)
def test_further_routes_are_nobodys_finding(route: Mapping[str, str]) -> None:
    facts, _ = seen(Edited().routes(2, _NAT, _EGRESS, {**route, "State": "active"}))

    assert told(facts) == ""


def test_an_answer_without_what_ec2_always_sends_is_unknown() -> None:
    facts, _ = seen(Edited().attributes("subnet", "subnet-2", MapPublicIpOnLaunch=None, AvailabilityZone=None))

    assert {fact.row.id for fact in facts} == {"aws.subnet.public-addresses", "aws.subnet.zone"}
    assert all(isinstance(fact.cloud, Unknown) for fact in facts)


@pytest.mark.parametrize(
    ("cidr", "free", "found"),
    [
        ("10.0.2.0/24", 25, ""),
        ("10.0.2.0/24", 24, "at least 25"),
        ("10.0.0.0/18", 1637, "at least 1637"),
        ("10.0.0.0/18", 1638, ""),
        ("10.0.2.0/28", 3, ""),
        ("10.0.2.0/28", 1, "at least 2"),
        ("10.0.2.0/27", 6, ""),
        ("", 0, ""),
    ],
)
def test_a_subnet_is_nearly_full_by_its_size(cidr: str, free: int, found: str) -> None:
    """A /18 has 16,379 addresses to give: a tenth of them is 1,637."""
    changes: dict[str, Any] = {"CidrBlock": cidr or None, "AvailableIpAddressCount": free}
    spec = with_subnet(2, cidrBlock=cidr) if cidr else SPEC

    facts, _ = seen(Edited().attributes("subnet", "subnet-2", **changes), spec)

    hazards = [fact for fact in facts if fact.row.id == "aws.subnet.free-addresses"]
    assert [fact.capi for fact in hazards] == ([Present(found)] if found and free < int(found.split()[-1]) else [])


def test_a_full_subnet_is_critical() -> None:
    facts, _ = seen(Edited().attributes("subnet", "subnet-2", AvailableIpAddressCount=0))

    (fact,) = facts
    assert (fact.row.id, fact.severity) == ("aws.subnet.free-addresses", Severity.CRITICAL)


def test_the_same_block_spelled_otherwise_is_the_same() -> None:
    spec = with_vpc(
        cidrBlock="10.0.0.7/16",
        secondaryCidrBlocks=[{"ipv4CidrBlock": "100.64.1.1/16"}],
        ipv6={**SPEC["network"]["vpc"]["ipv6"], "cidrBlock": "2001:0db8:0001::/56"},
    )
    blocks = [{"CidrBlock": "100.64.0.0/16", "CidrBlockState": {"State": "associating"}}]

    facts, _ = seen(Edited().attributes("vpc", "vpc-1", CidrBlockAssociationSet=blocks), spec)

    assert told(facts) == ""


def test_a_block_that_is_on_its_way_out_is_not_there_any_more() -> None:
    spec = with_vpc(secondaryCidrBlocks=[{"ipv4CidrBlock": "100.64.0.0/16"}])
    blocks = [{"CidrBlock": "100.64.0.0/16", "CidrBlockState": {"State": "disassociated"}}]

    facts, _ = seen(Edited().attributes("vpc", "vpc-1", CidrBlockAssociationSet=blocks), spec)

    assert [(fact.row.id, fact.cloud) for fact in facts] == [("aws.vpc.secondary-cidrs", ABSENT)]


# Leftovers


def nat_of(cluster: str, resource_id: str = "nat-9", **changes: Any) -> CloudResource:
    attributes: dict[str, Any] = {"NatGatewayId": resource_id, "SubnetId": "subnet-9", "VpcId": "vpc-1", **changes}
    return made(
        "nat-gateway", resource_id, {TAG + cluster: "owned", ROLE: "common"}, **{"State": "available", **attributes}
    )


def address_of(cluster: str, **changes: Any) -> CloudResource:
    tags = {TAG + cluster: "owned", ROLE: changes.pop("role", "common")}
    return made("elastic-ip", "eipalloc-9", tags, AllocationId="eipalloc-9", PublicIp="192.0.2.9", **changes)


LEFT: tuple[tuple[CloudResource, bool], ...] = (
    (made("vpc", "vpc-9", OWNED, VpcId="vpc-9", State="available", CidrBlock="10.9.0.0/16"), True),
    (made("subnet", "subnet-9", OWNED, SubnetId="subnet-9", VpcId="vpc-1", State="available"), False),
    (made("route-table", "rtb-9", OWNED, RouteTableId="rtb-9", VpcId="vpc-1", Associations=[], Routes=[]), False),
    (made("internet-gateway", "igw-9", OWNED, InternetGatewayId="igw-9", Attachments=[]), False),
    (
        made(
            "egress-only-internet-gateway",
            "eigw-9",
            OWNED,
            EgressOnlyInternetGatewayId="eigw-9",
            Attachments=[{"VpcId": "vpc-1", "State": "attached"}],
        ),
        False,
    ),
    (nat_of("c1"), False),
    (address_of("c1"), False),
    (address_of("c1", role="ec2-i-9"), False),
    (
        made(
            "vpc-endpoint", "vpce-9", OWNED, VpcEndpointId="vpce-9", VpcId="vpc-1", ServiceName="sqs", State="available"
        ),
        False,
    ),
)


@pytest.mark.parametrize(
    ("found", "potential"), LEFT, ids=[f"{entry[0].key.type} {entry[0].tags[ROLE]}" for entry in LEFT]
)
def test_a_part_that_no_object_names_is_left_over(found: CloudResource, potential: bool) -> None:
    facts, correlation = seen(Edited().adding(found))

    (leftover,) = correlation.leftovers
    assert leftover.resource == found.key
    assert leftover.cluster is not None and leftover.cluster.name == "c1"
    assert leftover.potential is potential
    assert any(found.key.id in step for step in leftover.next_steps)
    assert told(facts) == ""


SPARED: tuple[tuple[str, CloudResource, Mapping[str, Any]], ...] = (
    ("an address in use", address_of("c1", AssociationId="eipassoc-9"), SPEC),
    ("a NAT gateway on its way out", nat_of("c1", State="deleting"), SPEC),
    ("a NAT gateway that is gone", nat_of("c1", State="deleted"), SPEC),
    ("a failed NAT gateway", nat_of("c1", State="failed"), SPEC),
    (
        "an endpoint that is gone",
        made("vpc-endpoint", "vpce-9", OWNED, VpcEndpointId="vpce-9", VpcId="vpc-1", ServiceName="s3", State="Deleted"),
        SPEC,
    ),
    (
        "a route table while a subnet has none",
        made("route-table", "rtb-9", OWNED, RouteTableId="rtb-9", VpcId="vpc-1", Associations=[], Routes=[]),
        with_subnet(2, routeTableId=""),
    ),
    (
        "a subnet that is not recorded yet",
        made("subnet", "subnet-9", OWNED, SubnetId="subnet-9", VpcId="vpc-1", State="available"),
        with_subnet(2, resourceID=""),
    ),
    ("a NAT gateway that is not recorded yet", nat_of("c1"), with_subnet(1, natGatewayId="")),
    (
        "an internet gateway that is not recorded yet",
        made("internet-gateway", "igw-9", OWNED, InternetGatewayId="igw-9", Attachments=[]),
        with_vpc(internetGatewayId=""),
    ),
    ("without a claim", made("subnet", "subnet-9", {}, SubnetId="subnet-9", VpcId="vpc-1", State="available"), SPEC),
)


@pytest.mark.parametrize(("found", "spec"), [entry[1:] for entry in SPARED], ids=[entry[0] for entry in SPARED])
def test_a_part_that_something_explains_is_not_left_over(found: CloudResource, spec: Mapping[str, Any]) -> None:
    _, correlation = seen(Edited().adding(found), spec)

    assert found.key not in {leftover.resource for leftover in correlation.leftovers}


def test_the_address_of_a_lost_nat_gateway_waits_for_the_next_one() -> None:
    free = Edited().without("nat-gateway", "nat-1").attributes("elastic-ip", "eipalloc-1", AssociationId=None)

    _, correlation = seen(free)

    assert correlation.leftovers == ()
    assert [absence.link.resource.id for absence in correlation.absences] == ["nat-1"]


def test_a_nat_gateway_in_a_network_that_was_brought_is_never_left_over() -> None:
    """CAPA writes its own tag on NAT gateways that it does not own (natgateways.go, updateNatGatewayIPs)."""
    edited = Edited().tags("vpc", "vpc-1", {TAG + "c1": None}).adding(nat_of("c1"))

    _, correlation = seen(edited)

    assert correlation.leftovers == ()


def test_an_eks_control_plane_is_linked_to_its_network_as_an_awscluster_is() -> None:
    reference = {"apiGroup": "controlplane.cluster.x-k8s.io", "kind": "AWSManagedControlPlane", "name": "c1"}
    api_version = "controlplane.cluster.x-k8s.io/v1beta2"
    views = [
        view(
            [
                capi_object(CORE, "Cluster", "c1", spec={"controlPlaneRef": reference}),
                capi_object(api_version, "AWSManagedControlPlane", "c1", spec=SPEC, status=STATUS),
            ]
        )
    ]

    correlation = correlated(
        PROVIDER, views, [cloud([*Edited().without("nat-gateway", "nat-1").resources.values()])], NOW
    )

    (absence,) = correlation.absences
    assert (absence.link.object.kind, absence.link.resource.type) == ("AWSManagedControlPlane", "nat-gateway")
    assert correlation.leftovers == ()
    linked = {link.resource.type for link in correlation.links}
    assert {"vpc", "subnet", "route-table", "internet-gateway"} <= linked


def test_in_a_vpc_that_was_brought_a_subnet_that_is_not_there_stops_capa() -> None:
    network = SPEC["network"]
    vpc = {"id": "vpc-9", "cidrBlock": "10.9.0.0/16"}
    wanted = {"id": "theirs", "cidrBlock": "10.9.1.0/24", "availabilityZone": ZONES[0], "isPublic": False}
    spec = {**SPEC, "network": {**network, "vpc": vpc, "subnets": [wanted]}}
    found = made("vpc", "vpc-9", {}, VpcId="vpc-9", State="available", CidrBlock="10.9.0.0/16")
    edited = Edited()
    edited.resources = {("vpc", "vpc-9"): found}

    facts, _ = seen(edited, spec)

    assert [(fact.row.id, fact.row.reaction.kind) for fact in facts] == [
        ("aws.vpc.subnet-unmatched", ReactionKind.BREAKS)
    ], told(facts)
