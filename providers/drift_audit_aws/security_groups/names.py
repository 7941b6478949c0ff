"""The security groups that objects name, and what it means when one is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.keys import ClusterKey
from drift_audit.model.objects import CapiObject, CloudResource
from drift_audit.model.steps import asking
from drift_audit_aws.doubts import Doubted, doubted, unbuilt
from drift_audit_aws.family import Loss, Named
from drift_audit_aws.fleet import AwsCluster, Fleet, listed_ids, settled
from drift_audit_aws.ownership import ROLE_TAG
from drift_audit_aws.resource_types import SECURITY_GROUP

_RECREATE_GROUP = (
    asking("Find out in CloudTrail who deleted the group: event DeleteSecurityGroup, resource {id}."),
    "Check the conditions of {kind} {namespace}/{name}: ClusterSecurityGroupsReady tells whether CAPA made a new one.",
)

MADE_FOR_EKS = frozenset({"bastion", "node-eks-additional"})
"""What CAPA makes for EKS; it only looks up the groups `node` and `cluster`, which EKS makes."""

GROUP_REMADE = "CAPA makes a new group with a new id at its next reconcile; nothing moves to it by itself"
OVERRIDE_BREAKS = "CAPA cannot reconcile the cluster's network until the override names an existing group"


def named_groups(fleet: Fleet) -> Iterator[Named]:
    """The groups by role of every cluster, and those that specs mention. EKS keeps its own groups by itself."""
    for cluster in fleet.clusters.values():
        for role, group in sorted(cluster.security_groups.items()):
            overridden = group in cluster.overridden_groups
            yield Named(
                object=cluster.infra,
                cluster=cluster.key,
                type=SECURITY_GROUP,
                id=group,
                path=f"spec.network.securityGroupOverrides.{role}"
                if overridden
                else f"status.networkStatus.securityGroups.{role}.id",
                loss=_loss(cluster, group) if not cluster.eks or role in MADE_FOR_EKS else None,
            )
        for group in listed_ids(cluster.infra):
            if group not in cluster.security_groups.values():
                yield _mentioned(cluster.infra, cluster.key, group)
    for machine in fleet.machines.values():
        for group in machine.additional_group_ids:
            yield _mentioned(machine.object, machine.cluster_key, group)


def _mentioned(subject: CapiObject, key: ClusterKey, group: str) -> Named:
    return Named(object=subject, cluster=key, type=SECURITY_GROUP, id=group, path="spec")


def _loss(cluster: AwsCluster, group: str) -> Loss:
    infra = cluster.infra
    words = {"id": group, "kind": infra.kind, "namespace": infra.namespace, "name": infra.name}
    return Loss(
        severity=Severity.HIGH,
        reaction=OVERRIDE_BREAKS if group in cluster.overridden_groups else GROUP_REMADE,
        next_steps=tuple(step.format(**words) for step in _RECREATE_GROUP),
        transitional=cluster.deleting,
    )


def unbuilt_clusters(fleet: Fleet, links: Sequence[Link], now: datetime) -> Iterator[Doubted]:
    """The clusters without any security group although CAPA had the time to make them, and nobody else makes them.

    Being paused, or without a controller, is no excuse: nothing in AWS is compared then.
    """
    for cluster in fleet.clusters.values():
        excused = cluster.eks or cluster.externally_managed or cluster.deleting
        if not cluster.security_groups and not excused and settled(cluster.infra, now):
            yield doubted(cluster.infra, cluster.key, unbuilt(cluster))


def still_expected(group: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    """True while CAPA has not recorded the group of this role yet."""
    return not cluster.ready or group.tags.get(ROLE_TAG, "") not in cluster.security_groups
