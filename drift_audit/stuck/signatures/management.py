"""Layer 0: the controllers themselves. Without them nothing moves, and often nothing says so."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.stuck.case import Case, Proof
from drift_audit.stuck.controllers import crash, deployments_for, lapsed_lease, unavailable
from drift_audit.stuck.graph import references
from drift_audit.stuck.signature import Sign, Signature

_NO_CONTRACT = re.compile(
    r"cannot find any versions matching contract versions .*?for CRD (?P<crd>\S+)|"
    r"cannot find any contract version matching version \S+ for CRD (?P<other>\S+)",
    re.IGNORECASE | re.DOTALL,
)
_CONTRACTS = ("cluster.x-k8s.io/v1beta1", "cluster.x-k8s.io/v1beta2")
_FORBIDDEN = re.compile(
    r'is forbidden: User \\?"system:serviceaccount:(?P<namespace>[^:"\\]+):(?P<account>[^"\\]+)\\?" '
    r'cannot (?P<verb>\w+) resource \\?"(?P<resource>[^"\\]+)\\?"(?: in API group \\?"(?P<group>[^"\\]*)\\?")?',
    re.IGNORECASE,
)


def _stalled(case: Case) -> Sign | None:
    """The Deployment of the kind's provider has no Pod that works, or nobody leads it."""
    for deployment in deployments_for(case, case.live.key.group, case.live.kind):
        where = f"{deployment.namespace}/{deployment.name}"
        values = (("deployment", deployment.name), ("controller_namespace", deployment.namespace))
        if found := unavailable(deployment):
            why = crash(case, deployment)
            told = f"{found[1]} ({why})" if why else found[1]
            proofs = [Proof("controller", f"Deployment {where}: {told}"), *_unseen_proof(case)]
            return Sign(
                fact=f"nobody reconciles {case.live.kind}: of Deployment {where}, {told}",
                since=found[0],
                proofs=tuple(proofs),
                variant=where,
                subject=deployment,
                values=values,
            )
        if lapsed := lapsed_lease(case, deployment.namespace):
            lease, since = lapsed
            told = f"Lease {lease.namespace}/{lease.name} was renewed last at {since}"
            return Sign(
                fact=f"nobody reconciles {case.live.kind}: no replica of Deployment {where} leads",
                since=since,
                proofs=(Proof("controller", told), *_unseen_proof(case)),
                variant=where,
                subject=deployment,
                values=values,
            )
    return None


def _unseen_proof(case: Case) -> list[Proof]:
    seen, latest = case.live.status.get("observedGeneration"), case.live.metadata.get("generation")
    if isinstance(seen, int) and isinstance(latest, int) and seen < latest:
        return [
            Proof("object", f"generation {latest} of {case.live.key} has not been seen, {seen} is the last that was")
        ]
    return []


def _without_contract(case: Case) -> Sign | None:
    if found := case.said(_NO_CONTRACT):
        said, match = found
        crd = (match["crd"] or match["other"]).strip("\\\"'.,")
        return _contract_sign(crd, said.since, said.proof)
    known = case.graph.view.crd_labels
    for key in references(case.live):
        labels = known.get((key.group, key.kind))
        target = case.graph.get(key)
        # Whoever is resolved gets an owner first of all.
        if labels is None or target is None or target.owners:
            continue
        if not any(labels.get(contract) for contract in _CONTRACTS):
            told = f"the CRD of {key.kind}.{key.group} has no label of a contract, and {key} has no owner"
            return _contract_sign(f"{key.kind}.{key.group}", "", Proof("object", told))
    return None


def _contract_sign(crd: str, since: str, proof: Proof) -> Sign:
    return Sign(
        fact=f"the CRD {crd} does not say which contract of Cluster API it follows",
        since=since,
        proofs=(proof,),
        variant=crd,
        values=(("crd", crd),),
    )


def _forbidden(case: Case) -> Sign | None:
    found = case.said(_FORBIDDEN)
    if found is None:
        return None
    said, match = found
    account = f"{match['namespace']}:{match['account']}"
    resource = f"{match['resource']}.{match['group']}" if match["group"] else match["resource"]
    return Sign(
        fact=f"the service account {account} may not {match['verb']} {resource}",
        since=said.since,
        proofs=tuple(each.proof for each in case.all_said(_FORBIDDEN)),
        variant=f"{account} {match['verb']} {resource}",
        values=(("account", account), ("verb", match["verb"]), ("resource", resource)),
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="MGMT-CONTROLLER-STALLED",
        layer=Layer.MANAGEMENT,
        severity=Severity.CRITICAL,
        title="A controller is down, or nobody leads it",
        kinds=("*",),
        looks=_stalled,
        mechanism=(
            "Nobody works off the queue of the controller's kinds: conditions stand as they were, also the good ones, "
            "and new specs are not looked at."
        ),
        next_steps=(
            "See why it does not run: `kubectl -n {controller_namespace} get lease,pods -o wide`.",
            "Read its last words: `kubectl -n {controller_namespace} logs deploy/{deployment} --previous`.",
        ),
        source="CAPI v1.14.0 core/main.go (leader-elect-lease-duration 15s), clusterctl provider contract (labels)",
        clock=Clock.CONTROLLER,
        shared=True,
        confirm="kubectl -n {controller_namespace} get lease,deployment {deployment}",
    ),
    Signature(
        id="MGMT-CONTRACT-LABEL",
        layer=Layer.MANAGEMENT,
        severity=Severity.CRITICAL,
        title="A CRD has no label of a Cluster API contract",
        kinds=("Cluster", "Machine", "MachineDeployment", "MachineSet", "MachinePool", "KubeadmControlPlane"),
        looks=_without_contract,
        mechanism=(
            "Controllers find out by labels of the CRD in which version they may read an object of a provider. A CRD "
            "that was installed without them, or a provider too new or too old, leaves every reference unresolved."
        ),
        next_steps=(
            "See the labels: `kubectl get crd -L cluster.x-k8s.io/v1beta1,cluster.x-k8s.io/v1beta2`.",
            "Install the provider with clusterctl or its operator, in a version that fits the core provider.",
        ),
        source="CAPI v1.14.0 internal/contract/version.go (GetLatestContractAndAPIVersionFromContract)",
        shared=True,
    ),
    Signature(
        id="MGMT-RBAC",
        layer=Layer.MANAGEMENT,
        severity=Severity.HIGH,
        title="A controller lacks a permission in the management cluster",
        kinds=("*",),
        looks=_forbidden,
        mechanism=(
            "Roles of providers are aggregated by labels; one that was trimmed or never aggregated lets a controller "
            "fail at the first object of the other provider, and conditions only say that there was an internal error."
        ),
        next_steps=(
            "Ask the API server: `kubectl auth can-i {verb} {resource} --as=system:serviceaccount:{account}`.",
            "Look for the role that should grant it: `kubectl get clusterroles,clusterrolebindings`.",
        ),
        source="Kubernetes RBAC authorizer; cluster-api#5342",
        clock=Clock.AT_ONCE,
        shared=True,
    ),
)
