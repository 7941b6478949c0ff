"""Layer 5: the quorum of etcd, lost or with no member to lose, as KCP counts it."""

from __future__ import annotations

from collections.abc import Sequence

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.stuck.case import Case, said_by
from drift_audit.stuck.conditions import TRUE
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.etcd import ALARMS, KUBELET_CLIENT, QUORUM, members_that_say
from drift_audit.stuck.signatures.machine_instance import how_it_went


def _no_quorum(case: Case) -> Sign | None:
    available = case.conditions.failing("Available")
    match = QUORUM.search(available.message) if available else None
    if available is None or match is None or case.live.deleting:
        return None
    machines = case.graph.children(case.live, "Machine")
    below = [case.graph.infrastructure_machine(each) for each in machines]
    gone = tuple(each.key for each in below if each is not None and how_it_went(each))
    return Sign(
        fact=f"{match['healthy'] or 'no'} etcd members are healthy, and {match['needed']} are needed for a quorum",
        since=available.since,
        proofs=(said_by(available).proof,),
        waits_for=(*gone, *members_that_say(machines, ALARMS, KUBELET_CLIENT)),
    )


def _quorum_at_risk(case: Case) -> Sign | None:
    available = case.conditions.get("Available")
    match = QUORUM.search(available.message) if available and available.status == TRUE else None
    if match is None or not match["healthy"] or int(match["healthy"]) > int(match["needed"]):
        return None
    machines = case.graph.children(case.live, "Machine")
    if case.live.deleting or any(each.deleting or not each.at("status", "nodeRef", "name") for each in machines):
        return None
    members = case.conditions.failing("EtcdClusterHealthy")
    return Sign(
        fact=f"{match['healthy']} of {match['all']} etcd members are healthy: one more, and the quorum is lost",
        since=members.since if members else "",
        proofs=tuple(said_by(each).proof for each in (available, members) if each),
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="CP-QUORUM",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.CRITICAL,
        title="etcd has lost its quorum",
        kinds=("KubeadmControlPlane",),
        looks=_no_quorum,
        mechanism="With fewer members than a majority, etcd takes no writes; the API server fails, KCP does nothing.",
        next_steps=(
            "Look at the instances of its control plane in the cloud: are they in one zone?",
            "Bring one of them back; delete no Machine of it.",
        ),
        source="CAPI v1.14.0 controlplane/kubeadm/reconcilers/kubeadmcontrolplane/status.go setAvailableCondition",
        clock=Clock.COMPONENTS,
    ),
    Signature(
        id="CP-QUORUM-RISK",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.HIGH,
        title="etcd has no member to lose",
        kinds=("KubeadmControlPlane",),
        looks=_quorum_at_risk,
        mechanism="As many members are healthy as a majority needs: the next one that fails takes the cluster down.",
        next_steps=(
            "Look at its members: `kubectl -n {namespace} describe kubeadmcontrolplane`.",
            "Mend or replace the member that is not healthy before anything is rolled out.",
        ),
        source="CAPI v1.14.0 controlplane/kubeadm/reconcilers/kubeadmcontrolplane/status.go setAvailableCondition",
        clock=Clock.COMPONENTS,
        kind=FindingKind.HEALTH,
    ),
)
