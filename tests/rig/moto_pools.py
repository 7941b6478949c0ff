"""What moto lacks for machine pools, added to it in this process: moto answers an action with a method of that name.

- `describe_scaling_activities` always answers with an empty list
- instance refreshes do not exist
- an update of a group ignores most fields, and takes the mixed instances policy away that it does not name
- a listing of launch templates or of their versions ends after its first page, and has no token
- the tags of a launch template stay as they were when it was made
- a lifecycle hook gets ARNs that nobody gave it; `DefaultInstanceWarmup` and `MaxInstanceLifetime` are not kept

The shapes are those of the service model: botocore parses every answer by it. What an activity or a refresh says
follows the examples of the Auto Scaling API reference and is not produced by AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.autoscaling.models import autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.ec2.responses.launch_templates import LaunchTemplates

_create_group: Callable[[Any], Any] = AutoScalingResponse.create_auto_scaling_group
_update_group: Callable[[Any], Any] = AutoScalingResponse.update_auto_scaling_group
_describe_templates: Callable[[Any], Any] = LaunchTemplates.describe_launch_templates
_describe_versions: Callable[[Any], Any] = LaunchTemplates.describe_launch_template_versions
_put_hook: Callable[[Any], Any] = AutoScalingResponse.put_lifecycle_hook

_ALL = 1_000_000
_KEPT = {
    "CapacityRebalance": "capacity_rebalance",
    "DefaultCooldown": "default_cooldown",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "TerminationPolicies": "termination_policies",
}
_HOOK = {
    "RoleARN": "role_arn",
    "NotificationTargetARN": "notification_target_arn",
    "NotificationMetadata": "notification_metadata",
}


def extend_pools() -> None:
    """Teaches moto in this process; doing it again changes nothing."""
    for method in (
        create_auto_scaling_group,
        update_auto_scaling_group,
        put_lifecycle_hook,
        describe_scaling_activities,
        describe_instance_refreshes,
        start_instance_refresh,
    ):
        setattr(AutoScalingResponse, method.__name__, method)
    for method in (describe_launch_templates, describe_launch_template_versions):
        setattr(LaunchTemplates, method.__name__, method)


def group_of(account: str, region: str, name: str) -> Any:
    """moto's own object for a group."""
    return autoscaling_backends[account][region].autoscaling_groups[name]


def fail_launches(account: str, region: str, name: str, *, wanted: int, message: str) -> None:
    """Lets the group want more members than AWS can give it."""
    group = group_of(account, region, name)
    group.desired_capacity = wanted
    when = datetime.now(UTC)
    group.rig_activities = [
        {
            "ActivityId": str(uuid4()),
            "AutoScalingGroupName": name,
            "Description": "Launching a new EC2 instance.  Status Reason: " + message,
            "Cause": f"At {when:%Y-%m-%dT%H:%M:%SZ} an instance was started in response to a difference between "
            "desired and actual capacity.",
            "StartTime": when,
            "EndTime": when,
            "StatusCode": "Failed",
            "StatusMessage": message,
            "Progress": 100,
            "Details": "{}",
        },
        *getattr(group, "rig_activities", []),
    ]


def end_refresh(account: str, region: str, name: str, status: str, reason: str = "") -> None:
    """Ends the newest instance refresh of a group."""
    newest = group_of(account, region, name).rig_refreshes[0]
    newest.update(Status=status, StatusReason=reason, EndTime=datetime.now(UTC))


def create_auto_scaling_group(self: Any) -> Any:
    answer = _create_group(self)
    _keep(self)
    return answer


def update_auto_scaling_group(self: Any) -> Any:
    group = _group(self)
    policy = group.mixed_instances_policy
    answer = _update_group(self)
    if not self._get_param("MixedInstancesPolicy") and not self._get_param("LaunchTemplate"):
        group.mixed_instances_policy = policy
    _keep(self)
    return answer


def describe_launch_templates(self: Any) -> Any:
    for template in self.ec2_backend.launch_templates.values():
        template.tags = template.get_tags()
    return _paged(self, _describe_templates, "LaunchTemplates")


def describe_launch_template_versions(self: Any) -> Any:
    return _paged(self, _describe_versions, "LaunchTemplateVersions")


def _paged(self: Any, describe: Callable[[Any], Any], field: str) -> Any:
    """The page that was asked for, with the token of the next: moto cuts the list off and says nothing."""
    size, start = int(self._get_param("MaxResults") or 200), int(self._get_param("NextToken") or 0)
    number = self._get_int_param
    self._get_int_param = lambda name, default=None: _ALL if name == "MaxResults" else number(name, default)
    items = describe(self).result[field]
    more = {"NextToken": str(start + size)} if len(items) > start + size else {}
    return ActionResult({field: items[start : start + size], **more})


def put_lifecycle_hook(self: Any) -> Any:
    answer = _put_hook(self)
    name, hook = self._get_param("AutoScalingGroupName"), self._get_param("LifecycleHookName")
    for made in self.autoscaling_backend.describe_lifecycle_hooks(name, [hook]):
        for field, attribute in _HOOK.items():
            setattr(made, attribute, self._get_param(field))
    return answer


def describe_scaling_activities(self: Any) -> Any:
    activities = getattr(_group(self), "rig_activities", [])
    return ActionResult({"Activities": activities[: int(self._get_param("MaxRecords") or 100)]})


def describe_instance_refreshes(self: Any) -> Any:
    refreshes = getattr(_group(self), "rig_refreshes", [])
    return ActionResult({"InstanceRefreshes": refreshes[: int(self._get_param("MaxRecords") or 50)]})


def start_instance_refresh(self: Any) -> Any:
    group = _group(self)
    refresh = {
        "InstanceRefreshId": str(uuid4()),
        "AutoScalingGroupName": group.name,
        "Status": "InProgress",
        "StartTime": datetime.now(UTC),
        "PercentageComplete": 0,
        "InstancesToUpdate": len(group.instance_states),
    }
    group.rig_refreshes = [refresh, *getattr(group, "rig_refreshes", [])]
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


def _group(response: Any) -> Any:
    return response.autoscaling_backend.autoscaling_groups[response._get_param("AutoScalingGroupName")]


def _keep(response: Any) -> None:
    group = _group(response)
    for field, attribute in _KEPT.items():
        value = response._get_param(field)
        if value is not None:
            setattr(group, attribute, value)
