"""Resources that say CAPZ made them for a cluster and that no object of the fleet names.

A leftover is a strong word: somebody may delete what is called so. It follows only from complete listings of the
management clusters, in the verified subscription, and never for what anything in `_VETOES` explains.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from drift_audit.clock import moment
from drift_audit.interfaces import Leftover
from drift_audit.model.findings import Severity
from drift_audit.model.keys import ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.steps import asking
from drift_audit.model.values import dig, text
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, ScopeStatus, View
from drift_audit_azure.arm_ids import group_of, name_of
from drift_audit_azure.fleet import CORE, INFRASTRUCTURE, AzureCluster, Fleet
from drift_audit_azure.ownership import ROLE_TAG, SERVICE_TAGS, VOLUME_TAG, has_tag, owners, tag
from drift_audit_azure.placing import Placements
from drift_audit_azure.resource_types import (
    DISK,
    LOAD_BALANCER,
    NAT_GATEWAY,
    NETWORK_INTERFACE,
    PUBLIC_IP,
    RESOURCE_GROUP,
    ROUTE_TABLE,
    SECURITY_GROUP,
    VIRTUAL_MACHINE,
    VIRTUAL_NETWORK,
)

_SEVERITIES: Mapping[str, Severity] = {
    VIRTUAL_MACHINE: Severity.HIGH,
    LOAD_BALANCER: Severity.HIGH,
    PUBLIC_IP: Severity.MEDIUM,
    NAT_GATEWAY: Severity.MEDIUM,
    NETWORK_INTERFACE: Severity.MEDIUM,
    SECURITY_GROUP: Severity.LOW,
    ROUTE_TABLE: Severity.LOW,
    VIRTUAL_NETWORK: Severity.LOW,
    DISK: Severity.LOW,
}
"""The types that can be left over, by what they cost and expose."""

_DECIDING_KINDS: tuple[tuple[str, str], ...] = (
    (CORE, "Cluster"),
    (INFRASTRUCTURE, "AzureCluster"),
    (INFRASTRUCTURE, "AzureMachine"),
    (INFRASTRUCTURE, "AzureMachinePool"),
)
"""Kinds whose objects name resources. One of them unread, and nothing is left over for sure."""

_MACHINE_DISK = re.compile(r"(?P<machine>.+)_osdisk\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Everything that a resource is judged by."""

    fleet: Fleet
    places: Placements
    cloud: CloudScopeView
    now: datetime
    min_age: timedelta
    machines: frozenset[str]
    """Names of all AzureMachines, in lower case: what is called after one belongs to it, named or not."""


def find_leftovers(
    fleet: Fleet,
    places: Placements,
    clouds: Sequence[CloudScopeView],
    claimed: Set[ResourceKey],
    min_age: timedelta,
    now: datetime,
) -> tuple[tuple[Leftover, ...], tuple[Gap, ...]]:
    """All leftovers, and gaps for the scopes in which none can be told.

    An audit of a part of the fleet tells none: what it does not know may belong to the rest.
    """
    unread = sorted({f"{view.management_cluster} ({kind})" for view, kind in _unread_kinds(fleet.views)})
    if unread:
        return (), tuple(_undecidable(cloud, unread) for cloud in clouds)
    if any(map(_narrowed, fleet.views)) or fleet.broken or places.unplaced:
        return (), ()
    names = frozenset(machine.object.name.casefold() for machine in fleet.machines.values())
    found: list[Leftover] = []
    for cloud in clouds:
        known = _Known(fleet=fleet, places=places, cloud=cloud, now=now, min_age=min_age, machines=names)
        for (kind, _), resource in sorted(cloud.resources.items()):
            if kind in _SEVERITIES and cloud.listed(kind) and resource.key not in claimed:
                found.extend(_judged(resource, known))
    return tuple(found), ()


def _judged(resource: CloudResource, known: _Known) -> Iterator[Leftover]:
    claims = owners(resource.tags) or _by_group(resource, known)
    if not claims or any(applies(resource, known) for applies in _VETOES):
        return
    here = [
        cluster
        for key, cluster in known.fleet.clusters.items()
        if key.name.casefold() in claims and known.places.placed[key].scope.account == resource.key.account
    ]
    in_group = [cluster for cluster in here if cluster.group.casefold() == group_of(resource.key.id)]
    if any(cluster.deleting or not cluster.ready for cluster in here):
        return
    owner = in_group[0] if len(in_group) == 1 else here[0] if len(here) == 1 else None
    sure = len(in_group) == 1 and bool(owners(resource.tags)) and bool(resource.created_at)
    yield Leftover(
        resource=resource.key,
        cluster=owner.key if owner is not None else None,
        claimed=claims[0],
        why_sure=_why(owner, in_group),
        severity=_SEVERITIES[resource.key.type],
        next_steps=(
            asking(f"Find out in the Activity Log who made {name_of(resource.key.id)}."),
            f"If nothing needs it: az resource delete --ids {resource.key.id}",
        ),
        potential=not sure,
        created_at=resource.created_at,
    )


