"""What CAPA makes a bastion of. Once it runs, only its existence is looked after.

Source: CAPA v2.13.0 pkg/cloud/services/ec2/bastion.go, getDefaultBastion and ReconcileBastion, which leaves
the comparison of the default spec with the instance for later.
"""

from __future__ import annotations

from drift_audit.model.values import Observed, Present, Unknown, dig, text
from drift_audit_aws.subject import Subject

_ROLE = "bastion"


def bastion_type(subject: Subject) -> Observed | None:
    """The type that the spec asks for, or CAPA's own."""
    asked = text(dig(subject.object.spec, "bastion", "instanceType"))
    if asked:
        return Present(asked)
    zone = text(dig(subject.resource.attributes, "Placement", "AvailabilityZone"))
    return Present("t2.micro" if "us-east-1" in zone else "t3.micro")


def bastion_image(subject: Subject) -> Observed | None:
    """Without a word in the spec CAPA takes the newest Ubuntu of the day."""
    asked = text(dig(subject.object.spec, "bastion", "ami"))
    return Present(asked) if asked else None


def bastion_groups(subject: Subject) -> Observed | None:
    group = subject.cluster.security_groups.get(_ROLE, "")
    return Present([group]) if group else Unknown("the AWSCluster has no bastion security group in its status yet")


def bastion_role_tag(subject: Subject) -> Observed | None:
    return Present(_ROLE)


def no_bastion_wanted(subject: Subject) -> bool:
    """CAPA is about to end it (DeleteBastion)."""
    return dig(subject.object.spec, "bastion", "enabled") is not True
