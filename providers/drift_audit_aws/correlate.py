"""Which object stands for which resource, and which resources are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from drift_audit.clock import moment
from drift_audit.interfaces import Absence, Correlation, Link
from drift_audit.model.findings import Severity
from drift_audit.model.keys import CloudScope, ClusterKey, ResourceKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.values import dig, text
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.doubts import Doubt, Doubted, assumed, gaps_of, ownerless, placeless, unbuilt, unlisted
from drift_audit_aws.fleet import AwsCluster, AwsMachine, Fleet
from drift_audit_aws.instances import INSTANCE
from drift_audit_aws.leftovers import find_leftovers
from drift_audit_aws.ownership import GONE_STATES, state_of
from drift_audit_aws.plan import Placements, places_in
from drift_audit_aws.security_groups import SECURITY_GROUP

Match: TypeAlias = Link | Absence | Doubted

SETTLING = timedelta(minutes=10)
"""EC2 is eventually consistent, and CAPA looks again after its sync period (main.go, --sync-period)."""

_REPLACE_MACHINE = (
    "Find out in CloudTrail who ended the instance: event TerminateInstances, resource {id}.",
    "Delete Machine {namespace}/{machine}, or let a MachineHealthCheck do it; its owner then makes a new one.",
)
_RECREATE_GROUP = (
    "Find out in CloudTrail who deleted the group: event DeleteSecurityGroup, resource {id}.",
    "Check the conditions of {kind} {namespace}/{name}: ClusterSecurityGroupsReady tells whether CAPA made a new one.",
)

NEVER_REPLACED = "CAPA keeps looking for the instance and never makes another one for this AWSMachine"
FAILED_FOR_GOOD = "CAPA marks the AWSMachine as failed for good; only a new Machine replaces it"
POOL_REPLACES = "the Auto Scaling group replaces it, and CAPA removes this AWSMachine"
GROUP_REMADE = "CAPA makes a new group with a new id at its next reconcile; nothing moves to it by itself"
OVERRIDE_BREAKS = "CAPA cannot reconcile the cluster's network until the override names an existing group"


def correlate_fleet(
    fleet: Fleet, clouds: Sequence[CloudScopeView], orphan_min_age: timedelta, now: datetime
) -> Correlation:
    """Links, absences, leftovers, and everything that could not be decided."""
    by_scope = {cloud.scope: cloud for cloud in clouds}
    places = places_in(fleet, clouds)
    matches = [*_instances(fleet, places, by_scope, now), *_groups(fleet, places, by_scope, now)]
    matches = list(_without_assumptions(matches, fleet, places))
    leftovers, gaps = find_leftovers(fleet, places, clouds, orphan_min_age, now)
    doubted = list(dict.fromkeys(match for match in matches if isinstance(match, Doubted)))
    return Correlation(
        links=tuple(match for match in matches if isinstance(match, Link)),
        absences=tuple(match for match in matches if isinstance(match, Absence)),
        undecided=tuple(each.undecided() for each in doubted),
        leftovers=leftovers,
        gaps=(*gaps_of([*doubted, *_ownerless(fleet, matches)]), *gaps),
    )


def _instances(
    fleet: Fleet, places: Placements, clouds: Mapping[CloudScope, CloudScopeView], now: datetime
) -> Iterator[Match]:
    for machine in fleet.machines.values():
        if not machine.instance_id:
            continue
        cloud = _cloud_of(machine.cluster_key, places, clouds)
        if isinstance(cloud, Doubt):
            yield _doubted(machine.object, machine.cluster_key, cloud)
            continue
        link = _link(machine.object, machine.cluster_key, cloud.scope, INSTANCE, machine.instance_id)
        found = cloud.resources.get((INSTANCE, machine.instance_id))
        if found is not None and state_of(found) not in GONE_STATES:
            yield link
        elif found is not None or cloud.listed(INSTANCE):
            yield _instance_absence(machine, link, found, now)
        else:
            yield _doubted(machine.object, machine.cluster_key, unlisted(cloud, INSTANCE))


def _instance_absence(machine: AwsMachine, link: Link, found: CloudResource | None, now: datetime) -> Absence:
    young = _younger_than_settling(machine.object, now)
    words = {
        "id": link.resource.id,
        "namespace": machine.object.namespace,
        "machine": machine.machine.name if machine.machine is not None else machine.object.name,
    }
    return Absence(
        link=link,
        path=machine.id_path,
        detail=_end_of(found) if found is not None else "",
        severity=Severity.CRITICAL if machine.role == "control-plane" else Severity.HIGH,
        reaction=POOL_REPLACES if machine.in_pool else FAILED_FOR_GOOD if found is not None else NEVER_REPLACED,
        next_steps=tuple(step.format(**words) for step in _REPLACE_MACHINE),
        transitional=machine.deleting or machine.in_pool or (young and found is None),
    )


def _end_of(instance: CloudResource) -> str:
    """`terminated: User initiated (2026-11-20 09:00:00 GMT)`, as far as EC2 tells."""
    reason = text(instance.attributes.get("StateTransitionReason")) or text(
        dig(instance.attributes, "StateReason", "Message")
    )
    return f"{state_of(instance)}: {reason}" if reason else state_of(instance)


def _groups(
    fleet: Fleet, places: Placements, clouds: Mapping[CloudScope, CloudScopeView], now: datetime
) -> Iterator[Match]:
    """The security groups of AWSClusters. Those of EKS are audited together with EKS."""
    for cluster in fleet.clusters.values():
        if cluster.eks:
            continue
        if not cluster.security_groups:
            if _should_be_built(cluster, now):
                yield _doubted(cluster.infra, cluster.key, unbuilt(cluster))
            continue
        cloud = _cloud_of(cluster.key, places, clouds)
        if isinstance(cloud, Doubt):
            yield _doubted(cluster.infra, cluster.key, cloud)
            continue
        unknown = False
        for role, group in sorted(cluster.security_groups.items()):
            link = _link(cluster.infra, cluster.key, cloud.scope, SECURITY_GROUP, group)
            if (SECURITY_GROUP, group) in cloud.resources:
                yield link
            elif cloud.listed(SECURITY_GROUP):
                yield _group_absence(cluster, role, link, now)
            else:
                unknown = True
        if unknown:
            yield _doubted(cluster.infra, cluster.key, unlisted(cloud, SECURITY_GROUP))


def _should_be_built(cluster: AwsCluster, now: datetime) -> bool:
    """True when CAPA had the time to make the security groups, and nobody else makes them. Being paused, or without
    a controller, is no excuse: nothing in AWS is compared then."""
    return not (cluster.externally_managed or cluster.deleting or _younger_than_settling(cluster.infra, now))


def _ownerless(fleet: Fleet, matches: Sequence[Match]) -> Iterator[Doubted]:
    """The linked machines whose Machine is missing: a part of their fields is compared with nothing."""
    for match in matches:
        machine = fleet.machines.get((match.management_cluster, match.object)) if isinstance(match, Link) else None
        if machine is not None and machine.machine is None and not (machine.deleting or machine.in_pool):
            yield _doubted(machine.object, machine.cluster_key, ownerless(machine.management_cluster))


def _group_absence(cluster: AwsCluster, role: str, link: Link, now: datetime) -> Absence:
    infra = cluster.infra
    words = {"id": link.resource.id, "kind": infra.kind, "namespace": infra.namespace, "name": infra.name}
    overridden = link.resource.id in cluster.overridden_groups
    return Absence(
        link=link,
        path=f"spec.network.securityGroupOverrides.{role}"
        if overridden
        else f"status.networkStatus.securityGroups.{role}.id",
        detail="",
        severity=Severity.HIGH,
        reaction=OVERRIDE_BREAKS if overridden else GROUP_REMADE,
        next_steps=tuple(step.format(**words) for step in _RECREATE_GROUP),
        transitional=cluster.deleting or _younger_than_settling(infra, now),
    )


def _without_assumptions(matches: Sequence[Match], fleet: Fleet, places: Placements) -> Iterator[Match]:
    """Takes back the absences of clusters whose account is only assumed and of which nothing was found.

    What the configuration says proves nothing about the account of the controller: read in the wrong account, the
    whole cluster would look missing, or, while it is young, on its way. One that is being deleted may be gone.
    """
    seen = {match.cluster for match in matches if isinstance(match, Link)}
    seen |= {key for key, cluster in fleet.clusters.items() if cluster.deleting}
    for match in matches:
        if isinstance(match, Absence):
            key = match.link.cluster
            placement = places.placed.get(key)
            if placement is not None and placement.assumed and key not in seen:
                yield Doubted(
                    management_cluster=match.link.management_cluster,
                    object=match.link.object,
                    cluster=key,
                    doubt=assumed(placement, key),
                )
                continue
        yield match


def _cloud_of(
    key: ClusterKey, places: Placements, clouds: Mapping[CloudScope, CloudScopeView]
) -> CloudScopeView | Doubt:
    """The view of the scope that the cluster lives in, or why there is none."""
    placement = places.placed.get(key)
    return clouds[placement.scope] if placement is not None else placeless(key, places)


def _link(subject: CapiObject, key: ClusterKey, scope: CloudScope, kind: str, resource: str) -> Link:
    return Link(
        management_cluster=key.management_cluster,
        object=subject.key,
        resource=ResourceKey(scope.provider, scope.account, scope.region, kind, resource),
        cluster=key,
    )


def _doubted(subject: CapiObject, key: ClusterKey, doubt: Doubt) -> Doubted:
    return Doubted(management_cluster=key.management_cluster, object=subject.key, cluster=key, doubt=doubt)


def _younger_than_settling(subject: CapiObject, now: datetime) -> bool:
    created = moment(subject.created_at)
    return created is not None and now - created < SETTLING
