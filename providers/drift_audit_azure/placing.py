"""In which subscription and location each cluster of the fleet lives, and of which nobody can tell.

CAPZ's own credentials are never used: they may write. A subscription has to be configured before it is read.
Source: CAPZ v1.26.0 azure/scope/{clients,identity}.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.keys import CloudScope, ClusterKey, ObjectKey
from drift_audit.model.values import text
from drift_audit.model.views import CloudScopeView
from drift_audit_azure.arm_ids import subscription_of
from drift_audit_azure.fleet import INFRASTRUCTURE, AzureCluster, Fleet
from drift_audit_azure.settings import AzureSettings

PROVIDER = "azure"
IDENTITY = "AzureClusterIdentity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a cluster lives, and how sure that is."""

    scope: CloudScope
    assumed: bool = False
    """True when only the configuration names the subscription."""
    tenant: str = ""
    """The tenant that the subscription has to be in; empty when nothing names one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """Why no subscription can be read for a cluster."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """The place of every Azure cluster, or why it has none."""

    placed: Mapping[ClusterKey, Placement]
    unplaced: Mapping[ClusterKey, Unplaced]


def place(fleet: Fleet, settings: AzureSettings) -> Placements:
    placed: dict[ClusterKey, Placement] = {}
    unplaced: dict[ClusterKey, Unplaced] = {}
    for key, cluster in fleet.clusters.items():
        match _placement(fleet, cluster, settings):
            case Placement() as placement:
                placed[key] = placement
            case Unplaced() as why:
                unplaced[key] = why
    for key, _ in fleet.broken:
        unplaced[key] = Unplaced(
            reason=f"the AzureCluster of cluster {key.namespace}/{key.name} could not be read",
            remedy="Let the audit list AzureCluster, or correct the Cluster's infrastructureRef.",
        )
    return Placements(placed=placed, unplaced=unplaced)


def places_in(fleet: Fleet, clouds: Sequence[CloudScopeView]) -> Placements:
    """The same as the scopes that were read tell it, without any settings: how a recording is judged."""
    placed = {
        key: Placement(scope=cloud.scope, assumed=key in cloud.assumed) for cloud in clouds for key in cloud.clusters
    }
    unplaced = {
        key: Unplaced(reason="its subscription is not known", remedy="See the gaps of this audit.")
        for key in {*fleet.clusters, *(key for key, _ in fleet.broken)}
        if key not in placed
    }
    return Placements(placed=placed, unplaced=unplaced)


def _placement(fleet: Fleet, cluster: AzureCluster, settings: AzureSettings) -> Placement | Unplaced:
    name = f"cluster {cluster.key.namespace}/{cluster.key.name}"
    if not cluster.location:
        return Unplaced(reason=f"{cluster.infra.key} names no location", remedy="Set its spec.location.")
    subscription = cluster.subscription or _of_machines(fleet, cluster)
    assumed = not subscription
    subscription = subscription or _configured_default(cluster, settings)
    if not subscription:
        return Unplaced(
            reason=f"{name} names no subscription, and no configured one is its management cluster's default",
            remedy=f"Add {cluster.key.management_cluster!r} under clouds.azure.subscriptions[].default_for of the "
            "subscription that CAPZ itself uses, or set spec.subscriptionID.",
        )
    entry = settings.subscription(subscription)
    if entry is None:
        return Unplaced(
            reason=f"{name} lives in subscription {subscription}, which is not configured",
            remedy=f"Add an entry with subscription: {subscription} under clouds.azure.subscriptions.",
        )
    named = _tenant(fleet, cluster)
    if named and entry.tenant and named != entry.tenant.casefold():
        return Unplaced(
            reason=f"{name} uses an identity of tenant {named}, and subscription {subscription} is configured for "
            f"tenant {entry.tenant.casefold()}",
            remedy="Correct tenant under clouds.azure.subscriptions, or the AzureClusterIdentity.",
        )
    return Placement(
        scope=CloudScope(PROVIDER, subscription, cluster.location),
        assumed=assumed,
        tenant=entry.tenant.casefold() or named,
    )


def _of_machines(fleet: Fleet, cluster: AzureCluster) -> str:
    """The subscription in the providerIDs, where all name the same."""
    found = {subscription_of(machine.vm_id) for machine in fleet.members.get(cluster.key, ()) if machine.vm_id}
    return found.pop() if len(found) == 1 else ""


def _configured_default(cluster: AzureCluster, settings: AzureSettings) -> str:
    return next(
        (
            entry.subscription.casefold()
            for entry in settings.subscriptions
            if cluster.key.management_cluster in entry.default_for
        ),
        "",
    )


def _tenant(fleet: Fleet, cluster: AzureCluster) -> str:
    """The tenant of the cluster's identity; empty where that was not read or names none."""
    view, (namespace, name) = fleet.view(cluster.key.management_cluster), cluster.identity
    found = view.objects.get(ObjectKey(INFRASTRUCTURE, IDENTITY, namespace, name)) if view and name else None
    return text(found.spec.get("tenantID")).casefold() if found is not None else ""
