"""What keeps CAPA from putting a part of the network back."""

from __future__ import annotations

from drift_audit.model.fields import FieldRow
from drift_audit_aws.network.conditions import MANAGED_ONLY
from drift_audit_aws.network.keeping import kept
from drift_audit_aws.network.layout import layout
from drift_audit_aws.ownership import owned_tag
from drift_audit_aws.parts import Hindrance, Part
from drift_audit_aws.resource_types import ROUTE_TABLE
from drift_audit_aws.subject import Subject


def _given_away(subject: Subject, row: FieldRow, part: Part) -> str:
    if row.skip_when not in MANAGED_ONLY or kept(subject):
        return ""
    return f"VPC {subject.cluster.vpc_id} lost the cluster's tag: CAPA takes the network for somebody else's"


def _unseen_table(subject: Subject, row: FieldRow, part: Part) -> str:
    seen = subject.index.ask(layout).carries_tag(subject.resource, subject.cluster.key.name)
    if row.resource != ROUTE_TABLE or seen:
        return ""
    return f"the route table lacks the tag {owned_tag(subject.cluster.key.name)}: CAPA does not see it"


HINDRANCES = (Hindrance(why=_given_away), Hindrance(why=_unseen_table))
