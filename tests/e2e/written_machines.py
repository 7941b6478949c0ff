"""What the controllers write of Machines that do not come to be, do not join, are not well, or cannot go.

Sources: CAPI v1.14.0 core/reconcilers/machine/machine_controller_status.go, machineset_controller_status.go,
machinedeployment_status.go, cluster_controller_status.go; CAPA v2.13.0 controllers/awsmachine_controller.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.e2e.written_fleet import Written
from tests.e2e.written_words import WELL, condition, merged, no, unknown
from tests.rig.client import Json
from tests.rig.controllers import CORE, INFRA
from tests.rig.management_cluster import delete_now


def unborn(
    written: Written, names: Sequence[str], message: str, *, since: float = 30, reason: str = "InstanceProvisionFailed"
) -> None:
    """Machines whose instances EC2 refuses to run: CAPA repeats what it said, and core repeats CAPA."""
    terminate(written, *names)
    for name in names:
        nothing = {"spec": {"providerID": None, "instanceID": None}}
        written.client.merge_patch(written.named(INFRA, "AWSMachine", name), nothing)
        written.client.merge_patch(written.named(CORE, "Machine", name), {"spec": {"providerID": None}})
        written.say_aws_machine(name, reason, message, since=since)
        written.client.status(written.named(INFRA, "AWSMachine", name), {"instanceState": None})
        waiting = "Waiting for AWSMachine to report spec.providerID"
        written.say_machine(
            name,
            no("Available", "NotAvailable", f"* InfrastructureReady: {message}", since),
            no("Ready", "NotReady", f"* InfrastructureReady: {message}", since),
            no("InfrastructureReady", reason, message, since),
            *(unknown(kind, "InspectionFailed", waiting, since) for kind in ("NodeReady", "NodeHealthy")),
            entered=since,
            phase="Provisioning",
            nodeRef=None,
            initialization={"infrastructureProvisioned": None, "bootstrapDataSecretCreated": True},
        )
        written.forget_node(name)
    echo(written, names, f"* InfrastructureReady: {message}", since)


def pending(written: Written, name: str, told: str, *, since: float = 30) -> None:
    """A Machine without bootstrap data, and so without an instance."""
    terminate(written, name)
    written.forget_node(name)
    nothing = {"spec": {"providerID": None, "instanceID": None}}
    written.client.merge_patch(written.named(INFRA, "AWSMachine", name), nothing)
    bare = {"spec": {"providerID": None, "bootstrap": {"dataSecretName": None}}}
    written.client.merge_patch(written.named(CORE, "Machine", name), bare)
    written.say_aws_machine(name, "WaitingForBootstrapData", "", severity="Info", since=since)
    written.client.status(written.aws_machine(name), {"instanceState": None})
    unmade = no("DataSecretAvailable", "NotAvailable", told, since)
    lost: Json = {"dataSecretName": None, "initialization": None}
    written.say(written.config(name), no("Ready", "NotReady", f"* {told}", since), unmade, **lost)
    written.say_machine(
        name,
        *(no(kind, "NotReady", f"* BootstrapConfigReady: {told}", since) for kind in ("Available", "Ready")),
        no("BootstrapConfigReady", "NotReady", told, since),
        no("InfrastructureReady", "WaitingForBootstrapData", "", since),
        *(unknown(kind, "InspectionFailed", "", since) for kind in ("NodeReady", "NodeHealthy")),
        entered=since,
        phase="Pending",
        nodeRef=None,
        initialization=None,
    )


def young(written: Written, told: str, *, since: float) -> None:
    """A cluster whose infrastructure never came up: everything waits for it, and nothing has an instance."""
    waits = "Waiting for Cluster status.infrastructureReady to be true"
    for name in written.machines:
        pending(written, name, waits, since=since)
        written.say_aws_machine(name, "WaitingForClusterInfrastructure", "", severity="Info", since=since)
    never = no("ControlPlaneInitialized", "NotInitialized", "Control plane not yet initialized", since)
    written.say_above(
        written.control_plane,
        no("Initialized", "NotInitialized", since=since),
        no("Available", "NotAvailable", "Control plane not yet initialized", since),
    )
    written.client.status(written.control_plane, {"initialization": None})
    echo(written, written.workers, f"* BootstrapConfigReady: {waits}", since)
    written.say_above(
        written.cluster_object,
        no("Available", "NotAvailable", f"* InfrastructureReady: {told}", since),
        no("InfrastructureReady", "NatGatewaysReconciliationFailed", told, since),
        no("ControlPlaneAvailable", "NotAvailable", "Control plane not yet initialized", since),
        never,
        no("RemoteConnectionProbe", "ProbeFailed", "Remote connection not established yet", since),
    )
    written.client.status(written.cluster_object, {"phase": "Provisioning", "initialization": None})


def never_join(written: Written, names: Sequence[str], *, since: float = 30) -> None:
    """Machines whose instances run, and whose Nodes nobody has seen."""
    for name in names:
        told = f"Waiting for a Node with spec.providerID {written.machine(name)['spec']['providerID']} to exist"
        written.say_machine(
            name,
            no("Available", "NotAvailable", f"* NodeHealthy: {told}", since + 20),
            no("Ready", "NotReady", f"* NodeHealthy: {told}", since + 20),
            *(unknown(kind, "InspectionFailed", told, since + 20) for kind in ("NodeReady", "NodeHealthy")),
            entered=since,
            phase="Provisioned",
            nodeRef=None,
        )
        written.forget_node(name)
    echo(written, names, f"* NodeHealthy: {told}", since)


def unhealthy(
    written: Written, name: str, told: str, *, status: str = "False", ready: bool = True, since: float = 30
) -> None:
    """The core controller on a Machine whose Node is not well, and on what owns it."""
    reasons = {"False": ("NodeNotHealthy", "NodeNotReady"), "Unknown": ("NodeHealthUnknown", "NodeReadyUnknown")}
    healthy, node_ready = reasons[status]
    line = f"* NodeHealthy:\n  {told}"
    written.say_machine(
        name,
        no("Available", "NotAvailable", line, since),
        no("Ready", "NotReady", line, since),
        condition("NodeHealthy", status, healthy, told, since),
        *(() if ready else (condition("NodeReady", status, node_ready, told, since),)),
    )
    echo(written, [name], line, since)


def silent_kubelet(written: Written, name: str, *, since: float = 30) -> None:
    """A Node of which nobody has heard: the node-lifecycle controller says so, and CAPI repeats it."""
    told = "Kubelet stopped posting node status."
    kinds = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
    written.node_says(name, *(unknown(kind, "NodeStatusUnknown", told, since) for kind in kinds))
    unhealthy(written, name, f"* Node.AllConditions: {told}", status="Unknown", ready=False, since=since)


def deleting(written: Written, name: str, stage: str, told: str, *, since: float, deletion: Json) -> None:
    """A Machine that a rollout deletes, and that its controller has not brought to an end."""
    target = written.named(CORE, "Machine", name)
    written.client.delete(target)
    line = f"* Deleting: Machine deletion in progress since more than 15m, stage: {stage}"
    written.say_machine(
        name,
        *(no(kind, reason, line, since) for kind, reason in (("Available", "NotAvailable"), ("Ready", "NotReady"))),
        condition("Deleting", "True", stage, told, since),
        entered=since,
        phase="Deleting",
        deletion=deletion,
    )
    echo(written, [name], line, since)


def lose(written: Written, name: str) -> str:
    """A Machine that is gone, with its instance and its Node, and that its MachineSet is to replace."""
    terminate(written, name)
    written.forget_node(name)
    for target in (written.machine(name), written.aws_machine(name), written.client.get(written.config(name))):
        delete_now(written.client, target)
    return name


def terminate(written: Written, *names: str) -> None:
    """Their instances end in AWS."""
    instances = written.fleet.states[written.cluster].instances
    written.ec2.terminate_instances(InstanceIds=[instances[name] for name in names])


def echo(written: Written, names: Sequence[str], told: str, since: float = 30) -> None:
    """What the owners of workers repeat of them, up to the Cluster."""
    lines = "\n".join(f"  {line}" for line in told.splitlines())
    sick = f"* Machine {names[0]}:\n{lines}" if len(names) == 1 else f"* Machines {', '.join(names[:3])}:\n{lines}"
    count = len(written.workers)
    few = f"0 available replicas, at least {count} required (spec.strategy.rollout.maxUnavailable is 0, "
    few += f"spec.replicas is {count})"
    written.say(written.set_, *merged(WELL["MachineSet"], [no("MachinesReady", "NotReady", sick, since)]))
    above = [no("MachinesReady", "NotReady", sick, since), no("Available", "NotAvailable", few, since)]
    written.say(written.deployment, *merged(WELL["MachineDeployment"], above))
    name = written.deployment["metadata"]["name"]
    top = [
        no("Available", "NotAvailable", f"* WorkersAvailable:\n  * MachineDeployment {name}: {few}", since),
        no("WorkersAvailable", "NotAvailable", f"* MachineDeployment {name}: {few}", since),
        no("WorkerMachinesReady", "NotReady", sick, since),
    ]
    written.say(written.cluster_object, *merged(WELL["Cluster"], top))
