"""Machines of three clouds that do not come to be, with the texts of their controllers."""

from __future__ import annotations

from typing import Any

from drift_audit.model.health import Answer, Feasible, Question, Topic
from drift_audit.model.keys import CloudScope
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    MANAGEMENT,
    condition,
    deployment,
    fleet_with,
    infra_machine,
    machine,
    machine_set,
    made,
)

V1BETA1 = "infrastructure.cluster.x-k8s.io/v1beta1"
RUN = "failed to create AWSMachine instance: failed to run instance: operation error EC2: RunInstances, "
HTTP = "https response error StatusCode: 400, RequestID: 1b2f3d3e-0000-4c2d-9d3d-000000000001, "


def api_error(code: str, message: str = "You have requested more than there is.") -> str:
    """What CAPA writes about an answer of EC2."""
    return f"{RUN}{HTTP}api error {code}: {message}"


def starting(minutes: float = 30, name: str = "one-md-0-abc-1", **more: Any) -> CapiObject:
    """A worker Machine whose infrastructure does not come."""
    return machine(
        condition("Ready", False, "NotReady", since=minutes),
        condition("InfrastructureReady", False, "NotReady", since=minutes),
        phase="Provisioning",
        entered=minutes,
        name=name,
        **more,
    )


def refused(
    message: str,
    of: CapiObject | None = None,
    *,
    since: float = 30,
    reason: str = "InstanceProvisionFailed",
    severity: str = "Error",
    **more: Any,
) -> CapiObject:
    """An AWSMachine that has no instance, with CAPA's conditions."""
    return infra_machine(
        condition("Ready", False, reason, message, since=since, severity=severity),
        condition("InstanceReady", False, reason, message, since=since, severity=severity),
        of=of or starting(since),
        status={"ready": False},
        **more,
    )


def of_kind(kind: str, owner: CapiObject, **more: Any) -> CapiObject:
    """An infrastructure machine of another provider."""
    return made(V1BETA1, kind, owner.name, owner=owner, **more)


def with_infra(kind: str, minutes: float = 30, phase: str = "Provisioning", **more: Any) -> CapiObject:
    """A Machine whose infrastructure is of that kind."""
    name = "one-md-0-abc-1"
    return machine(
        condition("Ready", False, "NotReady", since=minutes),
        phase=phase,
        entered=minutes,
        spec={
            "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": kind, "name": name},
            **more.pop("spec", {}),
        },
        **more,
    )


def pool_waits(*changed: CapiObject, since: float = 30) -> list[CapiObject]:
    """The fleet with these objects, and owners that repeat what is below them."""
    echo = "* Machine one-md-0-abc-1:\n  * InfrastructureReady: " + api_error("VcpuLimitExceeded")
    owner = machine_set(condition("MachinesReady", False, "NotReady", echo, since=since))
    above = deployment(condition("Available", False, "NotAvailable", echo, since=since))
    return fleet_with(owner, above, *changed)


def answer(about: CapiObject, topic: Topic, feasible: Feasible, fact: str, evidence: str = "") -> Answer:
    """What the cloud said about an object."""
    scope = CloudScope("aws", "123456789012", "eu-central-1")
    question = Question(topic=topic, scope=scope, management_cluster=MANAGEMENT, object=about.key)
    return Answer(question=question, feasible=feasible, fact=fact, evidence=evidence)
