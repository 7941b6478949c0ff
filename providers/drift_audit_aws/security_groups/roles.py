"""Which security group of a cluster it is, and who keeps its rules."""

from __future__ import annotations

from drift_audit_aws.ownership import OWNED, cloud_provider_tag
from drift_audit_aws.subject import Subject


def group_role(subject: Subject) -> str:
    """The role under which the AWSCluster's status holds this security group; empty for other resources."""
    return subject.group_names.get(subject.resource.key.id, "")


def left_to_cloud_provider(subject: Subject) -> bool:
    """True when the group carries the tag by which CAPA leaves its rules to the in-cluster cloud provider."""
    return subject.resource.tags.get(cloud_provider_tag(subject.cluster.key.name)) == OWNED


def overridden(subject: Subject) -> bool:
    """True for a group that somebody else made and that CAPA only uses."""
    return subject.resource.key.id in subject.cluster.overridden_groups
