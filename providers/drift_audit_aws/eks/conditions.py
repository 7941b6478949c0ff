"""When a row about EKS does not apply, and what keeps CAPA from putting something of EKS back.

Source: CAPA v2.13.0 pkg/cloud/services/eks/cluster.go, accessentry.go, addons.go and nodegroup.go.
"""

from __future__ import annotations

from drift_audit.model.fields import FieldRow
from drift_audit.model.values import Present, dig, sequence, text
from drift_audit_aws.eks.facts import IN_TRANSIT, eks_cluster, nested, status_of
from drift_audit_aws.ownership import cloud_provider_tag
from drift_audit_aws.parts import Hindrance, Part
from drift_audit_aws.resource_types import (
    ACCESS_ENTRY,
    ADDON,
    EKS_CLUSTER,
    FARGATE_PROFILE,
    IDENTITY_PROVIDER,
    NODE_GROUP,
)
from drift_audit_aws.subject import Subject

_OURS = frozenset({EKS_CLUSTER, NODE_GROUP, FARGATE_PROFILE, ADDON, ACCESS_ENTRY, IDENTITY_PROVIDER})
_BEFORE_ENCRYPTION = frozenset({"resourcesVpcConfig", "logging", "accessConfig", "upgradePolicy", "version"})
_BEING_MADE = "CREATING"
_STOPPING = "DEGRADED"
"""Of a node group: setStatus knows no such state and gives up."""


def endpoint_closed(subject: Subject) -> bool:
    """True where neither side wants the public endpoint: its blocks guard nothing then."""
    declared = dig(subject.object.spec, "endpointAccess", "public")
    return declared is False and nested(subject, "resourcesVpcConfig", "endpointPublicAccess") is False


def eks_at_work(subject: Subject) -> bool:
    """True while EKS changes the resource: an upgrade takes long, and CAPA waits for it."""
    return status_of(subject.resource) in IN_TRANSIT


def standard_support(subject: Subject) -> bool:
    return subject.object.spec.get("upgradePolicy") == "standard"


def extended_support(subject: Subject) -> bool:
    return not standard_support(subject)


def being_made(subject: Subject, row: FieldRow) -> bool:
    """True for what EKS has not finished: half of it is not there yet."""
    return subject.resource.key.type in _OURS and status_of(subject.resource) == _BEING_MADE


CONDITIONS = (eks_at_work, endpoint_closed, extended_support, standard_support)


def _logging_undeclared(subject: Subject, row: FieldRow, part: Part) -> str:
    if row.resource != EKS_CLUSTER or "logging.clusterLogging" not in row.cloud[0]:
        return ""
    declared = subject.object.spec.get("logging")
    return "" if declared is not None else "without spec.logging CAPA sees the difference and sends nothing"


def _group_degraded(subject: Subject, row: FieldRow, part: Part) -> str:
    if row.resource != NODE_GROUP or status_of(subject.resource) != _STOPPING:
        return ""
    return "CAPA gives up on a node group in status DEGRADED: it puts nothing back before EKS calls it active again"


def _owner_lost(subject: Subject, row: FieldRow, part: Part) -> str:
    if row.resource not in (NODE_GROUP, FARGATE_PROFILE):
        return ""
    mark = cloud_provider_tag(subject.cluster.key.name)
    return "" if mark in subject.resource.tags else f"without the tag {mark} CAPA refuses to touch it"


def _encryption_refused(subject: Subject, row: FieldRow, part: Part) -> str:
    """Everything after it in a reconcile of the cluster is never reached."""
    cluster = eks_cluster(subject)
    if cluster is None or subject.object.kind != "AWSManagedControlPlane" or row.resource == ACCESS_ENTRY:
        return ""
    if row.resource == EKS_CLUSTER and row.cloud[0].partition(".")[0] in _BEFORE_ENCRYPTION:
        return ""
    declared = text(dig(subject.object.spec, "encryptionConfig", "provider"))
    configs = sequence(cluster.attributes.get("encryptionConfig"))
    if not configs or declared == text(dig(configs[0], "provider", "keyArn")):
        return ""
    return "CAPA stops before it: the encryption of the cluster is not as declared, and cannot be changed"


def _entries_left_alone(subject: Subject, row: FieldRow, part: Part) -> str:
    if row.comparer != "access-entries" or sequence(subject.object.spec.get("accessEntries")):
        return ""
    return "without spec.accessEntries CAPA looks at no access entry"


def _addon_value_undeclared(subject: Subject, row: FieldRow, part: Part) -> str:
    """UpdateAddon keeps what a request leaves out."""
    if row.comparer != "addon-field" or isinstance(part.capi, Present):
        return ""
    return "CAPA sends an update at every reconcile, without this value: EKS keeps the one it has"


HINDRANCES = tuple(
    Hindrance(why=why)
    for why in (
        _logging_undeclared,
        _group_degraded,
        _owner_lost,
        _encryption_refused,
        _entries_left_alone,
        _addon_value_undeclared,
    )
)
