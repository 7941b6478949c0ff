"""Whether the load balancer of an API server leads anywhere: known from what was collected, and asked of nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from drift_audit.clock import now, stamp
from drift_audit.model.health import Answer, Feasible, Question
from drift_audit.model.values import Json, mapping, sequence, text
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.load_balancers.api_balancers import api_balancers
from drift_audit_aws.load_balancers.target_groups import groups_by_balancer
from drift_audit_aws.load_balancers.targets import WELL, Target, is_on_its_way, targets_in
from drift_audit_aws.resource_types import CLASSIC_BALANCER, CLASSIC_BALANCER_HEALTH, TARGET_HEALTH

Registered = tuple[Target, ...] | None
"""The targets of a load balancer or a target group; `None` where their health was not read."""

_EVIDENCE = {True: "elasticloadbalancing:DescribeInstanceHealth", False: "elasticloadbalancing:DescribeTargetHealth"}


def balancers_named(cluster: AwsCluster) -> Mapping[str, str]:
    """What a question has to name: the load balancers of the API server, by how they are asked; nothing without."""
    names: dict[str, list[str]] = {"classic": [], "balancer": []}
    for found in api_balancers(cluster):
        names["classic" if found.type == CLASSIC_BALANCER else "balancer"].append(found.name)
    return {kind: ",".join(some) for kind, some in names.items() if some}


def target_answers(view: CloudScopeView, asked: Sequence[Question]) -> Iterator[Answer]:
    """Of one instance where the question names it, of all targets otherwise."""
    for question in asked:
        members = dict(_members(view, question.about))
        instance = question.about.get("instance", "")
        told = [
            _of_instance(name, found, instance) if instance else _of_all(name, found) for name, found in members.items()
        ]
        yield Answer(
            question=question,
            feasible=_together([feasible for feasible, _ in told], one_is_enough=bool(instance)),
            fact="; ".join(fact for _, fact in told) or "its load balancer was not read, or has no target group",
            evidence=_EVIDENCE["classic" in question.about] if told else "",
            read_at=view.read_at or stamp(now()),
        )


def _members(view: CloudScopeView, about: Mapping[str, str]) -> Iterator[tuple[str, Registered]]:
    for name in filter(None, about.get("classic", "").split(",")):
        health = view.resources.get((CLASSIC_BALANCER_HEALTH, name))
        yield (
            f"load balancer {name}",
            None if health is None else tuple(_classic(health.attributes.get("InstanceStates"))),
        )
    groups = groups_by_balancer(view)
    for name in filter(None, about.get("balancer", "").split(",")):
        for group in groups.get(name, ()):
            health = view.resources.get((TARGET_HEALTH, group.key.id))
            found = None if health is None else tuple(targets_in(health.attributes.get("TargetHealthDescriptions")))
            yield f"target group {group.key.id}", found


def _classic(states: Json) -> Iterator[Target]:
    for entry in map(mapping, sequence(states)):
        yield Target(
            id=text(entry.get("InstanceId")), state=text(entry.get("State")), reason=text(entry.get("Description"))
        )


def _is_well(target: Target) -> bool:
    return target.state in WELL.values()


def _of_all(name: str, found: Registered) -> tuple[Feasible, str]:
    if found is None:
        return Feasible.UNKNOWN, f"the health of {name} was not read"
    well = sum(map(_is_well, found))
    starting = any(map(is_on_its_way, found))
    feasible = Feasible.POSSIBLE if well else Feasible.UNKNOWN if starting else Feasible.IMPOSSIBLE
    return feasible, f"{well} of {len(found)} targets of {name} are healthy"


def _of_instance(name: str, found: Registered, instance: str) -> tuple[Feasible, str]:
    if found is None:
        return Feasible.UNKNOWN, f"the health of {name} was not read"
    target = next((each for each in found if each.id == instance), None)
    if target is None:
        return Feasible.IMPOSSIBLE, f"{instance} is not registered with {name}"
    if _is_well(target):
        return Feasible.POSSIBLE, f"{instance} is {target.state} in {name}"
    why = f" ({target.reason})" if target.reason else ""
    feasible = Feasible.UNKNOWN if is_on_its_way(target) else Feasible.IMPOSSIBLE
    return feasible, f"{instance} is {target.state or 'of unknown health'} in {name}{why}"


def _together(each: Sequence[Feasible], *, one_is_enough: bool) -> Feasible:
    """An instance has to be well everywhere; a group that leads nowhere says little while others lead on."""
    if not each or Feasible.UNKNOWN in each:
        return Feasible.UNKNOWN
    if len(set(each)) == 1:
        return each[0]
    return Feasible.IMPOSSIBLE if one_is_enough else Feasible.UNKNOWN
