"""What an Auto Scaling group shows, where that takes more than reading one field of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import ABSENT, Json, Observed, Present, dig, mapping, sequence, text
from drift_audit_aws.pools.group_facts import (
    distribution,
    has_policy,
    in_standby,
    members,
    template_id,
    template_used,
)
from drift_audit_aws.pools.sharing import owners
from drift_audit_aws.subject import Subject

_ON_DEMAND = frozenset({"prioritized", "lowest-price"})
_SPOT = frozenset({"lowest-price", "capacity-optimized", "capacity-optimized-prioritized", "price-capacity-optimized"})
"""CAPA v2.13.0 pkg/cloud/services/autoscaling/autoscalinggroup.go, SDKToAutoScalingGroup: any other is an error."""


def attached_subnets(subject: Subject) -> Observed:
    """Sorted ids; the API gives one text with commas."""
    identifier = subject.resource.attributes.get("VPCZoneIdentifier")
    if identifier is None:
        return ABSENT
    return Present(sorted(filter(None, (part.strip() for part in text(identifier).split(",")))))


def capacity_rebalance(subject: Subject) -> Observed:
    return Present(subject.resource.attributes.get("CapacityRebalance") is True)


def override_types(subject: Subject) -> Observed:
    if not has_policy(subject.resource):
        return ABSENT
    overrides = sequence(dig(subject.resource.attributes, "MixedInstancesPolicy", "LaunchTemplate", "Overrides"))
    return Present([text(dig(override, "InstanceType")) for override in overrides])


def unreadable_strategies(resource: CloudResource) -> list[str]:
    """Allocation strategies that CAPA has no word for."""
    chosen = distribution(resource)
    pairs = (("OnDemandAllocationStrategy", _ON_DEMAND), ("SpotAllocationStrategy", _SPOT))
    return [text(chosen.get(field)) for field, known in pairs if field in chosen and chosen[field] not in known]


def strange_strategies(subject: Subject) -> Observed:
    return Present(list(unreadable_strategies(subject.resource)))


def suspended_now(subject: Subject) -> Observed:
    processes = sequence(subject.resource.attributes.get("SuspendedProcesses"))
    return Present(sorted(text(dig(process, "ProcessName")) for process in processes))


def group_lifetime(subject: Subject) -> Observed:
    """Absent and 0 both mean for ever."""
    value = subject.resource.attributes.get("MaxInstanceLifetime")
    return Present(value if isinstance(value, int) else 0)


def warm_pool(subject: Subject) -> Observed:
    """One line about it; one that is being deleted is none."""
    pool = mapping(subject.resource.attributes.get("WarmPoolConfiguration"))
    if not pool or text(pool.get("Status")) == "PendingDelete":
        return Present([])
    return Present([f"{text(pool.get('PoolState')) or 'Stopped'}, at least {pool.get('MinSize', 0)}"])


def template_named(subject: Subject) -> Observed:
    found = template_id(subject.resource)
    return Present(found) if found else ABSENT


def version_named(subject: Subject) -> Observed:
    """A group that names no version takes the default one."""
    return Present(text(template_used(subject.resource).get("Version")) or "$Default")


def protected_members(subject: Subject) -> Observed:
    return _ids(member for member in members(subject.resource) if member.get("ProtectedFromScaleIn") is True)


def standby_members(subject: Subject) -> Observed:
    return _ids(member for member in members(subject.resource) if in_standby(member))


def strange_members(subject: Subject) -> Observed:
    """Members that were launched from no template, or from another one than the group's: attached by hand."""
    own = template_id(subject.resource)
    return _ids(
        member for member in members(subject.resource) if text(dig(member, "LaunchTemplate", "LaunchTemplateId")) != own
    )


def _ids(some: Iterable[Mapping[str, Json]]) -> Observed:
    return Present(sorted(text(member.get("InstanceId")) for member in some))


def group_owners(subject: Subject) -> Observed:
    return Present(list(owners(subject)))


def hooks_set(subject: Subject) -> Observed:
    hooks = map(mapping, sequence(subject.resource.attributes.get("LifecycleHooks")))
    return Present({text(hook.get("LifecycleHookName")): _hook(hook) for hook in hooks})


def _hook(hook: Mapping[str, Json]) -> Mapping[str, Json]:
    return {
        "lifecycleTransition": text(hook.get("LifecycleTransition")),
        "heartbeatTimeout": hook.get("HeartbeatTimeout"),
        "defaultResult": text(hook.get("DefaultResult")),
        "notificationTargetARN": text(hook.get("NotificationTargetARN")),
        "roleARN": text(hook.get("RoleARN")),
        "notificationMetadata": text(hook.get("NotificationMetadata")),
    }


def policies_at_work(subject: Subject) -> Observed:
    """Type and name of every enabled scaling policy."""
    policies = map(mapping, sequence(subject.resource.attributes.get("ScalingPolicies")))
    enabled = (policy for policy in policies if policy.get("Enabled") is not False)
    return Present(sorted(f"{text(each.get('PolicyType'))} {text(each.get('PolicyName'))}" for each in enabled))


def actions_planned(subject: Subject) -> Observed:
    """Name, time and sizes of every scheduled action."""
    actions = map(mapping, sequence(subject.resource.attributes.get("ScheduledUpdateGroupActions")))
    return Present(sorted(map(_planned, actions)))


def _planned(action: Mapping[str, Json]) -> str:
    when = text(action.get("Recurrence")) or text(action.get("StartTime"))
    fields = (("min", "MinSize"), ("max", "MaxSize"), ("desired", "DesiredCapacity"))
    sizes = [f"{word} {action[field]}" for word, field in fields if action.get(field) is not None]
    return f"{text(action.get('ScheduledActionName'))} at {when}: {', '.join(sizes)}"


def failed_activity(subject: Subject) -> Observed:
    """What the newest scaling activity that has ended failed with; nothing when it did not fail."""
    failed = newest_failure(sequence(subject.resource.attributes.get("Activities")))
    return Present([_message(failed)]) if failed is not None else Present([])


def newest_failure(activities: Sequence[Json]) -> Mapping[str, Json] | None:
    """The newest activity that has ended, when it failed. The API gives them newest first."""
    for activity in map(mapping, activities):
        status = text(activity.get("StatusCode"))
        if status in ("Failed", "Cancelled"):
            return activity
        if status == "Successful":
            return None
    return None


def _message(activity: Mapping[str, Json]) -> str:
    return text(activity.get("StatusMessage")) or f"{text(activity.get('StatusCode'))} without a message"


_FAILED_REFRESHES = frozenset({"Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"})


def failed_refresh(subject: Subject) -> Observed:
    """How the newest instance refresh ended, when it left members behind."""
    refresh = newest_refresh(subject.resource)
    status = text(refresh.get("Status"))
    return Present([status] if status in _FAILED_REFRESHES else [])


def newest_refresh(resource: CloudResource) -> Mapping[str, Json]:
    """Empty when the group never had one."""
    return next(iter(map(mapping, sequence(resource.attributes.get("InstanceRefreshes")))), {})
