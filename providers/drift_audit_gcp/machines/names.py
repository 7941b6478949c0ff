"""The instances that GCPMachines name, what stands behind them, and what it means when one is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CloudResource
from drift_audit.model.steps import asking
from drift_audit.model.values import mapping, sequence
from drift_audit_gcp.doubts import Doubted, doubted, ownerless, unreadable_id
from drift_audit_gcp.family import Loss, Named
from drift_audit_gcp.fleet import Fleet, GcpCluster, GcpMachine
from drift_audit_gcp.links import id_of, last
from drift_audit_gcp.resource_types import DISK, GROUP_MEMBERS, INSTANCE
from drift_audit_gcp.subject import CloudIndex

MADE_ANEW = (
    "CAPG makes an instance of the same name from the same bootstrap secret, whose token has mostly expired: it "
    "seldom joins"
)


def named_instances(fleet: Fleet) -> Iterator[Named]:
    for machine in fleet.machines.values():
        if machine.instance_id:
            yield Named(
                object=machine.object,
                cluster=machine.cluster_key,
                project=machine.place[0],
                type=INSTANCE,
                id=machine.instance_id,
                path="spec.providerID",
                loss=_loss(machine),
            )


def _loss(machine: GcpMachine) -> Loss:
    """Source: cloud/services/compute/instances/reconcile.go, createOrGetInstance."""
    owner = machine.machine.name if machine.machine is not None else machine.object.name
    return Loss(
        severity=Severity.CRITICAL,
        reaction=MADE_ANEW,
        next_steps=(
            asking(f"Find out in the audit log who deleted instance {machine.instance_id}: method instances.delete."),
            f"Delete Machine {machine.object.namespace}/{owner}, or let a MachineHealthCheck do it; its owner then "
            "makes a new one.",
        ),
        transitional=machine.deleting,
    )


def reached_disks(link: Link, index: CloudIndex) -> Iterator[tuple[str, str]]:
    """The listed disks of a linked instance."""
    if link.resource.type == INSTANCE:
        instance = index.views[link.resource.scope].resources[INSTANCE, link.resource.id]
        for disk in map(mapping, sequence(instance.attributes.get("disks"))):
            yield DISK, id_of(disk.get("source"))


def group_of(fleet: Fleet, link: Link, index: CloudIndex) -> Iterator[tuple[str, str]]:
    """The members of the group that a control plane machine has to be in."""
    machine = fleet.machines.get((link.management_cluster, link.object))
    if link.resource.type == INSTANCE and machine is not None and machine.role == "control-plane" and machine.cluster:
        yield GROUP_MEMBERS, machine.cluster.group_id(machine.zone)


def doubtful_machines(fleet: Fleet, links: Sequence[Link], now: datetime) -> Iterator[Doubted]:
    """Machines whose providerID says nothing, and linked ones without their Machine."""
    linked = {(link.management_cluster, link.object) for link in links}
    for key, machine in fleet.machines.items():
        if machine.deleting:
            continue
        if machine.object.spec.get("providerID") and not machine.instance_id:
            yield doubted(machine.object, machine.cluster_key, unreadable_id(machine.management_cluster))
        elif machine.machine is None and key in linked:
            yield doubted(machine.object, machine.cluster_key, ownerless(machine.management_cluster), whole=False)


def still_expected(instance: CloudResource, cluster: GcpCluster, fleet: Fleet) -> bool:
    """True while CAPG is about to take it: it finds instances by the name of their GCPMachine alone."""
    name = last(instance.key.id)
    machines = fleet.members.get(cluster.key, ())
    return any(machine.object.name == name and not machine.instance_id for machine in machines)
