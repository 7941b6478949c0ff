"""The parts of the network that objects name, and what it means when one is gone.

An EKS control plane holds the same spec of a network as an AWSCluster, and CAPA keeps both by the same code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CloudResource
from drift_audit.model.steps import asking
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit_aws import resource_types
from drift_audit_aws.family import Loss, Named
from drift_audit_aws.fleet import AwsCluster, Fleet
from drift_audit_aws.network.layout import layout
from drift_audit_aws.network.subnets import declared_subnets
from drift_audit_aws.ownership import DELETED_STATES, state_of
from drift_audit_aws.resource_types import (
    CARRIER_GATEWAY,
    DEFAULT_GROUP,
    EGRESS_GATEWAY,
    ELASTIC_IP,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    ROUTE_TABLE,
    SUBNET,
    VPC,
    VPC_ATTRIBUTES,
    VPC_ENDPOINT,
)
from drift_audit_aws.subject import CloudIndex

_FAILED = DELETED_STATES | {"failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fate:
    """What follows from the loss of one type of resource."""

    event: str
    """The event in CloudTrail that tells who did it."""
    severity: Severity
    built: str
    """What CAPA does about it where it keeps the network."""
    brought: str = ""
    """The same where somebody else does; empty: nothing is expected of the resource there."""
    gone: frozenset[str] = DELETED_STATES


_FATES = {
    VPC: _Fate(
        event="DeleteVpc",
        severity=Severity.CRITICAL,
        built="CAPA stops at the missing VPC at every reconcile and never makes another one",
        brought="CAPA stops at the missing VPC at every reconcile",
    ),
    SUBNET: _Fate(
        event="DeleteSubnet",
        severity=Severity.CRITICAL,
        built="CAPA never makes a subnet again that it has recorded; instances can no longer start in it",
        brought="CAPA stops at the missing subnet at every reconcile: condition SubnetsReady",
        gone=DELETED_STATES | {"unavailable", "failed", "failed-insufficient-capacity"},
    ),
    INTERNET_GATEWAY: _Fate(
        event="DeleteInternetGateway",
        severity=Severity.CRITICAL,
        built="CAPA makes a new internet gateway and turns the routes to it within 10 min",
    ),
    EGRESS_GATEWAY: _Fate(
        event="DeleteEgressOnlyInternetGateway",
        severity=Severity.HIGH,
        built="CAPA makes a new egress-only internet gateway and turns the routes to it within 10 min",
    ),
    CARRIER_GATEWAY: _Fate(
        event="DeleteCarrierGateway",
        severity=Severity.HIGH,
        built="CAPA makes a new carrier gateway within 10 min; it does not turn the routes to it",
    ),
    NAT_GATEWAY: _Fate(
        event="DeleteNatGateway",
        severity=Severity.HIGH,
        built="CAPA makes a new NAT gateway within 10 min: the nodes then come from another address",
        brought="CAPA takes its id out of the spec; who keeps the network has to make another one",
        gone=_FAILED,
    ),
    ROUTE_TABLE: _Fate(
        event="DeleteRouteTable",
        severity=Severity.HIGH,
        built="CAPA makes a new route table for the subnet within 10 min",
    ),
}

_STEPS = (
    asking("Find out in CloudTrail who deleted it: event {event}, resource {id}."),
    "Check the conditions of {kind} {namespace}/{name}: they tell whether CAPA could mend it.",
)

_ELSEWHERE = "another system keeps the network of this cluster: CAPA does nothing about it"


def named_network(fleet: Fleet) -> Iterator[Named]:
    """VPC, gateways, subnets and what the subnets name, of every cluster."""
    for cluster in fleet.clusters.values():
        for kind, resource_id, path in _ids(cluster):
            if resource_id:
                yield Named(
                    object=cluster.infra,
                    cluster=cluster.key,
                    type=kind,
                    id=resource_id,
                    path=path,
                    loss=_loss(cluster, kind, resource_id),
                )


def _ids(cluster: AwsCluster) -> Iterator[tuple[str, str, str]]:
    """(type, id, path); a route table that several subnets use is named once."""
    vpc = mapping(dig(cluster.infra.spec, "network", "vpc"))
    egress = dig(vpc, "ipv6", "egressOnlyInternetGatewayId")
    yield VPC, cluster.vpc_id, "spec.network.vpc.id"
    yield INTERNET_GATEWAY, text(vpc.get("internetGatewayId")), "spec.network.vpc.internetGatewayId"
    yield CARRIER_GATEWAY, text(vpc.get("carrierGatewayId")), "spec.network.vpc.carrierGatewayId"
    yield EGRESS_GATEWAY, text(egress), "spec.network.vpc.ipv6.egressOnlyInternetGatewayId"
    subnets = declared_subnets(cluster)
    for subnet in subnets:
        yield SUBNET, subnet.resource_id, "spec.network.subnets"
    for table in dict.fromkeys(subnet.route_table for subnet in subnets):
        yield ROUTE_TABLE, table, "spec.network.subnets[].routeTableId"
    for gateway in dict.fromkeys(subnet.nat_gateway for subnet in subnets):
        yield NAT_GATEWAY, gateway, "spec.network.subnets[].natGatewayId"


def _loss(cluster: AwsCluster, kind: str, resource_id: str) -> Loss | None:
    fate = _FATES[kind]
    built = cluster.builds_its_vpc
    reaction = fate.built if built else fate.brought
    if not reaction:
        return None
    infra = cluster.infra
    words = {
        "event": fate.event,
        "id": resource_id,
        "kind": infra.kind,
        "namespace": infra.namespace,
        "name": infra.name,
    }
    return Loss(
        severity=fate.severity,
        reaction=_ELSEWHERE if cluster.externally_managed else reaction,
        next_steps=tuple(step.format(**words) for step in _STEPS),
        transitional=cluster.deleting,
        gone=lambda resource: state_of(resource).casefold() in fate.gone,
        detail=_end_of,
    )


def _end_of(resource: CloudResource) -> str:
    """`failed: Gateway.NotAttached, Network vpc-... has no Internet gateway attached`, as far as EC2 tells."""
    why = ", ".join(filter(None, (text(resource.attributes.get(name)) for name in ("FailureCode", "FailureMessage"))))
    return f"{state_of(resource)}: {why}" if why else state_of(resource)


def reached_network(link: Link, index: CloudIndex) -> Iterator[tuple[str, str]]:
    """What stands behind a VPC, a subnet, a NAT gateway or an instance without being named."""
    ways = index.ask(layout)
    key = link.resource
    match key.type:
        case resource_types.VPC:
            if (VPC_ATTRIBUTES, key.id) in index.view.resources:
                yield VPC_ATTRIBUTES, key.id
            if key.id in ways.main_tables:
                yield ROUTE_TABLE, ways.main_tables[key.id].key.id
            if key.id in ways.default_groups:
                yield DEFAULT_GROUP, ways.default_groups[key.id]
            for endpoint in ways.endpoints_of_vpcs.get(key.id, ()):
                if reaches_s3(endpoint):
                    yield VPC_ENDPOINT, endpoint.key.id
        case resource_types.SUBNET:
            if key.id in ways.tables_of_subnets:
                yield ROUTE_TABLE, ways.tables_of_subnets[key.id].key.id
        case resource_types.NAT_GATEWAY:
            gateway = index.view.resources[NAT_GATEWAY, key.id]
            for entry in map(mapping, sequence(gateway.attributes.get("NatGatewayAddresses"))):
                allocation = text(entry.get("AllocationId"))
                if (ELASTIC_IP, allocation) in index.view.resources:
                    yield ELASTIC_IP, allocation
        case resource_types.INSTANCE:
            yield from ((ELASTIC_IP, address) for address in ways.addresses_of_instances.get(key.id, ()))


def reaches_s3(endpoint: CloudResource) -> bool:
    """True for a gateway endpoint to S3: the only one that CAPA makes (vpc.go, reconcileVPCEndpoints)."""
    gateway = text(endpoint.attributes.get("VpcEndpointType")) in ("", "Gateway")
    return gateway and text(endpoint.attributes.get("ServiceName")).endswith(".s3")
