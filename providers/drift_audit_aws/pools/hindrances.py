"""What keeps CAPA from putting a group or a launch template back.

Source: CAPA v2.13.0 exp/controllers/awsmachinepool_controller.go, reconcileNormal, diffASG and updatePool.
"""

from __future__ import annotations

from drift_audit.model.fields import FieldRow
from drift_audit.model.values import mapping
from drift_audit_aws.parts import Hindrance, Part
from drift_audit_aws.pools.group_facts import has_policy
from drift_audit_aws.pools.observed import unreadable_strategies
from drift_audit_aws.resource_types import AUTO_SCALING_GROUP
from drift_audit_aws.subject import Subject

_UPDATED_TOGETHER = frozenset({"MinSize", "MaxSize", "DesiredCapacity", "VPCZoneIdentifier", "CapacityRebalance"})


def _failed(subject: Subject, row: FieldRow, part: Part) -> str:
    status = subject.object.status
    if subject.pool is None or not (status.get("failureReason") or status.get("failureMessage")):
        return ""
    return "the AWSMachinePool has failed for good: CAPA does not reconcile it any more"


def _unreadable(subject: Subject, row: FieldRow, part: Part) -> str:
    group = subject.cloud.resources.get((AUTO_SCALING_GROUP, subject.object.name))
    strange = unreadable_strategies(group) if subject.pool is not None and group is not None else []
    if not strange:
        return ""
    return f"CAPA cannot read a group with the allocation strategy {', '.join(strange)}, and does nothing for it"


def _out_of_bounds(subject: Subject, row: FieldRow, part: Part) -> str:
    """One request sets size and bounds together, so that AWS refuses all of it."""
    pool = subject.pool
    if pool is None or pool.pool is None or pool.replicas_managed_elsewhere or not _UPDATED_TOGETHER & {*row.cloud}:
        return ""
    replicas = pool.pool.spec.get("replicas")
    smallest, largest = pool.object.spec.get("minSize"), pool.object.spec.get("maxSize")
    if not (isinstance(replicas, int) and isinstance(smallest, int) and isinstance(largest, int)):
        return ""
    if smallest <= replicas <= largest:
        return ""
    return f"AWS refuses CAPA's update: {replicas} replicas lie outside minSize {smallest} and maxSize {largest}"


def _policy_gone(subject: Subject, row: FieldRow, part: Part) -> str:
    """diffASG then reads the distribution of a policy that is not there."""
    wanted = subject.object.spec.get("mixedInstancesPolicy")
    group = subject.cloud.resources.get((AUTO_SCALING_GROUP, subject.object.name))
    if subject.pool is None or wanted is None or mapping(wanted).get("instancesDistribution") is not None:
        return ""
    if group is None or has_policy(group):
        return ""
    return "CAPA fails on a group without the policy while the spec has one without instancesDistribution"


HINDRANCES = tuple(Hindrance(why=why) for why in (_failed, _unreadable, _policy_gone, _out_of_bounds))
