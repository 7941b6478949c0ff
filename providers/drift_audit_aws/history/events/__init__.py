"""The calls that change what field maps compare: where their record names the resource, and what they write.

Paths are those of a record after `records.plain`: EC2's `{"items": [...]}` is a list, `{"value": x}` is x, the wrapper
`ModifyVolumeRequest` is gone and keys begin in lower case. Nothing else of a request is kept.

Source of names and layouts: AWS API reference of each service; CloudTrail user guide, "CloudTrail log file examples".
"""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit_aws.history.events.balancers import balancer_events
from drift_audit_aws.history.events.machines import machine_events
from drift_audit_aws.history.events.managed import managed_events
from drift_audit_aws.history.events.names import iam_events, tag_events
from drift_audit_aws.history.events.network import network_events
from drift_audit_aws.history.events.pools import pool_events
from drift_audit_aws.history.events.row import Effect, EventRow
from drift_audit_aws.history.events.rules import rule_events

__all__ = ["EVENTS", "SOURCES", "Effect", "EventRow"]

SOURCES: Mapping[str, str] = {
    "ec2.amazonaws.com": "ec2",
    "elasticloadbalancing.amazonaws.com": "elasticloadbalancing",
    "autoscaling.amazonaws.com": "autoscaling",
    "iam.amazonaws.com": "iam",
    "eks.amazonaws.com": "eks",
}
"""The prefix of IAM actions by event source, for the sources whose calls change a fleet."""

_PARTS = (
    machine_events,
    rule_events,
    network_events,
    balancer_events,
    pool_events,
    managed_events,
    tag_events,
    iam_events,
)
EVENTS: Mapping[str, EventRow] = {row.action: row for part in _PARTS for row in part()}
"""By action."""
