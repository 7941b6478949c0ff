"""Which (subscription, location) scopes the fleet lives in, what in them is looked for, and what is not audited yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from drift_audit.interfaces import ScopePlan, ScopeRequest
from drift_audit.model.keys import CloudScope, ClusterKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit.model.views import Gap, ScopeStatus, View
from drift_audit_azure.fleet import Fleet
from drift_audit_azure.names import named_resources
from drift_audit_azure.placing import PROVIDER, Placements, place
from drift_audit_azure.settings import AzureSettings

TENANT_HINT = "tenant"

_AKS = "AKS clusters are not audited yet"
_LATER_KINDS: tuple[tuple[str, str], ...] = (
    ("AzureManagedControlPlane", _AKS),
    ("AzureASOManagedControlPlane", _AKS),
    ("AzureManagedMachinePool", "AKS node pools are not audited yet"),
    ("AzureASOManagedMachinePool", "AKS node pools are not audited yet"),
    ("AzureMachinePool", "virtual machine scale sets are not audited yet"),
)
"""Kinds that stand for something in Azure which this provider does not read yet. Coverage says so."""


def _has(*steps: str) -> Callable[[CapiObject], bool]:
    return lambda found: bool(dig(found.spec, *steps))


def _any_subnet(field: str) -> Callable[[CapiObject], bool]:
    return lambda found: any(
        mapping(subnet).get(field) for subnet in sequence(dig(found.spec, "networkSpec", "subnets"))
    )


def _private_zone(found: CapiObject) -> bool:
    """CAPZ makes a private DNS zone for every API server without a public address, unless it is told not to."""
    network = mapping(found.spec.get("networkSpec"))
    return text(dig(network, "apiServerLB", "type")) == "Internal" and network.get("privateDNSZone") != "None"


_LATER_FIELDS: tuple[tuple[str, str, Callable[[CapiObject], bool], str], ...] = (
    ("AzureCluster", "private-dns", _private_zone, "the private DNS zone of the API server is not audited yet"),
    ("AzureCluster", "bastion", _has("bastionSpec", "azureBastion"), "the Azure Bastion is not audited yet"),
    ("AzureCluster", "peerings", _has("networkSpec", "vnet", "peerings"), "network peerings are not audited yet"),
    ("AzureCluster", "private-endpoints", _any_subnet("privateEndpoints"), "private endpoints are not audited yet"),
    ("AzureMachine", "extensions", _has("vmExtensions"), "extensions of virtual machines are not audited yet"),
    (
        "AzureMachine",
        "role-assignments",
        lambda found: found.spec.get("identity") == "SystemAssigned",
        "role assignments of system-assigned identities are not audited yet",
    ),
)
"""Fields that declare something in Azure which this provider does not read yet: a gap only where they are used."""


def later_reasons() -> list[str]:
    """Everything that is not audited yet, in the words of the gaps."""
    return sorted({*(reason for _, reason in _LATER_KINDS), *(reason for *_, reason in _LATER_FIELDS)})


def plan_scopes(fleet: Fleet, settings: AzureSettings) -> ScopePlan:
    """One request per (subscription, location) for all its clusters together, and a gap for whatever has no place."""
    places = place(fleet, settings)
    members: dict[CloudScope, list[ClusterKey]] = defaultdict(list)
    for key, placement in places.placed.items():
        members[placement.scope].append(key)
    for entry in settings.subscriptions:
        for location in entry.locations:
            members.setdefault(CloudScope(PROVIDER, entry.subscription.casefold(), location), [])
    hints = _hints(fleet, places, settings)
    return ScopePlan(
        requests=tuple(
            ScopeRequest(
                scope=scope,
                clusters=tuple(sorted(keys)),
                assumed=tuple(sorted(key for key in keys if places.placed[key].assumed)),
                hints={name: tuple(sorted(some)) for name, some in hints(scope).items()},
            )
            for scope, keys in sorted(members.items())
        ),
        gaps=(*_unplaced(places), *_later(fleet)),
        scope_of={key: placement.scope for key, placement in places.placed.items()},
    )


def _hints(fleet: Fleet, places: Placements, settings: AzureSettings) -> Callable[[CloudScope], dict[str, set[str]]]:
    """By scope: the ids of each type that its objects name, and the tenant that it has to be in."""
    found: dict[CloudScope, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for named in named_resources(fleet, places):
        if named.cluster in places.placed:
            found[places.placed[named.cluster].scope][named.type].add(named.id)
    for placement in places.placed.values():
        if placement.tenant:
            found[placement.scope][TENANT_HINT].add(placement.tenant)
    for entry in settings.subscriptions:
        for location in entry.locations if entry.tenant else ():
            found[CloudScope(PROVIDER, entry.subscription.casefold(), location)][TENANT_HINT].add(
                entry.tenant.casefold()
            )
    return lambda scope: found[scope]


def _unplaced(places: Placements) -> Iterator[Gap]:
    for key, why in sorted(places.unplaced.items()):
        yield Gap(view=View.CLOUD, scope=f"{PROVIDER}/{key}", subject=str(key), reason=why.reason, remedy=why.remedy)


def _later(fleet: Fleet) -> Iterator[Gap]:
    for key, _ in fleet.managed:
        yield _not_yet(f"{key.management_cluster}/Cluster", f"{key.namespace}/{key.name}", _AKS)
    for kind, reason in _LATER_KINDS:
        for management_cluster, found in fleet.of_kind(kind):
            yield _not_yet(f"{management_cluster}/{kind}", f"{found.namespace}/{found.name}", reason)
    for kind, part, declares, reason in _LATER_FIELDS:
        users = defaultdict(list)
        for management_cluster, found in fleet.of_kind(kind):
            if declares(found):
                users[management_cluster].append(f"{found.namespace}/{found.name}")
        for management_cluster, names in users.items():
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield _not_yet(f"{management_cluster}/{kind}/{part}", f"{min(names)}{more}", reason)


def _not_yet(scope: str, subject: str, reason: str) -> Gap:
    return Gap(
        view=View.CLOUD,
        scope=f"{PROVIDER}/{scope}",
        subject=subject,
        reason=reason,
        remedy="Compare it by hand until this provider covers it.",
        status=ScopeStatus.SKIPPED,
    )
