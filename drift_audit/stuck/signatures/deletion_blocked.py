"""Layer 10, the last one in the chain: an object that only its own finalizers hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.views import Reach
from drift_audit.stuck.case import Case, Proof, Said
from drift_audit.stuck.deletion import deleted_at, finalizers, goes_first, is_of_capi
from drift_audit.stuck.graph import reference_key
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.wording import first_line

_BY_KUBERNETES = ("foregroundDeletion", "orphan")
_FAILURE = re.compile(
    r"DeletingFailed|DeletionFailed|Failed(?:Terminate|Delete|Release|Detach|Disassociate)|Error deleting"
    r"|DeleteFailed|Reconcile error|[Ff]ailed to (?:delete|terminate|release)|error deleting|failed delete"
)
_CODE = re.compile(
    r"api error (?P<aws>[A-Za-z.]+)|ERROR CODE: (?P<azure>\w+)|googleapi: Error \d+:.*?, (?P<gcp>\w+)"
    r"|\b(?P<plain>DependencyViolation|OperationNotPermitted|OperationNotAllowed|ScopeLocked|CannotDelete)\b",
    re.DOTALL,
)
_DEPENDENCY = re.compile(
    r"DependencyViolation|has dependencies and cannot be deleted|InUseSubnetCannotBeDeleted|ResourceInUse"
)
_NO_CLUSTER = re.compile(r"AWSCluster or AWSManagedControlPlane is not ready yet")
_NO_KUBECONFIG = re.compile(r"kubeconfig\S*\" not found|kubeconfig secret.*not found", re.IGNORECASE)


def _dependency(case: Case) -> Sign | None:
    if not case.live.deleting or not finalizers(case.live):
        return None
    said = case.said(_DEPENDENCY)
    if said is None:
        return None
    return Sign(
        fact=f"the cloud refuses, since something still uses it: {first_line(said[0].text)}",
        since=deleted_at(case.live),
        proofs=tuple(each.proof for each in case.all_said(_DEPENDENCY)),
        variant=said[1][0],
    )


def _order(case: Case) -> Sign | None:
    """A Machine's infrastructure whose cluster's infrastructure is gone already: nobody has credentials or a region."""
    if not case.live.deleting or case.cluster is None:
        return None
    key = reference_key(case.cluster.at("spec", "infrastructureRef"), case.cluster.namespace)
    gone = key is not None and case.graph.get(key) is None and case.graph.view.listed(key.group, key.kind)
    said = case.said(_NO_CLUSTER, "log")
    if key is None or not gone:
        return None
    return Sign(
        fact=f"{key.kind} {key.name} was deleted first",
        since=deleted_at(case.live),
        proofs=(Proof("object", f"{key} is not there"), *((said[0].proof,) if said else ())),
        values=(("infrastructure_kind", key.kind), ("infrastructure", key.name)),
    )


def _infrastructure(case: Case) -> Sign | None:
    held = finalizers(case.live)
    if not case.live.deleting or not held or _foreign(held) == sorted(held) or _waits(case):
        return None
    said = case.said(_FAILURE)
    code = _code(said[0]) if said else ""
    why = f": {first_line(said[0].text)}" if said else ", and nothing that was read says why"
    return Sign(
        fact=f"its controller has not finished{why}",
        since=deleted_at(case.live),
        proofs=(
            *(each.proof for each in case.all_said(_FAILURE)),
            Proof("object", f"finalizers {', '.join(held)}"),
        ),
        variant=code,
    )


def _code(said: Said) -> str:
    match = _CODE.search(said.text)
    return next(filter(None, match.groups()), "") if match else ""


def _waits(case: Case) -> tuple[ObjectKey, ...]:
    return tuple(live.key for live in goes_first(case) if live.deleting)


def _foreign_finalizer(case: Case) -> Sign | None:
    if not case.live.deleting:
        return None
    held = finalizers(case.live)
    foreign = _foreign(held)
    if not foreign or len(foreign) < len(held) or _waits(case):
        return None
    return Sign(
        fact=f"Cluster API is done with it, and {', '.join(foreign)} holds it",
        since=deleted_at(case.live),
        proofs=(Proof("object", f"finalizers {', '.join(held)}"),),
        path="metadata.finalizers",
        variant=", ".join(foreign),
        values=(("finalizer", foreign[0]),),
    )


def _foreign(held: Sequence[str]) -> list[str]:
    return sorted(name for name in held if not is_of_capi(name) and name not in _BY_KUBERNETES)


def _machine_pool(case: Case) -> Sign | None:
    if not case.live.deleting or _waits(case):
        return None
    said = case.said(_NO_KUBECONFIG)
    unread = case.workload is not None and case.workload.reach is Reach.NO_KUBECONFIG
    if said is None and not unread:
        return None
    proofs = [said[0].proof] if said else []
    if unread:
        proofs.append(Proof("workload", "the Secret with the kubeconfig is not there"))
    return Sign(
        fact="its Nodes cannot be deleted: the kubeconfig of the cluster is gone",
        since=deleted_at(case.live),
        proofs=tuple(proofs),
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="DEL-DEPENDENCY",
        layer=Layer.DELETION,
        severity=Severity.HIGH,
        title="A network cannot be deleted because something still uses it",
        kinds=("*Cluster", "AWSManagedControlPlane"),
        looks=_dependency,
        mechanism=(
            "Load balancers, network interfaces or security groups that Services of the workload cluster made outlive "
            "it, or a peering does; the VPC cannot go, and the Cluster is deleted for ever."
        ),
        next_steps=(
            "List what is left: `drift-audit orphans`, and the network interfaces of the VPC.",
            "Delete what provably was made for this cluster (tag kubernetes.io/cluster/{cluster}).",
        ),
        source="CAPA pkg/cloud/services/network/network.go, DeleteNetwork: reason DeletingFailed; capa#3478, #1846",
        clock=Clock.INFRASTRUCTURE_DELETION,
        confirm="network interfaces of the VPC",
    ),
    Signature(
        id="DEL-ORDER",
        layer=Layer.DELETION,
        severity=Severity.HIGH,
        title="The infrastructure of a cluster was deleted before its machines",
        kinds=("*Machine", "*MachinePool"),
        looks=_order,
        mechanism=(
            "A Helm uninstall or a cascading delete removes all objects at once; without the cluster's infrastructure "
            "the provider has neither region nor credentials for the machines, whose instances go on running."
        ),
        next_steps=(
            "Restore {infrastructure_kind} {infrastructure} with the same spec from Git: the deletion then ends by "
            "itself.",
            "See which instances still run: `drift-audit orphans`. From now on, delete only the Cluster.",
        ),
        source="CAPA controllers/awsmachine_controller.go, getInfraCluster; capa#5107",
        clock=Clock.INFRASTRUCTURE_DELETION,
    ),
    Signature(
        id="DEL-INFRA",
        layer=Layer.DELETION,
        severity=Severity.HIGH,
        title="A provider does not finish deleting what it made",
        kinds=("*Machine", "*Cluster", "*MachinePool"),
        looks=_infrastructure,
        mechanism=(
            "The cloud refuses (protection against termination, rights, a lock), the provider's controller does not "
            "run, or it waits for an operation: its finalizer stays, and everything above waits."
        ),
        next_steps=(
            "`kubectl -n {namespace} describe {kind} {name}`: conditions and events; the log of the provider for "
            "{name}.",
            "Look at the resource in the cloud. Remove no finalizer before it is proven gone there.",
        ),
        source=(
            "CAPA controllers/awsmachine_controller.go (FailedTerminate, DeletingFailed), CAPZ "
            "azuremachine_controller.go (Error deleting AzureMachine), CAPG gcpmachine_controller.go (Reconcile error)"
        ),
        clock=Clock.INFRASTRUCTURE_DELETION,
        confirm="the state of the resource in the cloud",
    ),
    Signature(
        id="DEL-MACHINEPOOL",
        layer=Layer.DELETION,
        severity=Severity.MEDIUM,
        title="A MachinePool cannot be deleted without the kubeconfig of its cluster",
        kinds=("MachinePool",),
        looks=_machine_pool,
        mechanism="It deletes its Nodes first; the Secret with the kubeconfig went before it, so that never succeeds.",
        next_steps=(
            "`kubectl -n {namespace} get secret {cluster}-kubeconfig`.",
            "Restore the Secret; only when the cloud proves that all is gone, take the finalizer away.",
        ),
        source="CAPI core/reconcilers/machinepool/machinepool_controller.go, reconcileDeleteNodes; capa#3608",
        clock=Clock.DELETING,
    ),
    Signature(
        id="DEL-FOREIGN-FINALIZER",
        layer=Layer.DELETION,
        severity=Severity.MEDIUM,
        title="A finalizer that is not Cluster API's holds an object",
        kinds=("*",),
        looks=_foreign_finalizer,
        mechanism="Cluster API has finished; an add-on (backup, Argo CD's cascade, an operator) has not, or is gone.",
        next_steps=(
            "Find the owner of `{finalizer}`: `kubectl -n {namespace} get {kind} {name} -o yaml "
            "--show-managed-fields`.",
            "Mend or ask that owner; only it may take the finalizer away.",
        ),
        source="Kubernetes, finalizers; names of CAPI's carry its domain (machine.cluster.x-k8s.io)",
        clock=Clock.DELETING,
    ),
)
