"""What the Auto Scaling group of a machine pool should have, where that takes more than reading one field.

Source, where no other is named: CAPA v2.13.0 pkg/cloud/services/autoscaling/autoscalinggroup.go, CreateASG and
UpdateASG.
"""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, mapping, sequence, text
from drift_audit_aws.pools.durations import whole_seconds
from drift_audit_aws.pools.readers import LATEST
from drift_audit_aws.subject import Subject
from drift_audit_aws.tagging import chosen_name

PROCESSES: Mapping[str, str] = {
    "launch": "Launch",
    "terminate": "Terminate",
    "addToLoadBalancer": "AddToLoadBalancer",
    "alarmNotification": "AlarmNotification",
    "azRebalance": "AZRebalance",
    "healthCheck": "HealthCheck",
    "instanceRefresh": "InstanceRefresh",
    "replaceUnhealthy": "ReplaceUnhealthy",
    "scheduledActions": "ScheduledActions",
}
"""AWS's names by the spec's (exp/api/v1beta2/awsmachinepool_types.go, Processes)."""


def pool_replicas(subject: Subject) -> Observed | None:
    """Of the MachinePool; nothing where the group's size is copied into it instead."""
    if subject.pool is None or subject.pool.replicas_managed_elsewhere:
        return None
    if subject.pool.pool is None:
        return Unknown("the MachinePool that owns this AWSMachinePool was not read")
    wanted = subject.pool.pool.spec.get("replicas")
    return Present(1 if wanted is None else wanted)


def mixed_instance_types(subject: Subject) -> Observed | None:
    """In order: the first ones are preferred."""
    policy = subject.object.spec.get("mixedInstancesPolicy")
    if policy is None:
        return ABSENT
    return Present([text(mapping(each).get("instanceType")) for each in sequence(mapping(policy).get("overrides"))])


def suspended_processes(subject: Subject) -> Observed | None:
    """Sorted. `all` means every process but those that are set to false."""
    wanted = mapping(subject.object.spec.get("suspendProcesses"))
    each = mapping(wanted.get("processes"))
    if wanted.get("all") is True:
        chosen = [name for field, name in PROCESSES.items() if each.get(field) is not False]
    else:
        chosen = [name for field, name in PROCESSES.items() if each.get(field) is True]
    return Present(sorted(chosen))


def default_cooldown(subject: Subject) -> Observed | None:
    return _seconds(subject.object.spec.get("defaultCoolDown"))


def default_warmup(subject: Subject) -> Observed | None:
    return _seconds(subject.object.spec.get("defaultInstanceWarmup"))


def _seconds(spelled: Json) -> Observed | None:
    found = whole_seconds(spelled)
    return Present(found) if found else None


def plain_health_check(subject: Subject) -> Observed | None:
    """CAPA sends no health check type: the status checks of EC2 alone decide."""
    return Present("EC2")


def no_grace_period(subject: Subject) -> Observed | None:
    """Auto Scaling API reference, CreateAutoScalingGroup, HealthCheckGracePeriod: default 0."""
    return Present(0)


def default_termination(subject: Subject) -> Observed | None:
    return Present(["Default"])


def nothing_protected(subject: Subject) -> Observed | None:
    return Present(False)


def no_lifetime(subject: Subject) -> Observed | None:
    return Present(0)


def nobody(subject: Subject) -> Observed | None:
    """No member, no policy, no action: an empty list."""
    return Present([])


def template_in_use(subject: Subject) -> Observed | None:
    wanted = subject.pool.template_id if subject.pool is not None else ""
    return Present(wanted) if wanted else None


def latest_version(subject: Subject) -> Observed | None:
    return Present(LATEST)


def version_noted(subject: Subject) -> Observed | None:
    """The version that CAPA made last, as a number; nothing until it has noted one."""
    noted = subject.pool.template_version if subject.pool is not None else ""
    return Present(int(noted)) if noted.isdecimal() else None


def node_role_tag(subject: Subject) -> Observed | None:
    return Present("node")


def pool_name_tag(subject: Subject) -> Observed | None:
    return chosen_name(subject) or Present(subject.object.name)


def sole_owner(subject: Subject) -> Observed | None:
    return Present([f"AWSMachinePool {subject.object.namespace}/{subject.object.name}"])


def lifecycle_hooks(subject: Subject) -> Observed | None:
    """Every hook by its name, with AWS's defaults for what the spec leaves out (lifecyclehook.go)."""
    hooks = map(mapping, sequence(subject.object.spec.get("lifecycleHooks")))
    return Present({text(hook.get("name")): _hook(hook) for hook in hooks})


def _hook(hook: Mapping[str, Json]) -> Mapping[str, Json]:
    timeout = whole_seconds(hook.get("heartbeatTimeout"))
    return {
        "lifecycleTransition": text(hook.get("lifecycleTransition")),
        "heartbeatTimeout": 3600 if timeout is None else timeout,
        "defaultResult": text(hook.get("defaultResult")) or "ABANDON",
        "notificationTargetARN": text(hook.get("notificationTargetARN")),
        "roleARN": text(hook.get("roleARN")),
        "notificationMetadata": text(hook.get("notificationMetadata")),
    }
