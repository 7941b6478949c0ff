"""From the suspects and their errors to what is worth asking AWS: each question once, and none without a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from drift_audit.model.health import Question, Suspicion, Topic
from drift_audit.model.keys import CloudScope, ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.constraints.errors import denials_in, errors_in
from drift_audit_aws.constraints.quotas import QUOTA_OF_CODE
from drift_audit_aws.constraints.targets import balancers_named
from drift_audit_aws.fleet import AwsCluster, AwsMachine, Fleet
from drift_audit_aws.placing import Placements, places_in

CONSOLES = 3
"""Consoles that are read in a scope: Machines that do not join for one reason say the same."""

_TOPIC_OF_CODE: Mapping[str, Topic] = {
    **dict.fromkeys(QUOTA_OF_CODE, Topic.QUOTA),
    "InsufficientInstanceCapacity": Topic.CAPACITY,
    "InsufficientHostCapacity": Topic.CAPACITY,
    "InsufficientReservedInstanceCapacity": Topic.CAPACITY,
    "Unsupported": Topic.CAPACITY,
    "InsufficientFreeAddressesInSubnet": Topic.ADDRESSES,
    "PrivateIpAddressLimitExceeded": Topic.ADDRESSES,
    "InvalidAMIID.NotFound": Topic.IMAGE,
    "InvalidAMIID.Unavailable": Topic.IMAGE,
}
"""Error codes and what they make worth asking (EC2 API reference, Error codes)."""

_IDS = {"subnet": re.compile(r"\bsubnet-[0-9a-f]+\b"), "image": re.compile(r"\bami-[0-9a-f]+\b")}
_NOT_JOINED = "Provisioned"
_CORE = "cluster.x-k8s.io"


def questions_about(suspicion: Suspicion, fleet: Fleet, clouds: Sequence[CloudScopeView]) -> list[Question]:
    """The questions, those about one object together."""
    places = places_in(fleet, clouds)
    known = {view.scope for view in clouds}
    asked: list[Question] = []
    for machine in fleet.machines.values():
        suspects = suspicion.objects.get(machine.management_cluster, frozenset())
        scope = _scope(machine.cluster, places)
        if scope in known and {machine.object.key, _key(machine.machine)} & suspects:
            asked += _of_machine(machine, scope)
    for key, cluster in fleet.clusters.items():
        scope = _scope(cluster, places)
        suspects = suspicion.objects.get(key.management_cluster, frozenset())
        if scope in known and cluster.infra.key in suspects:
            asked += _of_errors(key.management_cluster, cluster.infra, scope, {})
        if scope in known and {cluster.infra.key, ObjectKey(_CORE, "Cluster", key.namespace, key.name)} & suspects:
            asked += _of_targets(key.management_cluster, cluster.infra, cluster, scope)
    return _with_few_consoles(asked)


def _key(live: CapiObject | None) -> ObjectKey | None:
    return live.key if live is not None else None


def _scope(cluster: AwsCluster | None, places: Placements) -> CloudScope | None:
    placement = places.placed.get(cluster.key) if cluster is not None else None
    return placement.scope if placement else None


def _of_machine(machine: AwsMachine, scope: CloudScope | None) -> Iterator[Question]:
    if scope is None:
        return
    spec = machine.object.spec
    about = {
        "instance_type": text(spec.get("instanceType")),
        "image": text(dig(spec, "ami", "id")),
        "subnet": text(dig(spec, "subnet", "id")),
        "zone": text(machine.machine.at("spec", "failureDomain")) if machine.machine else "",
        "spot": "true" if "spotMarketOptions" in spec else "",
    }
    yield from _of_errors(machine.management_cluster, machine.object, scope, about)
    phase = text(machine.machine.at("status", "phase")) if machine.machine else ""
    if machine.instance_id:
        named = {"instance": machine.instance_id}
        yield _question(Topic.INSTANCE, scope, machine.management_cluster, machine.object, named)
        if phase == _NOT_JOINED:
            yield _question(Topic.CONSOLE, scope, machine.management_cluster, machine.object, named)
        if machine.role == "control-plane" and machine.cluster is not None:
            yield from _of_targets(machine.management_cluster, machine.object, machine.cluster, scope, named)


def _of_targets(
    management_cluster: str,
    live: CapiObject,
    cluster: AwsCluster,
    scope: CloudScope | None,
    about: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Question]:
    """Where the load balancer of the API server leads; nothing of a cluster that has none."""
    if scope is not None and (named := balancers_named(cluster)):
        yield _question(Topic.TARGET_HEALTH, scope, management_cluster, live, {**named, **about})


def _of_errors(
    management_cluster: str, live: CapiObject, scope: CloudScope | None, about: Mapping[str, str]
) -> Iterator[Question]:
    if scope is None:
        return
    seen: set[tuple[Topic, str]] = set()
    for message in _messages(live):
        for error in errors_in(message):
            topic = _TOPIC_OF_CODE.get(error.code)
            if topic is not None and (topic, error.code) not in seen:
                seen.add((topic, error.code))
                named = {**_named_in(message), **{key: value for key, value in about.items() if value}}
                yield _question(topic, scope, management_cluster, live, {**named, "code": error.code})
        for denial in denials_in(message):
            if (Topic.PERMISSION, denial.action) not in seen:
                seen.add((Topic.PERMISSION, denial.action))
                named = {"principal": denial.principal, "action": denial.action, "resource": denial.resource}
                yield _question(Topic.PERMISSION, scope, management_cluster, live, named)


def _named_in(message: str) -> dict[str, str]:
    """The subnet and the image that EC2 names in its refusal: CAPA chooses both where a specification has neither."""
    return {kind: found[0] for kind, pattern in _IDS.items() if (found := pattern.search(message))}


def _messages(live: CapiObject) -> Iterator[str]:
    """What the object's controller wrote that went wrong."""
    for condition in map(mapping, sequence(live.status.get("conditions"))):
        if condition.get("status") != "True":
            yield text(condition.get("message"))
    yield text(live.status.get("failureMessage"))


def _question(
    topic: Topic, scope: CloudScope, management_cluster: str, live: CapiObject, about: Mapping[str, str]
) -> Question:
    told = {key: value for key, value in about.items() if value}
    return Question(topic=topic, scope=scope, management_cluster=management_cluster, object=live.key, about=told)


def _with_few_consoles(asked: Sequence[Question]) -> list[Question]:
    consoles: dict[CloudScope, int] = {}
    kept = []
    for question in asked:
        if question.topic is Topic.CONSOLE:
            consoles[question.scope] = consoles.get(question.scope, 0) + 1
            if consoles[question.scope] > CONSOLES:
                continue
        kept.append(question)
    return kept
