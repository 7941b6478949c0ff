"""What an Auto Scaling group says about itself, read from the answer of its API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, dig, mapping, sequence, text

_IN_SERVICE = "InService"
_HEALTHY = "Healthy"
_STANDBY = frozenset({"EnteringStandby", "Standby"})


def members(group: CloudResource) -> Sequence[Mapping[str, Json]]:
    return tuple(map(mapping, sequence(group.attributes.get("Instances"))))


def member_ids(group: CloudResource) -> tuple[str, ...]:
    return tuple(text(member.get("InstanceId")) for member in members(group))


def member_version(member: Mapping[str, Json]) -> str:
    """The version of the launch template that it was launched from; empty for one that was attached by hand."""
    return text(dig(member, "LaunchTemplate", "Version"))


def in_standby(member: Mapping[str, Json]) -> bool:
    return text(member.get("LifecycleState")) in _STANDBY


def short_of_members(group: CloudResource) -> bool:
    """True when fewer members serve than the group should have."""
    serving = sum(
        text(member.get("LifecycleState")) == _IN_SERVICE and text(member.get("HealthStatus")) == _HEALTHY
        for member in members(group)
    )
    desired = group.attributes.get("DesiredCapacity")
    return not isinstance(desired, int) or serving < desired


def template_used(group: CloudResource) -> Mapping[str, Json]:
    """`LaunchTemplateId`, `LaunchTemplateName` and `Version`, at either of their two places; empty without any.

    Source: Auto Scaling API reference, AutoScalingGroup: `LaunchTemplate`, or below `MixedInstancesPolicy`.
    """
    direct = mapping(group.attributes.get("LaunchTemplate"))
    mixed = dig(group.attributes, "MixedInstancesPolicy", "LaunchTemplate", "LaunchTemplateSpecification")
    return direct or mapping(mixed)


def template_id(group: CloudResource) -> str:
    return text(template_used(group).get("LaunchTemplateId"))


def distribution(group: CloudResource) -> Mapping[str, Json]:
    return mapping(dig(group.attributes, "MixedInstancesPolicy", "InstancesDistribution"))


def has_policy(group: CloudResource) -> bool:
    return bool(group.attributes.get("MixedInstancesPolicy"))
