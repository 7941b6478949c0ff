"""Parts of a network that say they are a cluster's and that no object names."""

from __future__ import annotations

from drift_audit.model.findings import Severity
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import dig
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.family import LeftoverRule
from drift_audit_aws.fleet import AwsCluster, Fleet
from drift_audit_aws.network.subnets import declared_subnets, first_public
from drift_audit_aws.ownership import DELETED_STATES, OWNED, ROLE_TAG, owned_tag, state_of, vpc_of
from drift_audit_aws.resource_types import (
    EGRESS_GATEWAY,
    ELASTIC_IP,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    ROUTE_TABLE,
    SUBNET,
    VPC,
    VPC_ENDPOINT,
)

_OF_INSTANCE = "ec2-"
"""Role of the address of a machine with `elasticIpPool`, before the instance's id (services/ec2/eip.go)."""
_FAILED = DELETED_STATES | {"failed"}


def _vpc_to_come(vpc: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    return not cluster.vpc_id


def _subnet_to_come(subnet: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    waiting = any(not each.resource_id for each in declared_subnets(cluster))
    return not cluster.ready or waiting


def _table_to_come(table: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    waiting = any(not each.route_table for each in declared_subnets(cluster))
    return not cluster.ready or waiting


def _gateway_to_come(gateway: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    return not dig(cluster.infra.spec, "network", "vpc", "internetGatewayId")


def _egress_to_come(gateway: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    named = dig(cluster.infra.spec, "network", "vpc", "ipv6", "egressOnlyInternetGatewayId")
    return cluster.ipv6 and not named


def _nat_to_come(gateway: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    chosen = first_public(declared_subnets(cluster)).values()
    return not cluster.ready or any(not subnet.nat_gateway for subnet in chosen)


def _address_to_come(address: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    """True while a NAT gateway or a living machine may still take the address; CAPA finds it by its role."""
    instance = address.tags.get(ROLE_TAG, "").removeprefix(_OF_INSTANCE)
    living = any(instance == machine.instance_id for machine in fleet.machines.values())
    return living or _nat_to_come(address, cluster, fleet)


def _brought_or_failed(gateway: CloudResource, cluster: AwsCluster, cloud: CloudScopeView) -> bool:
    """CAPA writes its tags on the NAT gateways of networks that were brought, too; a failed one goes by itself."""
    vpc = cloud.resources.get((VPC, vpc_of(gateway)))
    own = vpc is not None and vpc.tags.get(owned_tag(cluster.key.name)) == OWNED
    return not own or state_of(gateway) in _FAILED


def _nat_gateway_lost(address: CloudResource, cluster: AwsCluster, cloud: CloudScopeView) -> bool:
    """A lost NAT gateway gives its address back, and CAPA takes it for the next one."""
    for subnet in declared_subnets(cluster):
        gateway = cloud.resources.get((NAT_GATEWAY, subnet.nat_gateway))
        if subnet.nat_gateway and (gateway is None or state_of(gateway) in _FAILED):
            return True
    return False


def _vpc_not_seen(endpoint: CloudResource, cluster: AwsCluster, cloud: CloudScopeView) -> bool:
    """True while nobody knows the VPC of the endpoint, by which alone an object names it."""
    return not cloud.listed(VPC)


LEFTOVERS = (
    LeftoverRule(
        type=VPC,
        severity=Severity.MEDIUM,
        next_steps=(
            "See what still stands in it: aws ec2 describe-network-interfaces --region {region} "
            "--filters Name=vpc-id,Values={id}",
            "If nothing does, remove what hangs on it, then: aws ec2 delete-vpc --region {region} --vpc-id {id}",
        ),
        expected=_vpc_to_come,
    ),
    LeftoverRule(
        type=SUBNET,
        severity=Severity.LOW,
        next_steps=(
            "See what still stands in it: aws ec2 describe-network-interfaces --region {region} "
            "--filters Name=subnet-id,Values={id}",
            "CAPA does not delete a subnet that was taken out of the spec. If nothing needs it: "
            "aws ec2 delete-subnet --region {region} --subnet-id {id}",
        ),
        expected=_subnet_to_come,
    ),
    LeftoverRule(
        type=ROUTE_TABLE,
        severity=Severity.LOW,
        next_steps=(
            "CAPA makes a new route table when a subnet loses its own, and leaves the old one. If no subnet uses it: "
            "aws ec2 delete-route-table --region {region} --route-table-id {id}",
        ),
        expected=_table_to_come,
    ),
    LeftoverRule(
        type=INTERNET_GATEWAY,
        severity=Severity.LOW,
        next_steps=(
            "CAPA makes a new gateway when one is detached, and leaves the old one. If nothing needs it: "
            "aws ec2 delete-internet-gateway --region {region} --internet-gateway-id {id}",
        ),
        expected=_gateway_to_come,
    ),
    LeftoverRule(
        type=EGRESS_GATEWAY,
        severity=Severity.LOW,
        next_steps=(
            "If no route leads to it: aws ec2 delete-egress-only-internet-gateway --region {region} "
            "--egress-only-internet-gateway-id {id}",
        ),
        expected=_egress_to_come,
    ),
    LeftoverRule(
        type=NAT_GATEWAY,
        severity=Severity.HIGH,
        next_steps=(
            "It costs money by the hour. Look for routes to it: aws ec2 describe-route-tables --region {region} "
            "--filters Name=route.nat-gateway-id,Values={id}",
            "If there are none: aws ec2 delete-nat-gateway --region {region} --nat-gateway-id {id}",
        ),
        expected=_nat_to_come,
        explained=_brought_or_failed,
    ),
    LeftoverRule(
        type=ELASTIC_IP,
        severity=Severity.MEDIUM,
        next_steps=(
            "It costs money while nothing uses it. CAPA takes it again for the next NAT gateway of this cluster; "
            "look whether somebody else has allowed the address through a firewall.",
            "If nothing needs it: aws ec2 release-address --region {region} --allocation-id {id}",
        ),
        expected=_address_to_come,
        explained=_nat_gateway_lost,
    ),
    LeftoverRule(
        type=VPC_ENDPOINT,
        severity=Severity.LOW,
        next_steps=("If nothing needs it: aws ec2 delete-vpc-endpoints --region {region} --vpc-endpoint-ids {id}",),
        explained=_vpc_not_seen,
    ),
)
