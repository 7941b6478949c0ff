"""The listeners of a load balancer against those that CAPA keeps, and what CAPA makes of each difference.

CAPA looks for the target group of each wanted listener, and then for the listener whose first action leads there
(pkg/cloud/services/elb/loadbalancer.go, reconcileTargetGroupsAndListeners). Port and protocol of the listener itself it
never looks at, and other listeners it passes over, unless their first action names no target group: that it follows
without asking whether it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import JsonObject, mapping, sequence, text
from drift_audit_aws.load_balancers.target_groups import WantedListener, first_fitting, forwards_to


class Difference(StrEnum):
    MISSING = "missing"
    """No listener, and its port is free: CAPA makes it again."""
    TAKEN = "taken"
    """The port leads elsewhere: CAPA fails to make its listener there."""
    EDITED = "edited"
    """The listener leads to the right place on another port, or by another protocol."""
    EXTRA = "extra"
    UNTARGETED = "untargeted"
    """A listener whose first action names no single target group: a redirect, a fixed answer, a weighted forward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerDifference:
    kind: Difference
    wanted: str = ""
    """`TCP 6443`; empty for a listener that CAPA does not want."""
    actual: str = ""

    @property
    def shown(self) -> str:
        return self.wanted or self.actual


def listener_differences(
    wanted: Sequence[WantedListener], listeners: Sequence[JsonObject], groups: Sequence[CloudResource]
) -> Iterator[ListenerDifference]:
    """Every listener that differs, those that are wanted first. `groups` are the attached target groups."""
    pairs = [(each, _listener_of(each, first_fitting(each, groups), listeners)) for each in wanted]
    free = [found for found in listeners if not any(found is paired for _, paired in pairs)]
    for each, paired in pairs:
        asked = f"{each.protocol} {each.port}"
        if paired is not None:
            if spelled(paired) != asked:
                yield ListenerDifference(kind=Difference.EDITED, wanted=asked, actual=spelled(paired))
            continue
        there = next((found for found in free if found.get("Port") == each.port), None)
        if there is None:
            yield ListenerDifference(kind=Difference.MISSING, wanted=asked)
        elif forwards_to(there):
            free = [found for found in free if found is not there]
            yield ListenerDifference(kind=Difference.TAKEN, wanted=asked, actual=led(there))
    for found in free:
        lost = bool(sequence(found.get("DefaultActions"))) and not forwards_to(found)
        yield ListenerDifference(kind=Difference.UNTARGETED if lost else Difference.EXTRA, actual=led(found))


def spelled(listener: JsonObject) -> str:
    """`TCP 6443`."""
    return f"{text(listener.get('Protocol'))} {listener.get('Port')}"


def led(listener: JsonObject) -> str:
    """`TCP 6443 to apiserver-target-x7k2p`, `HTTP 80: redirect`."""
    arn = forwards_to(listener)
    if arn:
        return f"{spelled(listener)} to {_name_in(arn)}"
    kinds = [text(mapping(action).get("Type")) for action in sequence(listener.get("DefaultActions"))]
    return f"{spelled(listener)}: {', '.join(kinds) or 'no action'}"


def _listener_of(
    wanted: WantedListener, group: CloudResource | None, listeners: Sequence[JsonObject]
) -> JsonObject | None:
    """The listener that leads to the target group, that of the wanted port before any other."""
    arn = text(group.attributes.get("TargetGroupArn")) if group is not None else ""
    leading = [found for found in listeners if arn and forwards_to(found) == arn]
    return min(leading, key=lambda found: found.get("Port") != wanted.port, default=None)


def _name_in(arn: str) -> str:
    """Of `arn:...:targetgroup/NAME/ID`."""
    parts = arn.split("/")
    return parts[1] if len(parts) == 3 else arn
