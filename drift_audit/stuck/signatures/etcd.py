"""Layer 5: the etcd cluster of a control plane, as KCP sees it member by member.

KCP repeats on the control plane what it wrote on its Machines: only lines of its own count there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.case import Case, Proof, Said, said_by
from drift_audit.stuck.conditions import conditions_of
from drift_audit.stuck.signature import Looks, Sign, Signature
from drift_audit.stuck.wording import first_line, normalised

ALARMS = re.compile(r"Etcd reports alarms: (?P<which>[\w, ]+)")
_NO_MEMBER = re.compile(
    r"Etcd doesn't have an etcd member for Node|is not included|^Missing etcd member|: Missing etcd member"
)
_STRAY = re.compile(r"^\* Etcd member (?P<member>.+?) does not have a corresponding Machine", re.MULTILINE)
_MISMATCH = "The list of etcd members does not match the list of Machines and Nodes"
_LEARNER = re.compile(r"Waiting for learner etcd member to be promoted")
KUBELET_CLIENT = re.compile(r"[Ff]orbidden.*kube-apiserver-kubelet-client", re.DOTALL)
QUORUM = re.compile(
    r"(?:There are no healthy etcd member|(?P<healthy>\d+) of (?P<all>\d+) etcd members? (?:is|are) healthy),"
    r"[^\n]*?at least (?P<needed>\d+) healthy members? required for etcd quorum"
)
_NO_CONNECTION = re.compile(r"Failed to (?:connect to etcd|get etcd (?:members|alarms)): (?P<why>[^\n]+)")


def _on_member(pattern: re.Pattern[str], words: str) -> Looks:
    """Recognises what KCP writes on the Machine of a member; `words` becomes the fact, with the groups of the match."""

    def looks(case: Case) -> Sign | None:
        member = case.conditions.failing("EtcdMemberHealthy")
        match = pattern.search(member.message) if member else None
        if member is None or match is None or case.live.deleting:
            return None
        groups = {name: found or "" for name, found in match.groupdict().items()}
        return Sign(
            fact=words.format(**groups),
            since=member.since,
            proofs=(said_by(member).proof, *_agreeing(case, pattern)),
            variant=groups.get("which", ""),
        )

    return looks


def _agreeing(case: Case, pattern: re.Pattern[str]) -> tuple[Proof, ...]:
    """The same in the log of the Machine or of its control plane."""
    above = case.control_plane
    cases = [case, *((case.other(above),) if above else ())]
    return tuple(said[0].proof for each in cases if (said := each.said(pattern, "log")))


def _kubelet_client(case: Case) -> Sign | None:
    said = _said_about(case, KUBELET_CLIENT, "condition", "log")
    if not said or case.live.deleting:
        return None
    return Sign(
        fact="the API server may not reach the kubelets: a ClusterRoleBinding is missing",
        since=min(filter(None, (each.since for each in said)), default=""),
        proofs=tuple(each.proof for each in said),
    )


def _said_about(case: Case, pattern: re.Pattern[str], *sources: str) -> list[Said]:
    return [each for each in case.all_said(pattern) if each.source in sources]


def _list_differs(case: Case) -> Sign | None:
    """Told of the control plane, unless a Machine without a member says more."""
    available = case.conditions.failing("Available")
    members = case.conditions.failing("EtcdClusterHealthy")
    stray = _STRAY.search(members.message) if members else None
    mismatch = available is not None and _MISMATCH in available.message
    machines = case.graph.children(case.live, "Machine")
    joining = any(not each.at("status", "nodeRef", "name") for each in machines)
    if case.live.deleting or not (mismatch or (stray and not joining)):
        return None
    shown = [each for each in (available if mismatch else None, members if stray else None) if each]
    return Sign(
        fact=f"etcd has the member {stray['member']}, which no Machine has" if stray else first_line(_MISMATCH),
        since=min((each.since for each in shown), default=""),
        proofs=tuple(said_by(each).proof for each in shown),
        waits_for=members_that_say(machines, _NO_MEMBER),
    )


def members_that_say(machines: Iterable[CapiObject], *patterns: re.Pattern[str]) -> tuple[ObjectKey, ...]:
    found = []
    for each in machines:
        member = conditions_of(each).failing("EtcdMemberHealthy")
        if member is not None and any(pattern.search(member.message) for pattern in patterns):
            found.append(each.key)
    return tuple(found)


def _no_connection(case: Case) -> Sign | None:
    member = case.conditions.failing("EtcdMemberHealthy")
    match = _NO_CONNECTION.search(member.message) if member else None
    if member is None or match is None or case.live.deleting:
        return None
    return Sign(
        fact=f"KCP cannot ask etcd: {normalised(match['why'])}",
        since=member.since,
        proofs=(said_by(member).proof,),
        waits_for=_without_a_quorum(case.control_plane),
    )


def _without_a_quorum(control_plane: CapiObject | None) -> tuple[ObjectKey, ...]:
    """The control plane, where so few members answer that none of them is the cause by itself."""
    available = conditions_of(control_plane).failing("Available") if control_plane is not None else None
    lost = available is not None and QUORUM.search(available.message) is not None
    return (control_plane.key,) if control_plane is not None and lost else ()


_CONDITIONS = "CAPI v1.14.0 controlplane/kubeadm/pkg/workload_cluster_conditions.go"
_LOOK = "Look at its members: `kubectl -n {namespace} describe kubeadmcontrolplane`."


def _row(
    name: str, severity: Severity, title: str, looks: Looks, mechanism: str, *steps: str, **more: Clock
) -> Signature:
    return Signature(
        id=name,
        layer=Layer.CONTROL_PLANE,
        severity=severity,
        title=title,
        kinds=("Machine",),
        looks=looks,
        mechanism=mechanism,
        next_steps=steps,
        source=_CONDITIONS,
        clock=more.get("clock", Clock.COMPONENTS),
    )


SIGNATURES: Sequence[Signature] = (
    _row(
        "CP-KUBELET-CLIENT-RBAC",
        Severity.CRITICAL,
        "The API server may not reach the kubelets after an upgrade of kubeadm",
        _kubelet_client,
        "v1.33.12, v1.34.8, v1.35.5 and v1.36.1 need a ClusterRoleBinding that older releases of CAPI do not make: KCP "
        "cannot open a tunnel to etcd, and its rollout stops.",
        "In the workload cluster: `kubectl get clusterrolebinding kubeadm:apiserver-kubelet-client`.",
        "Apply the binding that CAPI's troubleshooting page shows, or upgrade CAPI first.",
    ),
    _row(
        "CP-ETCD-ALARM",
        Severity.CRITICAL,
        "etcd raises an alarm",
        _on_member(ALARMS, "etcd reports {which}"),
        "With NOSPACE, etcd takes no more writes: the cluster is read-only. With CORRUPT, its members differ.",
        "Look at the size of its database: `etcdctl endpoint status --cluster -w table`.",
        "Take a snapshot before anything else; then compact, defragment, and disarm the alarm.",
    ),
    _row(
        "CP-ETCD-MEMBER",
        Severity.CRITICAL,
        "A control-plane Machine is no member of etcd",
        _on_member(_NO_MEMBER, "its Node is there, and etcd has no member for it"),
        "A join that failed, or a member that was removed by hand: KCP scales no further.",
        "Compare: `etcdctl member list` with `kubectl -n {namespace} get machines`.",
        "Delete no other control-plane Machine; take a snapshot before you change members.",
    ),
    _row(
        "CP-ETCD-LEARNER",
        Severity.HIGH,
        "An etcd member stays a learner",
        _on_member(_LEARNER, "its etcd member is a learner and is not promoted"),
        "A member votes only once it has caught up: a slow disk or network keeps it from that, and KCP waits.",
        "Look at it: `etcdctl member list -w table` and `etcdctl endpoint status --cluster -w table`.",
        clock=Clock.MACHINE_PROVISIONED,
    ),
    _row(
        "CP-ETCD-UNREACHABLE",
        Severity.HIGH,
        "KCP cannot reach etcd through the API server",
        _no_connection,
        "KCP asks etcd through a tunnel to its pod; without it, it knows nothing of the members and changes nothing.",
        "Look at the pods of etcd in the workload cluster: `kubectl -n kube-system get pods -l component=etcd`.",
    ),
    Signature(
        id="CP-ETCD-LIST",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.CRITICAL,
        title="etcd has members that no Machine has",
        kinds=("KubeadmControlPlane",),
        looks=_list_differs,
        mechanism="A Machine was removed outside of KCP, or a join failed half way: the member is left and counts.",
        next_steps=(
            _LOOK,
            "Compare with `etcdctl member list`; take a snapshot before you remove a member.",
        ),
        source=f"{_CONDITIONS} compareMachinesAndMembers",
        clock=Clock.COMPONENTS,
    ),
)
