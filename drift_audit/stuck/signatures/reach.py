"""Layer 5: the API server of a workload cluster cannot be reached, and why.

The Cluster's own probe says that it is so; how far a connection of ours came says why. Where the probe works and only
ours does not, that is our matter and no finding. What is known of Nodes is then as old as the last probe that worked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drift_audit.clock import moment
from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Condition, Layer, Topic
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import text
from drift_audit.model.views import Reach
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import TRUE, conditions_of
from drift_audit.stuck.graph import is_control_plane_machine
from drift_audit.stuck.signature import Looks, Sign, Signature
from drift_audit.stuck.signatures.machine_instance import how_it_went
from drift_audit.stuck.signatures.second_opinion import proofs_for
from drift_audit.stuck.signatures.waiting import keys_of_unwell

_KUBECONFIG_LOG = re.compile(r"error creating REST config: error (?:getting kubeconfig secret|parsing kubeconfig)")
_EXPIRED_LOG = re.compile(r"cluster is not reachable.*certificate has expired", re.DOTALL)
_MISFIT_LOG = re.compile(
    r"cluster is not reachable.*x509: (?:certificate signed by unknown authority|certificate is valid for)", re.DOTALL
)
_REFUSED_LOG = re.compile(r"cluster is not reachable.*(?:Unauthorized|must be logged in)", re.DOTALL)


class _Why(StrEnum):
    KUBECONFIG = "kubeconfig"
    EXPIRED = "expired"
    MISFIT = "misfit"
    UNKNOWN = "unknown"


_BY_REACH: Mapping[Reach, _Why] = {
    Reach.NO_KUBECONFIG: _Why.KUBECONFIG,
    Reach.BAD_KUBECONFIG: _Why.KUBECONFIG,
    Reach.REFUSED: _Why.KUBECONFIG,
    Reach.BAD_CERTIFICATE: _Why.MISFIT,
}
_BY_LOG: Sequence[tuple[re.Pattern[str], _Why]] = (
    (_KUBECONFIG_LOG, _Why.KUBECONFIG),
    (_EXPIRED_LOG, _Why.EXPIRED),
    (_MISFIT_LOG, _Why.MISFIT),
    (_REFUSED_LOG, _Why.KUBECONFIG),
)
_WORDS: Mapping[Reach, str] = {
    Reach.NO_KUBECONFIG: "there is no kubeconfig Secret",
    Reach.BAD_KUBECONFIG: "the kubeconfig Secret cannot be used",
    Reach.NO_ADDRESS: "the name of its API server does not resolve",
    Reach.NO_CONNECTION: "its API server does not answer",
    Reach.BAD_CERTIFICATE: "the certificate of its API server does not hold",
    Reach.REFUSED: "its API server refuses the kubeconfig",
    Reach.FAILING: "its API server answers with errors",
}


@dataclass(frozen=True, slots=True)
class CutOff:
    """A workload cluster that cannot be reached."""

    since: str
    probe: Condition | None
    """The Cluster's own; `None` for a Cluster of a release without one."""


def cut_off(case: Case) -> CutOff | None:
    """Whether the Cluster that the object belongs to was reachable once and is not; `None` for one that is."""
    cluster = case.cluster
    if cluster is None or cluster.deleting:
        return None
    told = conditions_of(cluster)
    if told.holding("ControlPlaneInitialized") is None:
        return None
    probe = told.get("RemoteConnectionProbe")
    if probe is None:
        reach = case.workload.reach if case.workload else Reach.REACHED
        return None if reach is Reach.REACHED else CutOff("", None)
    if probe.status == TRUE:
        return None
    return CutOff(probe.since, probe)


def machines_with_expired_certificates(case: Case) -> list[CapiObject]:
    """The control-plane Machines whose certificates have ended, as far as KCP wrote that down."""
    above = case.control_plane
    machines = case.graph.children(above, "Machine") if above else []
    return [each for each in machines if (end := certificate_end(each)) and (moment(end) or case.now) < case.now]