def _why(owner: AzureCluster | None, in_group: Sequence[AzureCluster]) -> str:
    if owner is None:
        where = "no audited management cluster has a cluster of that name in this subscription; another one may"
    elif in_group:
        where = f"it stands in the cluster's own resource group {owner.group}"
    else:
        where = "its tag alone says whose it is"
    return f"no object of the audited management clusters names it; {where}"


def _by_group(resource: CloudResource, known: _Known) -> list[str]:
    """Disks of machines have no tags: those called like one, in the resource group of a single cluster."""
    if resource.key.type != DISK or not _MACHINE_DISK.match(name_of(resource.key.id)):
        return []
    group = group_of(resource.key.id)
    names = {key.name.casefold() for key, cluster in known.fleet.clusters.items() if cluster.group.casefold() == group}
    return sorted(names) if len(names) == 1 else []


def _young(resource: CloudResource, known: _Known) -> bool:
    created = moment(resource.created_at)
    return created is not None and known.now - created < known.min_age


def _of_a_service(resource: CloudResource, known: _Known) -> bool:
    """What the cloud controller manager made for Services: it lives as long as the cluster."""
    if has_tag(resource.tags, *SERVICE_TAGS):
        return True
    name = name_of(resource.key.id)
    clusters = {key.name.casefold() for key in known.fleet.clusters} | {"kubernetes"}
    return resource.key.type == LOAD_BALANCER and name.removesuffix("-internal") in clusters


def _of_a_volume(resource: CloudResource, known: _Known) -> bool:
    return has_tag(resource.tags, VOLUME_TAG) or name_of(resource.key.id).startswith(("pvc-", "kubernetes-dynamic-"))


def _of_aks(resource: CloudResource, known: _Known) -> bool:
    """In the node resource group of an AKS cluster: Azure keeps it."""
    group = group_of(resource.key.id)
    found = known.cloud.resources.get((RESOURCE_GROUP, f"/subscriptions/{resource.key.account}/resourcegroups/{group}"))
    return group.startswith("mc_") or bool(found and found.attributes.get("managedBy"))


def _follows_another(resource: CloudResource, known: _Known) -> bool:
    """Attached to something: what that is decides."""
    properties = resource.attributes.get("properties")
    match resource.key.type:
        case "network-interface":
            return bool(dig(properties, "virtualMachine", "id") or dig(properties, "privateEndpoint", "id"))
        case "disk":
            return bool(resource.attributes.get("managedBy")) or text(dig(properties, "diskState")) != "Unattached"
        case "public-ip":
            return bool(dig(properties, "ipConfiguration", "id") or dig(properties, "natGateway", "id"))
        case "virtual-machine":
            return bool(dig(properties, "virtualMachineScaleSet", "id"))
        case _:
            return False


def _of_a_known_machine(resource: CloudResource, known: _Known) -> bool:
    """CAPZ makes interfaces and disks before it writes the providerID."""
    name = name_of(resource.key.id)
    return any(machine == name or name.startswith((f"{machine}-nic", f"{machine}_")) for machine in known.machines) or (
        resource.key.type == PUBLIC_IP and name.removeprefix("pip-") in known.machines
    )


def _of_the_internal_api(resource: CloudResource, known: _Known) -> bool:
    """The second balancer of the feature gate APIServerILB, and what the Bastion needs: no object names them."""
    return tag(resource.tags, ROLE_TAG) in ("apiserver-internal", "Bastion") or "-azure-bastion" in resource.key.id


_VETOES: tuple[Callable[[CloudResource, _Known], bool], ...] = (
    _young,
    _of_a_service,
    _of_a_volume,
    _of_aks,
    _follows_another,
    _of_a_known_machine,
    _of_the_internal_api,
)


def _unread_kinds(views: Sequence[ClusterView]) -> Iterator[tuple[ClusterView, str]]:
    for view in views:
        for group, kind in _DECIDING_KINDS:
            if not view.listed(group, kind) and not _unserved(view, group, kind):
                yield view, kind


def _unserved(view: ClusterView, group: str, kind: str) -> bool:
    """True when the management cluster has no such kind: discovery worked, and nothing failed in that view."""
    return (group, kind) not in view.kinds and view.listed(CORE, "Cluster") and not view.gaps


def _narrowed(view: ClusterView) -> bool:
    """True when objects that name resources can exist outside the view."""
    listings = (view.kinds.get(kind) for kind in _DECIDING_KINDS)
    return bool(view.namespaces or view.left_out) or any(listing and listing.namespaces for listing in listings)


def _undecidable(cloud: CloudScopeView, unread: Sequence[str]) -> Gap:
    return Gap(
        view=View.CLOUD,
        scope=str(cloud.scope),
        subject="leftovers",
        reason=f"nothing can be called left over while it is not known what all objects name: {', '.join(unread)}",
        remedy="Let the audit list these kinds in all namespaces; the management clusters have gaps that say why not.",
        status=ScopeStatus.PARTIAL,
    )
