"""What resources tell of their own changes: it costs no call, and some of it outlives CloudTrail's 90 days."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drift_audit.clock import moment, stamp
from drift_audit.interfaces import Candidate
from drift_audit.model.changes import ChangeEvent, Fit
from drift_audit.model.fields import FieldRow
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, dig, mapping, sequence, text
from drift_audit_aws.history.callers import CallerClass
from drift_audit_aws.resource_types import INSTANCE

_INITIATED = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")
_USER_REQUEST = re.compile(r"\bAt (\S+Z) a user request (\w.{0,120}?)(?:\.|\Z)")


@dataclass(frozen=True, slots=True)
class _Shutdown:
    """What a reason code of EC2 says about who stopped an instance."""

    who: str
    how: str
    caller: CallerClass
    fit: Fit


_SHUTDOWNS: Mapping[str, _Shutdown] = {
    "Client.InstanceInitiatedShutdown": _Shutdown(
        "the machine itself", "a shutdown inside its operating system", CallerClass.UNKNOWN, Fit.VALUE
    ),
    "Client.UserInitiatedHibernate": _Shutdown(
        "a user of the account", "an EC2 call", CallerClass.UNKNOWN, Fit.SUBJECT
    ),
    "Client.UserInitiatedShutdown": _Shutdown("a user of the account", "an EC2 call", CallerClass.UNKNOWN, Fit.SUBJECT),
    "Server.InternalError": _Shutdown("EC2", "an error inside EC2", CallerClass.SERVICE, Fit.VALUE),
    "Server.ScheduledStop": _Shutdown("EC2", "a scheduled retirement", CallerClass.SERVICE, Fit.VALUE),
    "Server.SpotInstanceShutdown": _Shutdown("EC2 Spot", "an interruption", CallerClass.SERVICE, Fit.VALUE),
    "Server.SpotInstanceTermination": _Shutdown("EC2 Spot", "an interruption", CallerClass.SERVICE, Fit.VALUE),
}
"""By `StateReason.Code` (EC2 API reference, StateReason). Who the user was only CloudTrail knows."""


def free_candidates(resource: CloudResource, row: FieldRow | None) -> Iterator[Candidate]:
    """What the resource itself tells about the field of a row."""
    heads = {path.partition(".")[0].partition("[")[0] for path in row.cloud} if row is not None else set()
    if resource.key.type == INSTANCE and "State" in heads:
        yield from _shutdown(resource.attributes)
    if heads & {"LaunchTemplateData", "DefaultVersionNumber", "LatestVersionNumber"}:
        yield from _version(resource.attributes)
    if heads & {"DesiredCapacity", "MinSize", "MaxSize"}:
        yield from _activities(resource.attributes)


def _shutdown(attributes: Mapping[str, Json]) -> Iterator[Candidate]:
    known = _SHUTDOWNS.get(text(dig(attributes, "StateReason", "Code")))
    found = _INITIATED.search(text(attributes.get("StateTransitionReason")))
    at = moment(found[1]) if found is not None else None
    if known is not None and at is not None:
        event = ChangeEvent(id="", at=stamp(at), action="ec2", who=known.who, how=known.how, actor_class=known.caller)
        yield Candidate(change=event, fit=known.fit, source="EC2 StateTransitionReason")


def _version(attributes: Mapping[str, Json]) -> Iterator[Candidate]:
    """Who made the version that is in force: a launch template keeps the ARN."""
    version = mapping(attributes.get("Version")) or attributes
    principal = text(version.get("CreatedBy"))
    at = text(version.get("CreateTime"))
    if principal and at:
        who = "root" if principal.endswith(":root") else principal.rpartition("/")[2]
        event = ChangeEvent(
            id="",
            at=at,
            action="ec2:CreateLaunchTemplateVersion",
            who=who,
            how=principal,
            actor_class=CallerClass.UNKNOWN,
        )
        yield Candidate(change=event, fit=Fit.FIELD, source="CreatedBy of the launch template version")


def _activities(attributes: Mapping[str, Json]) -> Iterator[Candidate]:
    """Requests of users among the scaling activities, which tell when and what, and not who."""
    for activity in map(mapping, sequence(attributes.get("Activities"))):
        for found in _USER_REQUEST.finditer(text(activity.get("Cause"))):
            event = ChangeEvent(
                id=text(activity.get("ActivityId")),
                at=found[1],
                action="autoscaling",
                who="a user of the account",
                how=found[2],
                actor_class=CallerClass.UNKNOWN,
            )
            yield Candidate(change=event, fit=Fit.SUBJECT, source="scaling activity")
