"""The instances that objects name, and what it means when one is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from drift_audit.interfaces import Link
from drift_audit.model.findings import Severity
from drift_audit.model.objects import CloudResource
from drift_audit.model.steps import asking
from drift_audit.model.values import dig, sequence, text
from drift_audit_aws.doubts import Doubted, doubted, ownerless
from drift_audit_aws.family import Loss, Named
from drift_audit_aws.fleet import AwsCluster, AwsMachine, Fleet
from drift_audit_aws.ownership import GONE_STATES, MACHINE_NAME_TAG, NAME_TAG, state_of
from drift_audit_aws.resource_types import INSTANCE, NETWORK_INTERFACE
from drift_audit_aws.subject import CloudIndex

_REPLACE_MACHINE = (
    asking("Find out in CloudTrail who ended the instance: event TerminateInstances, resource {id}."),
    "Delete Machine {namespace}/{machine}, or let a MachineHealthCheck do it; its owner then makes a new one.",
)

NEVER_REPLACED = "CAPA keeps looking for the instance and never makes another one for this AWSMachine"
FAILED_FOR_GOOD = "CAPA marks the AWSMachine as failed for good; only a new Machine replaces it"
BASTION_REMADE = "CAPA makes a new bastion at its next reconcile, with another address"
POOL_REPLACES = "the Auto Scaling group replaces it, and CAPA removes this AWSMachine"


def named_instances(fleet: Fleet) -> Iterator[Named]:
    """Those of AWSMachines, and bastions; the members of pools are named, and compared with nothing here."""
    for machine in fleet.machines.values():
        if machine.instance_id:
            yield Named(
                object=machine.object,
                cluster=machine.cluster_key,
                type=INSTANCE,
                id=machine.instance_id,
                path=machine.id_path,
                loss=_loss(machine),
            )
    for cluster in fleet.clusters.values():
        if cluster.bastion_id:
            yield Named(
                object=cluster.infra,
                cluster=cluster.key,
                type=INSTANCE,
                id=cluster.bastion_id,
                path="status.bastion.id",
                loss=_bastion_loss(cluster),
            )
    for pool in fleet.pools.values():
        for provider_id in map(text, sequence(pool.object.spec.get("providerIDList"))):
            yield Named(
                object=pool.object,
                cluster=pool.cluster_key,
                type=INSTANCE,
                id=provider_id.rpartition("/")[2],
                path="spec.providerIDList",
            )


def _loss(machine: AwsMachine) -> Loss:
    words = {
        "id": machine.instance_id,
        "namespace": machine.object.namespace,
        "machine": machine.machine.name if machine.machine is not None else machine.object.name,
    }
    return Loss(
        severity=Severity.CRITICAL if machine.role == "control-plane" else Severity.HIGH,
        reaction=POOL_REPLACES if machine.in_pool else NEVER_REPLACED,
        reaction_when_gone=POOL_REPLACES if machine.in_pool else FAILED_FOR_GOOD,
        next_steps=tuple(step.format(**words) for step in _REPLACE_MACHINE),
        transitional=machine.deleting or machine.in_pool,
        gone=lambda instance: state_of(instance) in GONE_STATES,
        detail=_end_of,
    )


def _bastion_loss(cluster: AwsCluster) -> Loss:
    """Source: pkg/cloud/services/ec2/bastion.go, ReconcileBastion."""
    enabled = dig(cluster.infra.spec, "bastion", "enabled") is True
    return Loss(
        severity=Severity.MEDIUM,
        reaction=BASTION_REMADE,
        next_steps=(
            asking(f"Find out in CloudTrail who ended the bastion: event TerminateInstances, {cluster.bastion_id}."),
        ),
        transitional=cluster.deleting or not enabled,
        gone=lambda instance: state_of(instance) in GONE_STATES,
        detail=_end_of,
    )


def _end_of(instance: CloudResource) -> str:
    """`terminated: User initiated (2026-11-20 09:00:00 GMT)`, as far as EC2 tells."""
    reason = text(instance.attributes.get("StateTransitionReason")) or text(
        dig(instance.attributes, "StateReason", "Message")
    )
    return f"{state_of(instance)}: {reason}" if reason else state_of(instance)


def reached_interfaces(link: Link, index: CloudIndex) -> Iterator[tuple[str, str]]:
    """The listed network interfaces of a linked instance."""
    if link.resource.type != INSTANCE:
        return
    instance = index.view.resources[INSTANCE, link.resource.id]
    for entry in sequence(instance.attributes.get("NetworkInterfaces")):
        key = NETWORK_INTERFACE, text(dig(entry, "NetworkInterfaceId"))
        if key in index.view.resources:
            yield key


def ownerless_machines(fleet: Fleet, links: Sequence[Link], now: datetime) -> Iterator[Doubted]:
    """The linked machines whose Machine is missing: a part of their fields is compared with nothing."""
    for link in links:
        machine = fleet.machines.get((link.management_cluster, link.object))
        if machine is not None and machine.machine is None and not (machine.deleting or machine.in_pool):
            yield doubted(machine.object, machine.cluster_key, ownerless(machine.management_cluster), whole=False)


def still_expected(instance: CloudResource, cluster: AwsCluster, fleet: Fleet) -> bool:
    """True while CAPA may still adopt it: it does so by name when a providerID was not stored.

    Source: pkg/cloud/services/ec2/instances.go, GetRunningInstanceByTags.
    """
    return any(_would_adopt(machine, instance) for machine in fleet.unborn.get(cluster.key, ()))


def _would_adopt(machine: AwsMachine, instance: CloudResource) -> bool:
    tags = instance.tags
    named_machine = bool(machine.machine_name) and tags.get(MACHINE_NAME_TAG) == machine.machine_name
    return named_machine or tags.get(NAME_TAG) == machine.object.name
