"""Why something cannot be compared: what an object is called undecided for, and the gap that tells it once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from drift_audit.interfaces import Undecided
from drift_audit.model.keys import ClusterKey, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import CloudScopeView, Gap, ScopeStatus, View
from drift_audit_aws.fleet import CLUSTER_NAME_LABEL, AwsCluster
from drift_audit_aws.placing import PROVIDER, Placement, Placements


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
            subject=_first_of(sorted(objects)),
            reason=doubt.reason,
            remedy=doubt.remedy,
            status=ScopeStatus.PARTIAL,
        )
        for doubt, objects in concerned.items()
    )


def _first_of(objects: list[str]) -> str:
    more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
    return f"{objects[0]}{more}"


def placeless(key: ClusterKey, places: Placements) -> Doubt:
    """Why nobody knows where the cluster lives. For a cluster that was read, the plan has the gap."""
    unplaced = places.unplaced.get(key)
    if unplaced is not None:
        return Doubt(scope=f"{PROVIDER}/{key}", reason=unplaced.reason, remedy=unplaced.remedy, told=True)
    scope = f"{PROVIDER}/{key.management_cluster}/AWSMachine"
    if not key.name:
        return Doubt(
            scope=scope,
            reason=f"AWSMachines in namespace {key.namespace} name no cluster, neither by a label nor by an owning "
            "Machine",
            remedy=f"Give them the label {CLUSTER_NAME_LABEL}, or delete those that nothing needs.",
        )
    return Doubt(
        scope=scope,
        reason=f"no Cluster {key.namespace}/{key.name} on AWS was read",
        remedy=f"Let the audit list Clusters in namespace {key.namespace}, or correct the label {CLUSTER_NAME_LABEL}.",
    )


def unlisted(cloud: CloudScopeView, kind: str) -> Doubt:
    """Why a resource type of the scope is not completely known."""
    listing = cloud.listings.get(kind)
    reason = listing.reason if listing is not None else "it was not listed"
    scope = f"{cloud.scope}/{kind}"
    return Doubt(
        scope=scope,
        reason=f"{kind} in {cloud.scope} is not completely known: {reason or 'the account is not verified'}",
        remedy=f"Let the audit list all of {kind} in this scope, with credentials of the account.",
        told=any(gap.scope in (scope, str(cloud.scope)) for gap in cloud.gaps),
    )


def assumed(placement: Placement, key: ClusterKey) -> Doubt:
    """Why the absence of everything proves nothing in an account that only the configuration names."""
    return Doubt(
        scope=str(placement.scope),
        reason=f"nothing of cluster {key.namespace}/{key.name} was found in account {placement.scope.account}, and "
        "only the configuration says that it lives there: check where its identity is mapped, "
        "clouds.aws.accounts[].identities",
        remedy="Map the cluster's identity to the account that it lives in.",
    )


def unbuilt(cluster: AwsCluster) -> Doubt:
    """Why a cluster has nothing to compare although it should by now."""
    infra = cluster.infra
    name = f"{infra.kind} {infra.namespace}/{infra.name}"
    return Doubt(
        scope=f"{PROVIDER}/{cluster.key}",
        reason=f"{name} has no security groups in its status: CAPA has not built it (or cannot)",
        remedy=f"Read the conditions of {name} and the log of the CAPA controller.",
    )


def ownerless(management_cluster: str) -> Doubt:
    """Why some fields of an instance cannot be told: the role and its groups follow from the owning Machine."""
    return Doubt(
        scope=f"{PROVIDER}/{management_cluster}/AWSMachine",
        reason="the Machine that owns an AWSMachine was not read, so nobody can tell all that its instance should have",
        remedy="Let the audit list Machine, or delete the AWSMachines that no Machine owns.",
    )
