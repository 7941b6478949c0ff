"""The network of a cluster: VPC, subnets, gateways, routes, addresses and endpoints, as an AWSCluster has them."""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit.model.findings import Severity
from drift_audit.model.values import Json
from drift_audit_aws.family import Family, Judgement
from drift_audit_aws.network import conditions, expected, expected_subnets, observed
from drift_audit_aws.network.comparers import COMPARERS
from drift_audit_aws.network.hindrances import HINDRANCES
from drift_audit_aws.network.leftovers import LEFTOVERS
from drift_audit_aws.network.names import named_network, reached_network
from drift_audit_aws.network.readers import READERS
from drift_audit_aws.resource_types import NAT_GATEWAY, ROUTE_TABLE, SUBNET, VPC, VPC_ATTRIBUTES


def closing(wanted: Json, actual: Json) -> Severity | None:
    """Taking public addresses away hurts; giving them to private nodes lays them open."""
    return Severity.MEDIUM if actual is False else None


JUDGEMENTS: Mapping[str, Judgement] = {"MapPublicIpOnLaunch": closing}

FAMILY = Family(
    readers=READERS,
    names=named_network,
    reaches=reached_network,
    expectations=(
        expected.common_role,
        expected.endpoint_route_tables,
        expected.nat_addresses,
        expected.network_name_tag,
        expected.no_default_rules,
        expected.no_items,
        expected.own_vpc,
        expected.s3_service,
        expected.secondary_cidrs,
        expected.switched_on,
        expected.table_name_tag,
        expected.table_routes,
        expected.unrecorded_subnets,
        expected_subnets.balancer_tag,
        expected_subnets.dns64,
        expected_subnets.hostname_type,
        expected_subnets.ipv6_addresses,
        expected_subnets.named_role,
        expected_subnets.needed_addresses,
        expected_subnets.public_addresses,
        expected_subnets.shared_balancer_tag,
        expected_subnets.shared_tag,
        expected_subnets.spec_cidr,
        expected_subnets.spec_cidr6,
        expected_subnets.spec_route_table,
        expected_subnets.spec_zone,
        expected_subnets.subnet_additional_tags,
        expected_subnets.subnet_cloud_provider_tag,
        expected_subnets.subnet_name_tag,
        expected_subnets.subnet_own_tags,
        expected_subnets.subnet_public,
        expected_subnets.subnet_role_tag,
        expected_subnets.zone_nat_gateway,
    ),
    observations=(
        observed.associated_cidrs,
        observed.associated_table,
        observed.attached_vpc,
        observed.balancer_tag,
        observed.dead_routes,
        observed.found_subnets,
        observed.further_rules,
        observed.ipv6_cidr,
        observed.ipv6_pool,
        observed.nat_address,
        observed.nat_gateway,
        observed.routes_by_gateway,
        observed.routes_by_others,
        observed.s3_endpoint,
        observed.seen_public,
        observed.seen_role,
        observed.stock_rules,
        observed.subnet_cidr6,
        observed.table_routes,
    ),
    conditions=(
        conditions.association_kept,
        conditions.association_known,
        conditions.association_unknown,
        conditions.endpoint_of_others,
        conditions.ipv6_block_gone,
        conditions.network_of_capa,
        conditions.network_of_others,
        conditions.not_adopted,
        conditions.shared_subnet_turned,
        conditions.subnet_of_others,
        conditions.subnet_turned,
        conditions.table_of_others,
    ),
    comparers=COMPARERS,
    hindrances=HINDRANCES,
    judgements=JUDGEMENTS,
    leftovers=LEFTOVERS,
    always_sent={
        VPC: frozenset({"CidrBlock", "State", "VpcId"}),
        VPC_ATTRIBUTES: frozenset({"EnableDnsHostnames.Value", "EnableDnsSupport.Value"}),
        SUBNET: frozenset(
            {
                "AssignIpv6AddressOnCreation",
                "AvailabilityZone",
                "AvailableIpAddressCount",
                "MapPublicIpOnLaunch",
                "PrivateDnsNameOptionsOnLaunch.HostnameType",
                "VpcId",
            }
        ),
        ROUTE_TABLE: frozenset({"Routes", "VpcId"}),
        NAT_GATEWAY: frozenset({"State", "SubnetId", "VpcId"}),
    },
)
"""EC2 sends the fields of `always_sent` in every answer. An IPv6-only subnet has no CIDR block."""
