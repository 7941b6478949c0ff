"""When a field-map row does not apply to an instance."""

from __future__ import annotations

from drift_audit.model.values import dig
from drift_audit_aws.subject import Subject


def instance_pending(subject: Subject) -> bool:
    """EC2 fills its answer bit by bit while an instance starts."""
    return subject.state == "pending"


def instance_not_running(subject: Subject) -> bool:
    """A stopped instance has no public address of its own and runs in no capacity reservation."""
    return subject.state != "running"


def metadata_pending(subject: Subject) -> bool:
    """A change of the options takes a moment; until then both the old and the new value are seen."""
    return subject.state == "pending" or dig(subject.resource.attributes, "MetadataOptions", "State") == "pending"
