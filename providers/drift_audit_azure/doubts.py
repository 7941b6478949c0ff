"""Why something cannot be compared: what an object is called undecided for, and the gap that tells it once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from drift_audit.interfaces import Undecided
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import CloudScopeView, Gap, ScopeStatus, View
from drift_audit_azure.fleet import CLUSTER_NAME_LABEL
from drift_audit_azure.placing import PROVIDER, Placement, Placements


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One reason that can concern many objects."""

    scope: str
    reason: str
    remedy: str
    told: bool = False
    """True when another part of the audit has a gap for it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """An object with the reason why it cannot be compared, wholly or in part."""

    management_cluster: str
    object: ObjectKey
    cluster: ClusterKey
    doubt: Doubt
    whole: bool = True
    """False when only a part of the object cannot be compared."""

    def undecided(self) -> Undecided:
        return Undecided(
            management_cluster=self.management_cluster,
            object=self.object,
            cluster=self.cluster,
            reason=self.doubt.reason,
        )


def doubted(subject: CapiObject, key: ClusterKey, doubt: Doubt, *, whole: bool = True) -> Doubted:
    return Doubted(management_cluster=key.management_cluster, object=subject.key, cluster=key, doubt=doubt, whole=whole)


def gaps_of(doubted: Iterable[Doubted]) -> tuple[Gap, ...]:
    """A gap for every doubt that nothing else tells, however many objects it concerns."""
    concerned: dict[Doubt, set[str]] = defaultdict(set)
    for each in doubted:
        if not each.doubt.told:
            concerned[each.doubt].add(str(each.object))
    return tuple(
        Gap(
            view=View.CLOUD,
            scope=doubt.scope,
            subject=min(objects) + (f" and {len(objects) - 1} more" if len(objects) > 1 else ""),
            reason=doubt.reason,
            remedy=doubt.remedy,
            status=ScopeStatus.PARTIAL,
        )
        for doubt, objects in concerned.items()
    )


def placeless(key: ClusterKey, places: Placements) -> Doubt:
    """Why nobody knows where the cluster lives. For a cluster that was read, the plan has the gap."""
    unplaced = places.unplaced.get(key)
    if unplaced is not None:
        return Doubt(scope=f"{PROVIDER}/{key}", reason=unplaced.reason, remedy=unplaced.remedy, told=True)
    scope = f"{PROVIDER}/{key.management_cluster}/AzureMachine"
    if not key.name:
        return Doubt(
            scope=scope,
            reason=f"AzureMachines in namespace {key.namespace} name no cluster, neither by a label nor by an owning "
            "Machine",
            remedy=f"Give them the label {CLUSTER_NAME_LABEL}, or delete those that nothing needs.",
        )
    return Doubt(
        scope=scope,
        reason=f"no Cluster {key.namespace}/{key.name} on Azure was read",
        remedy=f"Let the audit list Clusters in namespace {key.namespace}, or correct the label {CLUSTER_NAME_LABEL}.",
    )


def unlisted(cloud: CloudScopeView, kind: str) -> Doubt:
    """Why a resource type of the scope is not completely known."""
    listing = cloud.listings.get(kind)
    reason = listing.reason if listing is not None else "it was not listed"
    scope = f"{cloud.scope}/{kind}"
    return Doubt(
        scope=scope,
        reason=f"{kind} in {cloud.scope} is not completely known: {reason or 'the subscription is not verified'}",
        remedy=f"Let the audit read all of {kind} in this scope.",
        told=any(gap.scope in (scope, str(cloud.scope)) for gap in cloud.gaps),
    )


def assumed(placement: Placement, key: ClusterKey) -> Doubt:
    """Why the absence of everything proves nothing in a subscription that only the configuration names."""
    return Doubt(
        scope=str(placement.scope),
        reason=f"nothing of cluster {key.namespace}/{key.name} was found in subscription {placement.scope.account}, "
        "and only the configuration says that it lives there",
        remedy="Check clouds.azure.subscriptions[].default_for, or set spec.subscriptionID of the AzureCluster.",
    )


def elsewhere(scope: str, identifier: str) -> Doubt:
    """Why a machine of another subscription than its cluster's is not compared."""
    return Doubt(
        scope=scope,
        reason=f"{identifier} is in another subscription than the one that its cluster was read in",
        remedy="Compare it by hand: a cluster is read in one subscription.",
    )


def ownerless(management_cluster: str) -> Doubt:
    """Why some fields of a machine cannot be told: its role follows from the owning Machine."""
    return Doubt(
        scope=f"{PROVIDER}/{management_cluster}/AzureMachine",
        reason="the Machine that owns an AzureMachine was not read, so nobody can tell all that its virtual machine "
        "should have",
        remedy="Let the audit list Machine, or delete the AzureMachines that no Machine owns.",
    )
