"""What belongs to an Auto Scaling group and does not come with it: hooks, policies, scheduled actions, its troubles.

Each listing gives one resource per group, under the group's name, also where it has nothing to tell: so that
"no hooks" can be told from "not read". Only groups that objects name are asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drift_audit.model.objects import CloudResource
from drift_audit_aws.pools.group_facts import member_version, members, short_of_members, template_id
from drift_audit_aws.reading import Calls, Wanted, resource_of
from drift_audit_aws.resource_types import (
    AUTO_SCALING_GROUP,
    INSTANCE_REFRESH,
    LAUNCH_TEMPLATE,
    LIFECYCLE_HOOKS,
    SCALING_ACTIVITIES,
    SCALING_POLICIES,
    SCHEDULED_ACTIONS,
)

_PER_PAGE = 100
"""Auto Scaling API reference: MaxRecords of DescribePolicies and DescribeScheduledActions."""
_ACTIVITIES = 20
"""The newest ones; a group that cannot launch tries about once a minute at first."""
_REFRESHES = 1
"""The newest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfEachGroup:
    """One call for each group: the service has no listing over several groups."""

    type: str
    operation: str
    """Of boto3: `describe_lifecycle_hooks`."""
    actions: tuple[str, ...]
    field: str
    """Of the answer, and of the resource that is made of it."""
    arguments: Mapping[str, Any]
    worth_asking: Callable[[CloudResource, Wanted], bool] = lambda group, wanted: True
    needs: tuple[str, ...] = (AUTO_SCALING_GROUP,)
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        for group in _groups(wanted):
            if not self.worth_asking(group, wanted):
                continue
            ask = getattr(calls.client("autoscaling"), self.operation)
            answer = ask(AutoScalingGroupName=group.key.id, **self.arguments)
            yield _about(wanted, self.type, group.key.id, self.field, list(answer.get(self.field, ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class OverAllGroups:
    """One paged listing over all groups of the region."""

    type: str
    operation: str
    actions: tuple[str, ...]
    field: str
    needs: tuple[str, ...] = (AUTO_SCALING_GROUP,)
    everywhere: bool = True

    def read(self, calls: Calls, wanted: Wanted) -> Iterator[CloudResource]:
        groups = [group.key.id for group in _groups(wanted)]
        if not groups:
            return
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        pages = calls.client("autoscaling").get_paginator(self.operation)
        for page in pages.paginate(PaginationConfig={"PageSize": min(wanted.page_size, _PER_PAGE)}):
            for item in page.get(self.field, ()):
                found[item.get("AutoScalingGroupName", "")].append(item)
        for name in groups:
            yield _about(wanted, self.type, name, self.field, found[name])


def _groups(wanted: Wanted) -> list[CloudResource]:
    """The groups to ask about. One that is gone is left out: asking about it is an error."""
    asked = wanted.named if wanted.only is None else wanted.only
    return sorted(
        (group for group in wanted.of_type(AUTO_SCALING_GROUP) if group.key.id in asked), key=lambda each: each.key.id
    )


def _about(wanted: Wanted, kind: str, group: str, field: str, items: list[Mapping[str, Any]]) -> CloudResource:
    return resource_of(wanted.scope, kind, group, {"AutoScalingGroupName": group, field: items}, tags={})


def _short(group: CloudResource, wanted: Wanted) -> bool:
    """Whatever failed in a group that has all its members has been made good."""
    return short_of_members(group)


def _lagging(group: CloudResource, wanted: Wanted) -> bool:
    """True where members were launched from an older version of the template: a refresh may be why, or overdue."""
    template = wanted.before.get((LAUNCH_TEMPLATE, template_id(group)))
    newest = None if template is None else template.attributes.get("LatestVersionNumber")
    return any(newest is None or member_version(member) != str(newest) for member in members(group))


HOOKS = OfEachGroup(
    type=LIFECYCLE_HOOKS,
    operation="describe_lifecycle_hooks",
    actions=("autoscaling:DescribeLifecycleHooks",),
    field="LifecycleHooks",
    arguments={},
)

ACTIVITIES = OfEachGroup(
    type=SCALING_ACTIVITIES,
    operation="describe_scaling_activities",
    actions=("autoscaling:DescribeScalingActivities",),
    field="Activities",
    arguments={"MaxRecords": _ACTIVITIES},
    worth_asking=_short,
)

REFRESHES = OfEachGroup(
    type=INSTANCE_REFRESH,
    operation="describe_instance_refreshes",
    actions=("autoscaling:DescribeInstanceRefreshes",),
    field="InstanceRefreshes",
    arguments={"MaxRecords": _REFRESHES},
    worth_asking=_lagging,
    needs=(AUTO_SCALING_GROUP, LAUNCH_TEMPLATE),
)

POLICIES = OverAllGroups(
    type=SCALING_POLICIES,
    operation="describe_policies",
    actions=("autoscaling:DescribePolicies",),
    field="ScalingPolicies",
)

ACTIONS = OverAllGroups(
    type=SCHEDULED_ACTIONS,
    operation="describe_scheduled_actions",
    actions=("autoscaling:DescribeScheduledActions",),
    field="ScheduledUpdateGroupActions",
)
