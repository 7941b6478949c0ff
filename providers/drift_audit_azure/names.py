"""What the objects of the fleet name: the virtual machine of an AzureMachine, and the network of an AzureCluster.

CAPZ's webhook writes the names of everything into the AzureCluster, so that hardly one is computed here.
Sources: CAPZ v1.26.0 azure/defaults.go, azure/scope/cluster.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.model.findings import Severity
from drift_audit.model.keys import ClusterKey
from drift_audit.model.steps import asking
from drift_audit.model.values import JsonObject, dig, mapping, sequence, text
from drift_audit_azure.family import Loss, Named
from drift_audit_azure.fleet import AzureCluster, AzureMachine, Fleet
from drift_audit_azure.placing import Placements
from drift_audit_azure.resource_types import (
    LOAD_BALANCER,
    NAT_GATEWAY,
    PUBLIC_IP,
    RESOURCE_GROUP,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SUBNET,
    VIRTUAL_MACHINE,
    VIRTUAL_NETWORK,
)

_NETWORK = "Microsoft.Network"
_BALANCERS = ("apiServerLB", "nodeOutboundLB", "controlPlaneOutboundLB")

_CAPZ = "CAPZ makes it again, within 10 min, and does not compare what is in it"
_ASO = "ASO makes it again, within an hour"
_NOBODY = "nothing will make it again: CAPZ did not make this network"


def named_resources(fleet: Fleet, places: Placements) -> Iterator[Named]:
    """Everything that the placed clusters name."""
    for machine in fleet.machines.values():
        if machine.vm_id:
            yield _of_machine(machine)
    for cluster_key, cluster in fleet.clusters.items():
        placement = places.placed.get(cluster_key)
        if placement is not None:
            yield from _of_cluster(cluster, placement.scope.account)


def mentioned_ids(fleet: Fleet, places: Placements) -> Iterator[tuple[ClusterKey, str, str]]:
    """(cluster, type, id) of what a spec names in a network that CAPZ did not make: nothing of it is compared, and
    nothing of it is left over."""
    for key, cluster in fleet.clusters.items():
        placement = places.placed.get(key)
        if placement is not None and not cluster.builds_its_network:
            for subnet in cluster.subnets:
                for kind, identifier, *_ in _of_subnet(cluster, placement.scope.account, subnet):
                    yield key, kind, identifier


def _of_machine(machine: AzureMachine) -> Named:
    control_plane = machine.role == "control-plane"
    return Named(
        object=machine.object,
        cluster=machine.cluster_key,
        type=VIRTUAL_MACHINE,
        id=machine.vm_id,
        path="spec.providerID",
        loss=Loss(
            severity=Severity.CRITICAL,
            reaction="breaks reconciliation: CAPZ never makes a machine twice, and marks the AzureMachine as failed "
            "(VMDeletedError); only its owner or a MachineHealthCheck replaces it",
            next_steps=(
                asking("Find out in the Activity Log of the subscription who deleted the virtual machine."),
                "Check that etcd has its quorum, then delete the Machine, so that its owner makes another one."
                if control_plane
                else "Delete the Machine, so that its owner makes another one.",
            ),
            transitional=machine.deleting,
        ),
    )


def _of_cluster(cluster: AzureCluster, subscription: str) -> Iterator[Named]:
    seen: set[str] = set()
    for resource_type, identifier, path, severity, reaction in _parts(cluster, subscription):
        if identifier in seen:
            continue  # subnets share security groups, route tables and gateways
        seen.add(identifier)
        yield Named(
            object=cluster.infra,
            cluster=cluster.key,
            type=resource_type,
            id=identifier,
            path=path,
            loss=Loss(
                severity=severity,
                reaction=reaction,
                next_steps=(asking("Find out in the Activity Log of the subscription who deleted it."),),
                transitional=cluster.deleting or not cluster.ready,
            ),
        )


_Part = tuple[str, str, str, Severity, str]


def _parts(cluster: AzureCluster, subscription: str) -> Iterator[_Part]:
    """(type, id, path, severity, reaction) of all that an AzureCluster stands for."""
    yield RESOURCE_GROUP, group_id(subscription, cluster.group), "spec.resourceGroup", Severity.CRITICAL, _ASO
    if cluster.externally_managed or not cluster.vnet_name:
        return
    built = cluster.builds_its_network
    reaction = _ASO if built else _NOBODY
    vnet = vnet_id(cluster, subscription)
    yield VIRTUAL_NETWORK, vnet, "spec.networkSpec.vnet.name", Severity.CRITICAL, reaction
    for subnet in cluster.subnets:
        path = "spec.networkSpec.subnets"
        yield SUBNET, f"{vnet}/subnets/{text(subnet.get('name'))}".casefold(), path, Severity.CRITICAL, reaction
        if built:
            yield from _of_subnet(cluster, subscription, subnet)
    for field in _BALANCERS:
        yield from _of_balancer(cluster, subscription, field)


def _of_subnet(cluster: AzureCluster, subscription: str, subnet: JsonObject) -> Iterator[_Part]:
    """What CAPZ makes for a subnet of a network of its own: none of it in one that somebody brought."""
    path = "spec.networkSpec.subnets"
    group, routes = text(dig(subnet, "securityGroup", "name")), text(dig(subnet, "routeTable", "name"))
    if group:
        found = security_group_id(cluster, subscription, group)
        yield SECURITY_GROUP, found, path, Severity.CRITICAL, _CAPZ
    if routes:
        yield ROUTE_TABLE, route_table_id(cluster, subscription, routes), path, Severity.HIGH, _CAPZ
    gateway = text(dig(subnet, "natGateway", "name"))
    if gateway and text(subnet.get("role")) != "control-plane":
        yield NAT_GATEWAY, nat_gateway_id(cluster, subscription, gateway), path, Severity.HIGH, _ASO
        address = text(dig(subnet, "natGateway", "ip", "name"))
        if address:
            yield PUBLIC_IP, public_ip_id(cluster, subscription, address), path, Severity.HIGH, _CAPZ


def _of_balancer(cluster: AzureCluster, subscription: str, field: str) -> Iterator[_Part]:
    balancer = mapping(cluster.network.get(field))
    name = text(balancer.get("name"))
    if not name:
        return
    path = f"spec.networkSpec.{field}"
    severity = Severity.CRITICAL if field == "apiServerLB" else Severity.HIGH
    yield LOAD_BALANCER, balancer_id(cluster, subscription, name), f"{path}.name", severity, _CAPZ
    for front in map(mapping, sequence(balancer.get("frontendIPs"))):
        address = text(dig(front, "publicIP", "name"))
        if address:
            yield PUBLIC_IP, public_ip_id(cluster, subscription, address), f"{path}.frontendIPs", severity, _CAPZ


def group_id(subscription: str, group: str) -> str:
    return f"/subscriptions/{subscription}/resourcegroups/{group}".casefold()


def _id(subscription: str, group: str, kind: str, name: str) -> str:
    return f"{group_id(subscription, group)}/providers/{_NETWORK}/{kind}/{name}".casefold()


def vnet_id(cluster: AzureCluster, subscription: str) -> str:
    return _id(subscription, cluster.vnet_group, "virtualNetworks", cluster.vnet_name)


def subnet_id(cluster: AzureCluster, subscription: str, name: str) -> str:
    return f"{vnet_id(cluster, subscription)}/subnets/{name}".casefold()


def security_group_id(cluster: AzureCluster, subscription: str, name: str) -> str:
    """In the resource group of the network (azure.SecurityGroupID, scope NSGSpecs)."""
    return _id(subscription, cluster.vnet_group, "networkSecurityGroups", name)


def route_table_id(cluster: AzureCluster, subscription: str, name: str) -> str:
    return _id(subscription, cluster.vnet_group, "routeTables", name)


def nat_gateway_id(cluster: AzureCluster, subscription: str, name: str) -> str:
    return _id(subscription, cluster.group, "natGateways", name)


def public_ip_id(cluster: AzureCluster, subscription: str, name: str) -> str:
    return _id(subscription, cluster.group, "publicIPAddresses", name)


def balancer_id(cluster: AzureCluster, subscription: str, name: str) -> str:
    return _id(subscription, cluster.group, "loadBalancers", name)
