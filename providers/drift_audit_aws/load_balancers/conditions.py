"""When a field-map row does not apply to a load balancer or to what belongs to it."""

from __future__ import annotations

from drift_audit.model.values import dig
from drift_audit_aws.load_balancers.about import balancer_of, brought
from drift_audit_aws.subject import Subject


def balancer_brought(subject: Subject) -> bool:
    """A load balancer that somebody else made: CAPA registers machines with it and sets nothing of it."""
    return brought(subject)


def secondary_balancer(subject: Subject) -> bool:
    """The endpoint of a cluster is its primary load balancer."""
    balancer = balancer_of(subject)
    return balancer is None or not balancer.primary


def balancer_provisioning(subject: Subject) -> bool:
    """A new load balancer becomes active within minutes; CAPA waits for it too."""
    return dig(subject.resource.attributes, "State", "Code") == "provisioning"
