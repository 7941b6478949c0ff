"""The compared subnet as CAPA sees it, and whether enough was read to say so."""

from __future__ import annotations

from drift_audit.model.values import Unknown
from drift_audit_aws.network.keeping import built, kept
from drift_audit_aws.network.subnets import Subnet, seen_subnets, subnet_of
from drift_audit_aws.resource_types import NAT_GATEWAY, ROUTE_TABLE
from drift_audit_aws.subject import Subject


def unlisted(subject: Subject, *kinds: str) -> Unknown | None:
    """What is missing for an answer; `None` when all of the kinds were listed completely."""
    lacking = next((kind for kind in kinds if not subject.cloud.listed(kind)), "")
    return Unknown(f"{lacking} could not be listed completely") if lacking else None


def all_seen(subject: Subject) -> tuple[Subnet, ...]:
    """All subnets of the cluster; only to be relied on where route tables and NAT gateways were listed."""
    return seen_subnets(subject.cluster, subject.index, managed=built(subject) and kept(subject))


def seen(subject: Subject) -> Subnet | Unknown | None:
    """The compared subnet; `None` when the spec does not name it."""
    if subnet_of(subject) is None:
        return None
    lacking = unlisted(subject, ROUTE_TABLE, NAT_GATEWAY)
    found = (subnet for subnet in all_seen(subject) if subnet.resource_id == subject.resource.key.id)
    return lacking or next(found, None)


def flipped(subject: Subject) -> bool:
    """True while the subnet is public in AWS and private in the spec, or the other way round."""
    declared, actual = subnet_of(subject), seen(subject)
    return declared is not None and isinstance(actual, Subnet) and declared.public != actual.public