def certificate_end(machine: CapiObject) -> str:
    """RFC 3339; empty for workers, and where KCP has not looked yet. An annotation of the Machine takes precedence."""
    recorded = text(machine.status.get("certificatesExpiryDate"))
    return recorded and machine.annotations.get("machine.cluster.x-k8s.io/certificates-expiry", recorded)


def _why(case: Case) -> _Why:
    """What keeps the connection from being made, as far as anybody saw it."""
    workload = case.workload
    if workload is not None and workload.reach is not Reach.REACHED:
        if workload.reach is Reach.BAD_CERTIFICATE and "expired" in workload.detail:
            return _Why.EXPIRED
        if found := _BY_REACH.get(workload.reach):
            return found
    for pattern, why in _BY_LOG:
        if case.said(pattern, "log"):
            return why
    return _Why.EXPIRED if machines_with_expired_certificates(case) else _Why.UNKNOWN


def _unreachable_because(why: _Why) -> Looks:
    def looks(case: Case) -> Sign | None:
        cut = cut_off(case)
        if cut is None or _why(case) is not why:
            return None
        workload = case.workload
        reached = workload is not None and workload.reach is Reach.REACHED
        tried = _WORDS.get(workload.reach, "") if workload else ""
        return Sign(
            fact=f"the workload cluster cannot be reached{f': {tried}' if tried else ''}",
            since=cut.since,
            proofs=_proofs(case, cut, why),
            variant=tried,
            values=(("endpoint", _endpoint(case)),),
            waits_for=_what_took_it_down(case) if why is _Why.UNKNOWN else (),
            contradicted_by=(Proof("workload", f"{_endpoint(case)} answers to us"),) if reached else (),
        )

    return looks


def _proofs(case: Case, cut: CutOff, why: _Why) -> tuple[Proof, ...]:
    workload = case.workload
    proofs = [said_by(cut.probe).proof] if cut.probe else []
    if workload is not None and workload.reach is not Reach.REACHED:
        proofs.append(
            Proof("workload", ": ".join(filter(None, (workload.endpoint, workload.detail or workload.reach))))
        )
        if why is _Why.KUBECONFIG and _is_past(workload.certificate_expires, case):
            proofs.append(Proof("object", f"the client certificate ended {workload.certificate_expires}"))
    proofs += [said[0].proof for pattern, means in _BY_LOG if means is why and (said := case.said(pattern, "log"))]
    if why is _Why.EXPIRED:
        proofs += [
            Proof("object", f"certificates of Machine {each.name} ended {certificate_end(each)}")
            for each in machines_with_expired_certificates(case)
        ]
    beside = [case, *((case.other(case.infrastructure),) if case.infrastructure else ())]
    return (*proofs, *(proof for each in beside for proof in proofs_for(each, Topic.TARGET_HEALTH)))


def _is_past(stamped: str, case: Case) -> bool:
    end = moment(stamped)
    return end is not None and end < case.now


def _endpoint(case: Case) -> str:
    if case.workload is not None and case.workload.endpoint:
        return case.workload.endpoint
    host = text(case.live.at("spec", "controlPlaneEndpoint", "host"))
    return f"https://{host}:{case.live.at('spec', 'controlPlaneEndpoint', 'port')}" if host else "its API server"


def _what_took_it_down(case: Case) -> tuple[ObjectKey, ...]:
    """Instances of the control plane that are gone, and a load balancer that its provider calls broken."""
    infra, above = case.infrastructure, case.control_plane
    machines = case.graph.children(above, "Machine") if above else []
    below = [case.graph.infrastructure_machine(each) for each in machines if is_control_plane_machine(each)]
    gone = [each for each in below if each is not None and how_it_went(each)]
    broken = infra is not None and conditions_of(infra).failing("LoadBalancerReady", "LoadBalancersReady") is not None
    return keys_of_unwell([*gone, infra if broken else None])


