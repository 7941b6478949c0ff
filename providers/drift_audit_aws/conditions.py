"""When a field-map row does not apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drift_audit.model.values import dig
from drift_audit_aws.subject import Subject

Condition = Callable[[Subject], bool]


def instance_pending(subject: Subject) -> bool:
    """EC2 fills its answer bit by bit while an instance starts."""
    return subject.state == "pending"


def instance_not_running(subject: Subject) -> bool:
    """A stopped instance has no public address of its own and runs in no capacity reservation."""
    return subject.state != "running"


def metadata_pending(subject: Subject) -> bool:
    """A change of the options takes a moment; until then both the old and the new value are seen."""
    return subject.state == "pending" or dig(subject.resource.attributes, "MetadataOptions", "State") == "pending"


def group_of_others(subject: Subject) -> bool:
    """A group given as an override: CAPA uses it and touches nothing of it."""
    return subject.overridden


def not_the_lb_group(subject: Subject) -> bool:
    return subject.overridden or subject.group_role != "lb"


def lb_group(subject: Subject) -> bool:
    return subject.overridden or subject.group_role == "lb"


def rules_of_others(subject: Subject) -> bool:
    """Also the group for load balancers, whose rules the in-cluster cloud provider keeps.

    Any other group with the cloud provider's tag stays in the comparison: the tag takes CAPA's protection
    away, and that must not make the rules invisible.
    """
    return subject.overridden or (subject.group_role == "lb" and subject.left_to_cloud_provider)


CONDITIONS: Mapping[str, Condition] = {
    function.__name__: function
    for function in (
        group_of_others,
        instance_not_running,
        instance_pending,
        lb_group,
        metadata_pending,
        not_the_lb_group,
        rules_of_others,
    )
}
