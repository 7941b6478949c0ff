"""The network of clusters: VPCs with their attributes, subnets, route tables, gateways, addresses, endpoints.

Each type is one or two paged listings for all clusters of a scope. The attributes of a VPC alone take calls of
their own, two for each VPC that carries a cluster's tag: EC2 tells one attribute at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drift_audit.model.objects import CloudResource
from drift_audit_aws.ownership import OWNED, OWNED_TAG_PREFIX
from drift_audit_aws.reading import Calls, PagedReader, Wanted, resource_of, tag_list
from drift_audit_aws.resource_types import (
    CARRIER_GATEWAY,
    DEFAULT_GROUP,
    EGRESS_GATEWAY,
    ELASTIC_IP,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SUBNET,
    VPC,
    VPC_ATTRIBUTES,
    VPC_ENDPOINT,
)

VPCS = PagedReader(
    type=VPC,
    operation="describe_vpcs",
    actions=("ec2:DescribeVpcs",),
    id_field="VpcId",
    id_filter="vpc-id",
    items=lambda page: page.get("Vpcs", ()),
    vpc_filter="vpc-id",
)

SUBNETS = PagedReader(
    type=SUBNET,
    operation="describe_subnets",
    actions=("ec2:DescribeSubnets",),
    id_field="SubnetId",
    id_filter="subnet-id",
    items=lambda page: page.get("Subnets", ()),
    vpc_filter="vpc-id",
)

ROUTE_TABLES = PagedReader(
    type=ROUTE_TABLE,
    operation="describe_route_tables",
    actions=("ec2:DescribeRouteTables",),
    id_field="RouteTableId",
    id_filter="route-table-id",
    items=lambda page: page.get("RouteTables", ()),
    vpc_filter="vpc-id",
    largest_page=100,
)

INTERNET_GATEWAYS = PagedReader(
    type=INTERNET_GATEWAY,
    operation="describe_internet_gateways",
    actions=("ec2:DescribeInternetGateways",),
    id_field="InternetGatewayId",
    id_filter="internet-gateway-id",
    items=lambda page: page.get("InternetGateways", ()),
    vpc_filter="attachment.vpc-id",
)

NAT_GATEWAYS = PagedReader(
    type=NAT_GATEWAY,
    operation="describe_nat_gateways",
    actions=("ec2:DescribeNatGateways",),
    id_field="NatGatewayId",
    id_filter="nat-gateway-id",
    items=lambda page: page.get("NatGateways", ()),
    vpc_filter="vpc-id",
    filters_name="Filter",
    created_field="CreateTime",
)

CARRIER_GATEWAYS = PagedReader(
    type=CARRIER_GATEWAY,
    operation="describe_carrier_gateways",
    actions=("ec2:DescribeCarrierGateways",),
    id_field="CarrierGatewayId",
    id_filter="carrier-gateway-id",
    items=lambda page: page.get("CarrierGateways", ()),
    by_tag=False,
)
"""Only those that objects name: there are none outside the few regions with Wavelength Zones."""

ELASTIC_IPS = PagedReader(
    type=ELASTIC_IP,
    operation="describe_addresses",
    actions=("ec2:DescribeAddresses",),
    id_field="AllocationId",
    id_filter="allocation-id",
    items=lambda page: page.get("Addresses", ()),
    paginated=False,
)

VPC_ENDPOINTS = PagedReader(
    type=VPC_ENDPOINT,
    operation="describe_vpc_endpoints",
    actions=("ec2:DescribeVpcEndpoints",),
    id_field="VpcEndpointId",
    id_filter="vpc-endpoint-id",
    items=lambda page: page.get("VpcEndpoints", ()),
    vpc_filter="vpc-id",
    created_field="CreationTimestamp",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressGatewayReader:
    """All egress-only internet gateways of the region: EC2 filters them neither by VPC nor by id.

    A region has five of them unless its quota was raised, so this is one call. Those of strangers are left out.
    """

    type: str = EGRESS_GATEWAY
    actions: tuple[str, ...] = ("ec2:DescribeEgressOnlyInternetGateways",)
    needs: tuple[str, ...] = ()
    everywhere: bool = True
    largest_page: int = 255

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        pages = (
            calls.client("ec2")
            .get_paginator("describe_egress_only_internet_gateways")
            .paginate(PaginationConfig={"PageSize": min(wanted.page_size, self.largest_page)})
        )
        for page in pages:
            for item in page.get("EgressOnlyInternetGateways", ()):
                if _concerns(item, wanted):
                    gateway = item["EgressOnlyInternetGatewayId"]
                    yield resource_of(wanted.scope, self.type, gateway, item, tags=tag_list(item.get("Tags", ())))


def _concerns(gateway: Mapping[str, Any], wanted: Wanted) -> bool:
    gateway_id = gateway["EgressOnlyInternetGatewayId"]
    if wanted.only is not None:
        return gateway_id in wanted.only
    tagged = any(tag["Key"].startswith(OWNED_TAG_PREFIX) for tag in gateway.get("Tags", ()))
    attached = any(attachment.get("VpcId") in wanted.vpcs for attachment in gateway.get("Attachments", ()))
    return tagged or attached or gateway_id in wanted.named


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcAttributesReader:
    """The DNS attributes of the fleet's VPCs that say they are a cluster's own: CAPA keeps those of no other."""

    type: str = VPC_ATTRIBUTES
    actions: tuple[str, ...] = ("ec2:DescribeVpcAttribute",)
    needs: tuple[str, ...] = (VPC,)
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        client = calls.client("ec2")
        for vpc in sorted(vpc.key.id for vpc in wanted.of_type(VPC) if _asked(vpc, wanted)):
            found: dict[str, Any] = {"VpcId": vpc}
            for attribute, name in _ATTRIBUTES.items():
                found[name] = client.describe_vpc_attribute(VpcId=vpc, Attribute=attribute).get(name)
            yield resource_of(wanted.scope, self.type, vpc, found, tags={})


_ATTRIBUTES = {"enableDnsHostnames": "EnableDnsHostnames", "enableDnsSupport": "EnableDnsSupport"}


def _asked(vpc: CloudResource, wanted: Wanted) -> bool:
    if wanted.only is not None:
        return vpc.key.id in wanted.only
    owned = any(key.startswith(OWNED_TAG_PREFIX) and value == OWNED for key, value in vpc.tags.items())
    return owned and vpc.key.id in wanted.vpcs


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultGroupReader:
    """The group `default` that AWS gives every VPC of the fleet, out of the groups that were listed before.

    A type of its own, because it has no role in a cluster and other rows than the groups that CAPA makes.
    """

    type: str = DEFAULT_GROUP
    actions: tuple[str, ...] = ("ec2:DescribeSecurityGroups",)
    needs: tuple[str, ...] = (SECURITY_GROUP,)
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        if wanted.only is not None:
            filters = [{"Name": "group-id", "Values": sorted(wanted.only)}]
            for page in calls.client("ec2").get_paginator("describe_security_groups").paginate(Filters=filters):
                for item in page.get("SecurityGroups", ()):
                    tags = tag_list(item.get("Tags", ()))
                    yield resource_of(wanted.scope, self.type, item["GroupId"], item, tags=tags)
            return
        for group in wanted.of_type(SECURITY_GROUP):
            if group.attributes.get("GroupName") == "default" and group.attributes.get("VpcId") in wanted.vpcs:
                yield resource_of(wanted.scope, self.type, group.key.id, group.attributes, tags=group.tags)


READERS = (
    VPCS,
    VpcAttributesReader(),
    SUBNETS,
    ROUTE_TABLES,
    INTERNET_GATEWAYS,
    EgressGatewayReader(),
    CARRIER_GATEWAYS,
    NAT_GATEWAYS,
    ELASTIC_IPS,
    VPC_ENDPOINTS,
    DefaultGroupReader(),
)