def _not_known(case: Case) -> Sign | None:
    """What is said of Nodes and pods of a cluster that nobody reaches is as old as the last probe."""
    cluster, cut = case.cluster, cut_off(case)
    if cluster is None or cut is None or case.live.deleting:
        return None
    if case.live.kind == "Machine" and not text(case.live.spec.get("providerID")):
        return None
    stale = case.conditions.failing(*_ABOUT_THE_INSIDE)
    if stale is None:
        return None
    return Sign(
        fact="nothing is known of what is inside the workload cluster since it cannot be reached",
        since=stale.since,
        proofs=(said_by(stale).proof,),
        waits_for=(cluster.key,),
    )


_ABOUT_THE_INSIDE = (
    "NodeHealthy",
    "NodeReady",
    "EtcdClusterHealthy",
    "ControlPlaneComponentsHealthy",
    "EtcdMemberHealthy",
    "APIServerPodHealthy",
)
_SOURCE = (
    "CAPI v1.14.0 core/reconcilers/cluster/cluster_controller_status.go setRemoteConnectionProbeCondition, "
    "controllers/clustercache/cluster_accessor_client.go"
)


def _row(why: _Why, name: str, severity: Severity, title: str, mechanism: str, *steps: str) -> Signature:
    return Signature(
        id=name,
        layer=Layer.CONTROL_PLANE,
        severity=severity,
        title=title,
        kinds=("Cluster",),
        looks=_unreachable_because(why),
        mechanism=mechanism,
        next_steps=steps,
        source=_SOURCE,
        clock=Clock.CONNECTION_PROBE,
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="CP-NOT-KNOWN",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.MEDIUM,
        title="Nothing is known of the Nodes of a cluster that cannot be reached",
        kinds=("Machine", "KubeadmControlPlane"),
        looks=_not_known,
        mechanism="CAPI keeps what it knew of a Node for 5 minutes, and then says Unknown: no sign of its health.",
        next_steps=("Make the API server reachable first; see the finding about Cluster {cluster}.",),
        source="CAPI v1.14.0 core/reconcilers/machine/machine_controller_status.go setNodeHealthyAndReadyConditions",
    ),
    _row(
        _Why.KUBECONFIG,
        "CP-KUBECONFIG",
        Severity.HIGH,
        "The kubeconfig of a workload cluster is missing or refused",
        "CAPI connects with the Secret NAME-kubeconfig; without one that works it sees no Node and remediates none.",
        "Look at the Secret: `kubectl -n {namespace} get secret {cluster}-kubeconfig`.",
        "A control plane of kubeadm writes a missing one anew while it is not paused; do not delete it while it is.",
    ),
    _row(
        _Why.EXPIRED,
        "CP-CERT-EXPIRED",
        Severity.CRITICAL,
        "The certificates of a control plane have expired",
        "kubeadm's certificates live for a year and only a rollout renews them; once they end, nobody can roll out.",
        "Prove it: `openssl s_client -connect HOST:PORT </dev/null | openssl x509 -noout -enddate` at {endpoint}.",
        "Renew them on the nodes (`kubeadm certs renew all`); then set `rollout.before.certificatesExpiryDays` in Git.",
    ),
    _row(
        _Why.MISFIT,
        "CP-CERT-MISFIT",
        Severity.CRITICAL,
        "The certificate of an API server is not the one that CAPI trusts",
        "The authority or the endpoint was changed: the certificate is of another authority, or for another name.",
        "Compare: `kubectl -n {namespace} get secret {cluster}-ca -o yaml` with what {endpoint} shows.",
        "Restore the Secret or the endpoint as it was; never let an authority be made anew.",
    ),
    _row(
        _Why.UNKNOWN,
        "CP-UNREACHABLE",
        Severity.CRITICAL,
        "The API server of a workload cluster cannot be reached",
        "A firewall, a peering, the load balancer or the whole control plane: all that CAPI says of Nodes is then old.",
        "Try from the management cluster: `curl -k {endpoint}/livez`; then from elsewhere.",
        "Look at the targets of its load balancer and at the instances of its control plane.",
    ),
)
