"""A few Machines of a synthetic fleet that are unwell: which ones, and what their objects say of it.

Spread evenly, so that as many clusters as possible have one: each of these costs a look at its workload cluster.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from benchmarks.prototype import Prototype
from benchmarks.stamping import stamped
from drift_audit.clock import stamp

Json = dict[str, Any]

MACHINES = "/apis/cluster.x-k8s.io/v1beta2/machines"
AWS_MACHINES = "/apis/infrastructure.cluster.x-k8s.io/v1beta2/awsmachines"
SINCE = timedelta(hours=3)
"""How long each has been unwell: longer than any clock waits."""
_CONTROL_PLANE = "cluster.x-k8s.io/control-plane"
_REFUSED = "failed to create AWSMachine instance: failed to run instance: operation error EC2: RunInstances, {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailment:
    """Why a Machine does not come up."""

    name: str
    refusal: str = ""
    """What EC2 says instead of making the instance; empty: it runs, and its Node does not come."""


AILMENTS = (
    Ailment(
        name="quota",
        refusal=(
            "VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 256 allows for "
            "the instance bucket that the specified instance type belongs to."
        ),
    ),
    Ailment(
        name="capacity",
        refusal=(
            "InsufficientInstanceCapacity: We currently do not have sufficient t3.large capacity in the Availability "
            "Zone you requested."
        ),
    ),
    Ailment(name="no node"),
    Ailment(
        name="addresses",
        refusal=(
            "InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses to satisfy "
            "the request."
        ),
    ),
    Ailment(
        name="permission",
        refusal="UnauthorizedOperation: You are not authorized to perform this operation.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One Machine that is unwell."""

    cluster: int
    name: str
    uid: str
    namespace: str
    ailment: Ailment
    infra: str
    """Its AWSMachine."""
    infra_uid: str
    instance: str
    """The id of its instance, where that were there."""


@dataclass(slots=True)
class Illness:
    """All of them, and since when."""

    patients: Sequence[Patient]
    since: str
    _by_object: dict[tuple[str, bytes], Patient] = field(init=False)
    _by_cluster: dict[int, list[Patient]] = field(init=False)

    def __post_init__(self) -> None:
        self._by_object, self._by_cluster = {}, defaultdict(list)
        for patient in self.patients:
            self._by_object[MACHINES, _named(patient.name)] = patient
            self._by_object[AWS_MACHINES, _named(patient.infra)] = patient
            self._by_cluster[patient.cluster].append(patient)

    def of(self, cluster: int) -> Sequence[Patient]:
        return self._by_cluster.get(cluster, ())

    def told_by(self, path: str, items: Iterable[bytes]) -> list[bytes]:
        """The items of a list, with what the controllers write to those that are unwell."""
        if path not in (MACHINES, AWS_MACHINES):
            return list(items)
        return [self._told(path, item) for item in items]

    def _told(self, path: str, item: bytes) -> bytes:
        start = item.find(b'"name":"')
        while start >= 0:
            end = item.index(b'"', start + 8)
            if patient := self._by_object.get((path, item[start : end + 1])):
                changed = _machine if path == MACHINES else _infra_machine
                return _text(changed(json.loads(item), patient.ailment, self.since))
            start = item.find(b'"name":"', end)
        return item

    def missing_in(self, items: Iterable[bytes], clusters: Iterable[int]) -> list[bytes]:
        """The items of an answer of AWS without what never came to be."""
        patients = (patient for cluster in clusters for patient in self.of(cluster))
        absent = [patient.instance.encode() for patient in patients if patient.ailment.refusal]
        return [item for item in items if not any(instance in item for instance in absent)] if absent else list(items)


WELL = Illness((), "")


def number_unwell(prototype: Prototype, clusters: int, share: float) -> int:
    """One at least, if any."""
    return max(1, round(clusters * prototype.machines * share)) if share else 0


def illness_in(prototype: Prototype, clusters: int, share: float, now: datetime) -> Illness:
    """The share of the fleet's Machines: workers all of them, in turn with each ailment."""
    workers = [json.loads(item) for item in prototype.kube[MACHINES].items or () if _CONTROL_PLANE.encode() not in item]
    infra = {each["metadata"]["name"]: each for each in map(json.loads, prototype.kube[AWS_MACHINES].items or ())}
    count = number_unwell(prototype, clusters, share)
    patients = []
    for index in range(count):
        cluster, turn = index * clusters // count, index % max(1, -(-count // clusters))
        machine = workers[turn % len(workers)]
        below = infra[machine["spec"]["infrastructureRef"]["name"]]
        patients.append(_patient(machine, below, cluster, AILMENTS[index % len(AILMENTS)]))
    return Illness(patients, stamp(now - SINCE))


def _patient(machine: Json, infra: Json, cluster: int, ailment: Ailment) -> Patient:
    def of_cluster(text: str) -> str:
        return stamped(text.encode(), cluster).decode()

    return Patient(
        cluster=cluster,
        name=of_cluster(machine["metadata"]["name"]),
        uid=of_cluster(machine["metadata"]["uid"]),
        namespace=machine["metadata"]["namespace"],
        ailment=ailment,
        infra=of_cluster(infra["metadata"]["name"]),
        infra_uid=of_cluster(infra["metadata"]["uid"]),
        instance=of_cluster(infra["spec"]["providerID"].rpartition("/")[2]),
    )


def _machine(live: Json, ailment: Ailment, since: str) -> Json:
    status: Json = {key: value for key, value in live["status"].items() if key != "nodeRef"}
    spec = dict(live["spec"])
    if ailment.refusal:
        spec.pop("providerID", None)
        told = ("InfrastructureReady", "NotReady", _REFUSED.format(ailment.refusal))
        status |= {"phase": "Provisioning", "initialization": {"bootstrapDataSecretCreated": True}}
    else:
        waits = f"Waiting for a Node with spec.providerID {spec['providerID']} to exist"
        told = ("NodeHealthy", "NodeProvisioning", waits)
        status |= {"phase": "Provisioned"}
    kind, reason, message = told
    condition = {"type": kind, "status": "False", "reason": reason, "message": message, "lastTransitionTime": since}
    status |= {"conditions": [condition], "lastUpdated": since}
    return {**live, "metadata": {**live["metadata"], "creationTimestamp": since}, "spec": spec, "status": status}


def _infra_machine(live: Json, ailment: Ailment, since: str) -> Json:
    if not ailment.refusal:
        return live
    condition = {"status": "False", "severity": "Error", "reason": "InstanceProvisionFailed"}
    condition |= {"message": _REFUSED.format(ailment.refusal), "lastTransitionTime": since}
    conditions = [{"type": kind, **condition} for kind in ("Ready", "InstanceReady")]
    spec = {name: value for name, value in live["spec"].items() if name not in ("providerID", "instanceID")}
    metadata = {**live["metadata"], "creationTimestamp": since}
    return {**live, "metadata": metadata, "spec": spec, "status": {"conditions": conditions}}


def _named(name: str) -> bytes:
    return b'"name":"%s"' % name.encode()


def _text(live: Mapping[str, Any]) -> bytes:
    return json.dumps(live, separators=(",", ":"), ensure_ascii=False).encode()
