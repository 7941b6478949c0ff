"""The groups and launch templates that machine pools name, and what it means when one is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CloudResource
from drift_audit.model.steps import asking
from drift_audit.model.values import dig, text
from drift_audit_aws.doubts import Doubt, Doubted, doubted
from drift_audit_aws.family import Loss, Named
from drift_audit_aws.fleet import AwsCluster, AwsPool, Fleet, settled
from drift_audit_aws.placing import PROVIDER
from drift_audit_aws.pools.group_facts import member_ids
from drift_audit_aws.resource_types import (
    AUTO_SCALING_GROUP,
    IMAGE,
    INSTANCE,
    INSTANCE_PROFILE,
    INSTANCE_REFRESH,
    KEY_PAIR,
    LAUNCH_TEMPLATE,
    LAUNCH_TEMPLATE_VERSION,
    LIFECYCLE_HOOKS,
    SCALING_ACTIVITIES,
    SCALING_POLICIES,
    SCHEDULED_ACTIONS,
)
from drift_audit_aws.subject import CloudIndex

OF_A_GROUP = (LIFECYCLE_HOOKS, SCALING_POLICIES, SCHEDULED_ACTIONS, SCALING_ACTIVITIES, INSTANCE_REFRESH)
"""Types of which a group has one resource each, under its own name."""

GROUP_REMADE = "CAPA makes a new group at its next reconcile, with new instances: every node of the old one is gone"
TEMPLATE_REMADE = (
    "CAPA makes a new launch template with a new id; the group goes on naming the deleted one and can launch nothing "
    "until something else of it changes"
)

_FIND_GROUP = (
    asking("Find out in CloudTrail who deleted the group: event DeleteAutoScalingGroup, resource {id}."),
    "Check the condition ASGReady of AWSMachinePool {namespace}/{name}, and the nodes of the cluster.",
)
_FIND_TEMPLATE = (
    asking("Find out in CloudTrail who deleted the template: event DeleteLaunchTemplate, resource {id}."),
    "Check the condition LaunchTemplateReady of AWSMachinePool {namespace}/{name}, and that its Auto Scaling group "
    "names the new template.",
)


def named_by_pools(fleet: Fleet) -> Iterator[Named]:
    """Group and template of every AWSMachinePool, with what hangs on them.

    A pool that CAPA has not built yet only mentions its group: that there is none says nothing then.
    """
    for pool in fleet.pools.values():
        yield _named(pool, AUTO_SCALING_GROUP, pool.group_name, "spec.providerID", _group_loss(pool))
        for kind in OF_A_GROUP:
            yield _named(pool, kind, pool.group_name, "metadata.name")
        if pool.template_id:
            yield _named(pool, LAUNCH_TEMPLATE, pool.template_id, "status.launchTemplateID", _template_loss(pool))
            yield _named(pool, LAUNCH_TEMPLATE_VERSION, pool.template_id, "status.launchTemplateID")
        yield from _supplies(pool)


def _named(pool: AwsPool, kind: str, resource_id: str, path: str, loss: Loss | None = None) -> Named:
    return Named(object=pool.object, cluster=pool.cluster_key, type=kind, id=resource_id, path=path, loss=loss)


def _supplies(pool: AwsPool) -> Iterator[Named]:
    """What new instances of the pool are made with: image, profile and key, as far as the spec names them."""
    for kind, field in (
        (IMAGE, ("ami", "id")),
        (INSTANCE_PROFILE, ("iamInstanceProfile",)),
        (KEY_PAIR, ("sshKeyName",)),
    ):
        name = text(dig(pool.template, *field))
        if name:
            path = ".".join(("spec", "awsLaunchTemplate", *field))
            yield _named(pool, kind, name, path, _supply_loss(pool, kind, name))


def _supply_loss(pool: AwsPool, kind: str, name: str) -> Loss:
    word = kind.replace("-", " ")
    return Loss(
        severity=Severity.HIGH,
        reaction="running instances are not touched; the group can launch no further one, not even as a replacement",
        next_steps=(
            f"Check that {word} {name} exists in this account and region and is shared with it; else make it.",
        ),
        transitional=pool.deleting,
    )


def _group_loss(pool: AwsPool) -> Loss | None:
    if not pool.provider_id:
        return None
    return Loss(
        severity=Severity.CRITICAL,
        reaction=GROUP_REMADE,
        next_steps=_told(pool, _FIND_GROUP, pool.group_name),
        transitional=pool.deleting,
        gone=lambda group: bool(group.attributes.get("Status")),
        detail=lambda group: text(group.attributes.get("Status")),
    )


def _template_loss(pool: AwsPool) -> Loss:
    return Loss(
        severity=Severity.HIGH,
        reaction=TEMPLATE_REMADE,
        next_steps=_told(pool, _FIND_TEMPLATE, pool.template_id),
        transitional=pool.deleting,
    )


def _told(pool: AwsPool, steps: Sequence[str], resource_id: str) -> tuple[str, ...]:
    words = {"id": resource_id, "namespace": pool.object.namespace, "name": pool.object.name}
    return tuple(step.format(**words) for step in steps)


def reached_by_pools(link: Link, index: CloudIndex) -> Iterator[tuple[str, str]]:
    """The members of a linked group and what hangs on it; the newest version of a linked template."""
    listed = index.view.resources
    if link.resource.type == LAUNCH_TEMPLATE:
        hanging = [(LAUNCH_TEMPLATE_VERSION, link.resource.id)]
    elif link.resource.type == AUTO_SCALING_GROUP:
        group = listed[AUTO_SCALING_GROUP, link.resource.id]
        hanging = [(kind, link.resource.id) for kind in OF_A_GROUP]
        hanging += [(INSTANCE, member) for member in member_ids(group)]
    else:
        return
    yield from (key for key in hanging if key in listed)


def unbuilt_pools(fleet: Fleet, links: Sequence[Link], now: datetime) -> Iterator[Doubted]:
    """The pools that name no group although CAPA had the time to make one: nothing of them is compared."""
    for pool in fleet.pools.values():
        if not pool.provider_id and not pool.deleting and settled(pool.object, now):
            yield doubted(pool.object, pool.cluster_key, _unbuilt(pool))
    for pool in fleet.pools.values():
        if pool.pool is None and pool.provider_id and not pool.deleting:
            yield doubted(pool.object, pool.cluster_key, _ownerless(pool), whole=False)


def _unbuilt(pool: AwsPool) -> Doubt:
    name = f"AWSMachinePool {pool.object.namespace}/{pool.object.name}"
    return Doubt(
        scope=f"{PROVIDER}/{pool.cluster_key}",
        reason=f"{name} names no Auto Scaling group in spec.providerID: CAPA has not built it (or cannot)",
        remedy=f"Read the conditions of {name} and the log of the CAPA controller.",
    )


def _ownerless(pool: AwsPool) -> Doubt:
    return Doubt(
        scope=f"{PROVIDER}/{pool.management_cluster}/AWSMachinePool",
        reason="the MachinePool that owns an AWSMachinePool was not read, so nobody can tell how many instances its "
        "Auto Scaling group should have",
        remedy="Let the audit list MachinePool, or delete the AWSMachinePools that no MachinePool owns.",
    )


def template_still_expected(template: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    """True for a template of a pool's name: CAPA looks templates up by name, and the status loses the id in a move."""
    return text(template.attributes.get("LaunchTemplateName")) in fleet.pool_names | _node_group_templates(fleet)


def _node_group_templates(fleet: Fleet) -> frozenset[str]:
    """Names of the templates of EKS node groups: `<control plane>-<node group object>`.

    Source: CAPA v2.13.0 pkg/cloud/scope/managednodegroup.go, LaunchTemplateName.
    """
    return frozenset(
        f"{cluster.infra.name}-{found.name}"
        for management_cluster, found in fleet.of_kind("AWSManagedMachinePool")
        for cluster in fleet.clusters.values()
        if cluster.eks
        and (cluster.key.management_cluster, cluster.key.namespace) == (management_cluster, found.namespace)
    )
