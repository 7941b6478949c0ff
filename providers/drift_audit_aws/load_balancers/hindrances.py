"""What keeps CAPA from putting a load balancer back."""

from __future__ import annotations

from drift_audit.model.fields import FieldRow
from drift_audit.model.values import Present, sequence
from drift_audit_aws.load_balancers.about import keeps_its_settings
from drift_audit_aws.load_balancers.targets import counts_as_registered
from drift_audit_aws.parts import Hindrance, Part
from drift_audit_aws.resource_types import BALANCER, CLASSIC_BALANCER, TARGET_GROUP
from drift_audit_aws.subject import Subject

_OURS = frozenset({BALANCER, CLASSIC_BALANCER, TARGET_GROUP})


def _lost_tag(subject: Subject, row: FieldRow, part: Part) -> str:
    """Machines are registered with any load balancer, whoever made it."""
    if subject.machine is not None or subject.resource.key.type not in _OURS or keeps_its_settings(subject):
        return ""
    return "the load balancer lacks the cluster's tag: CAPA takes it for somebody else's and sets nothing of it"


def _as_many_subnets(subject: Subject, row: FieldRow, part: Part) -> str:
    if row.comparer != "balancer-subnets":
        return ""
    wants, has = _values(part.capi), _values(part.cloud)
    if len(wants) == len(has):
        return "CAPA compares only how many subnets there are"
    if subject.resource.key.type == CLASSIC_BALANCER and not wants - has:
        return "CAPA attaches a classic load balancer to subnets and never detaches it from one"
    return ""


def _in_another_group(subject: Subject, row: FieldRow, part: Part) -> str:
    if row.observe != "registered_member" or not counts_as_registered(subject):
        return ""
    return "the instance is in another target group of the load balancer, and CAPA then looks no further"


def _values(value: object) -> frozenset[object]:
    return frozenset(sequence(value.value)) if isinstance(value, Present) else frozenset()


HINDRANCES = tuple(Hindrance(why=why) for why in (_lost_tag, _as_many_subnets, _in_another_group))
