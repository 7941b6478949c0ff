"""Which machines stand behind a load balancer, and how it finds them doing.

Source: CAPA v2.13.0 controllers/awsmachine_controller.go, reconcileLBAttachment, and
pkg/cloud/services/elb/loadbalancer.go, IsInstanceRegisteredWithAPIServerLB: an instance that is in any target group of
a load balancer counts as registered, and then CAPA does not add it to the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import ABSENT, Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.fleet import INFRASTRUCTURE, AwsMachine
from drift_audit_aws.load_balancers.about import detail
from drift_audit_aws.load_balancers.target_groups import balancer_by_group, groups_by_balancer
from drift_audit_aws.ownership import state_of
from drift_audit_aws.resource_types import (
    CLASSIC_BALANCER,
    CLASSIC_BALANCER_HEALTH,
    INSTANCE,
    TARGET_HEALTH,
)
from drift_audit_aws.subject import Subject

_LEAVING = "draining"
_ON_THE_WAY = frozenset({"initial", _LEAVING})
_UNCHECKED = "Target.HealthCheckDisabled"
"""Nobody looks at the target: that is a setting, and has a row of its own."""
_REGISTERING = "registration is still in progress"
WELL = {True: "InService", False: "healthy"}
"""By whether the load balancer is a classic one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One registered instance or address."""

    id: str
    state: str
    """`healthy`, `InService`, ...; empty when it could not be read."""
    reason: str = ""


def is_on_its_way(target: Target) -> bool:
    """True where nobody can say yet, or nobody looks, whether the target is well."""
    return target.state in _ON_THE_WAY or target.reason.startswith(_UNCHECKED) or _REGISTERING in target.reason


def targets_of(subject: Subject) -> tuple[Target, ...] | Unknown:
    """Everything that is registered, but for what is on its way out."""
    if subject.resource.key.type == CLASSIC_BALANCER:
        return tuple(_classic_targets(subject))
    found = detail(subject, TARGET_HEALTH, "TargetHealthDescriptions")
    return found if isinstance(found, Unknown) else tuple(each for each in targets_in(found) if each.state != _LEAVING)


def targets_in(descriptions: object) -> Iterator[Target]:
    for entry in map(mapping, descriptions if isinstance(descriptions, (list, tuple)) else ()):
        health = mapping(entry.get("TargetHealth"))
        said = (text(health.get("Reason")), text(health.get("Description")))
        yield Target(
            id=text(dig(entry, "Target", "Id")), state=text(health.get("State")), reason=": ".join(filter(None, said))
        )


def _classic_targets(subject: Subject) -> Iterator[Target]:
    states = detail(subject, CLASSIC_BALANCER_HEALTH, "InstanceStates")
    known = () if isinstance(states, Unknown) else map(mapping, sequence(states))
    by_instance = {text(entry.get("InstanceId")): entry for entry in known}
    for instance in sequence(subject.resource.attributes.get("Instances")):
        name = text(dig(instance, "InstanceId"))
        entry = by_instance.get(name, {})
        yield Target(id=name, state=text(entry.get("State")), reason=text(entry.get("Description")))


def member_instance(subject: Subject) -> Observed | None:
    """The instance of a running control-plane machine: CAPA takes any other one out of the load balancer itself."""
    instance = _running_instance(subject)
    return Present(instance.key.id) if instance is not None else None


def registered_member(subject: Subject) -> Observed:
    found = targets_of(subject)
    if isinstance(found, Unknown):
        return found
    instance = subject.machine.instance_id if subject.machine is not None else ""
    return Present(instance) if any(target.id == instance for target in found) else ABSENT


def member_well(subject: Subject) -> Observed | None:
    """How a registered member should do, once its node has joined; before that its API server may still be starting."""
    if _running_instance(subject) is None or not _joined(subject.machine):
        return None
    if registered_member(subject) == ABSENT:
        return None
    return Present(WELL[subject.resource.key.type == CLASSIC_BALANCER])


def member_state(subject: Subject) -> Observed:
    """What the health checks say, one that is not done or that nobody wants counted as well."""
    well = WELL[subject.resource.key.type == CLASSIC_BALANCER]
    target = member_target(subject)
    if isinstance(target, Unknown):
        return target
    if is_on_its_way(target):
        return Present(well)
    return Present(target.state)


def member_target(subject: Subject) -> Target | Unknown:
    """The machine's own target; unknown when it or its health could not be read."""
    found = targets_of(subject)
    if isinstance(found, Unknown):
        return found
    instance = subject.machine.instance_id if subject.machine is not None else ""
    target = next((each for each in found if each.id == instance), None)
    if target is not None and target.state:
        return target
    lacking = detail(subject, CLASSIC_BALANCER_HEALTH, "InstanceStates")
    return lacking if isinstance(lacking, Unknown) else Unknown(f"the health of {instance} was not told")


def control_plane_targets(subject: Subject) -> Observed | None:
    """The instances that may be registered; `None` where no machine of the fleet is the control plane.

    One whose Machine was not read may be of the control plane too.
    """
    view = subject.fleet.view(subject.link.management_cluster)
    if view is None or not view.listed(INFRASTRUCTURE, "AWSMachine"):
        return Unknown("AWSMachines could not be listed completely")
    machines = subject.fleet.members.get(subject.cluster.key, ())
    ids = sorted(each.instance_id for each in machines if each.instance_id and each.role in ("control-plane", ""))
    return Present(ids) if ids else None


def registered_targets(subject: Subject) -> Observed:
    found = targets_of(subject)
    return found if isinstance(found, Unknown) else Present(sorted({target.id for target in found}))


def counts_as_registered(subject: Subject) -> bool:
    """True when CAPA finds the instance in another target group of the same load balancer, and looks no further."""
    group, machine = subject.resource.key.id, subject.machine
    balancer = subject.index.ask(balancer_by_group).get(group)
    if balancer is None or machine is None:
        return False
    others = (other.key.id for other in subject.index.ask(groups_by_balancer)[balancer] if other.key.id != group)
    health = (subject.cloud.resources.get((TARGET_HEALTH, name)) for name in others)
    return any(
        target.id == machine.instance_id
        for found in health
        if found is not None
        for target in targets_in(found.attributes.get("TargetHealthDescriptions"))
    )


def _running_instance(subject: Subject) -> CloudResource | None:
    instance_id = subject.machine.instance_id if subject.machine is not None else ""
    instance = subject.cloud.resources.get((INSTANCE, instance_id))
    return instance if instance is not None and state_of(instance) == "running" else None


def _joined(machine: AwsMachine | None) -> bool:
    return machine is not None and machine.machine is not None and bool(machine.machine.status.get("nodeRef"))
