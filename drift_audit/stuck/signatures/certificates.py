"""Layer 5: certificates that end soon, and those that are missing.

Machines are asked on every audit, also healthy ones: a worker answers with one look into its status.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from drift_audit.clock import moment, stamp
from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.views import Reach
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.reach import certificate_end, cut_off

_DUE = timedelta(days=30)
_SOON = timedelta(days=7)
_GRACE = timedelta(days=3)
"""For a rollout that renews them by itself."""
_KUBECONFIG_DUE = timedelta(days=150)
"""KCP renews the client certificate when half of its year is over; a month later something is wrong."""
_MISSING = re.compile(r"Cluster certificates? for (?P<which>.+?) (?:is|are) not available")
_ROLLOUT_BEFORE = (("rollout", "before", "certificatesExpiryDays"), ("rolloutBefore", "certificatesExpiryDays"))


def _due(case: Case) -> Sign | None:
    if "certificatesExpiryDate" not in case.live.status:
        return None
    ends = certificate_end(case.live)
    end = moment(ends)
    if end is None or case.live.deleting or end - case.now > _renewed_from(case):
        return None
    left = end - case.now
    if left < timedelta() and cut_off(case):
        return None
    reached = case.workload is not None and case.workload.reach is Reach.REACHED
    over = left < timedelta()
    fact = f"its certificates are recorded to have ended {ends}" if over else f"its certificates end {ends}"
    return Sign(
        fact=fact if over else f"{fact}, in {left.days} days",
        since=stamp(end - _DUE),
        proofs=(Proof("object", f"status.certificatesExpiryDate: {ends}"),),
        path="status.certificatesExpiryDate",
        variant="recorded as over" if over else "within 7 days" if left <= _SOON else "within 30 days",
        contradicted_by=(Proof("workload", "the API server answers to us"),) if over and reached else (),
    )


def _renewed_from(case: Case) -> timedelta:
    """How long before their end somebody should know: what KCP renews by itself may be left to it."""
    above = case.control_plane
    for steps in _ROLLOUT_BEFORE if above else ():
        days = above.at("spec", *steps) if above else None
        if isinstance(days, int) and days > 0:
            return min(_DUE, timedelta(days=days) - _GRACE)
    return _DUE


def _kubeconfig_due(case: Case) -> Sign | None:
    ends = case.workload.certificate_expires if case.workload else ""
    end = moment(ends)
    above = case.control_plane
    if end is None or above is None or above.kind != "KubeadmControlPlane" or case.live.deleting:
        return None
    if end - case.now > _KUBECONFIG_DUE or cut_off(case):
        return None
    return Sign(
        fact=f"the client certificate of the kubeconfig ends {ends} and was not renewed",
        since=stamp(end - _KUBECONFIG_DUE),
        proofs=(Proof("workload", f"the certificate in the kubeconfig ends {ends}"),),
        variant="within 30 days" if end - case.now <= _DUE else "",
    )


def _missing(case: Case) -> Sign | None:
    condition = case.conditions.failing("CertificatesAvailable")
    match = _MISSING.search(condition.message) if condition else None
    if condition is None or match is None or case.live.deleting:
        return None
    return Sign(
        fact=f"Secrets of the cluster's certificates are missing: {match['which']}",
        since=condition.since,
        proofs=(said_by(condition).proof,),
        variant=match["which"],
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="CP-CERT-MISSING",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.CRITICAL,
        title="Secrets with the certificate authorities of a cluster are missing",
        kinds=("KubeadmControlPlane",),
        looks=_missing,
        mechanism=(
            "Somebody deleted them after the cluster was made. What runs goes on; no control-plane Machine can join, "
            "and KCP makes no new authority, because that would break the cluster."
        ),
        next_steps=(
            "Look which are left: `kubectl -n {namespace} get secrets -l cluster.x-k8s.io/cluster-name={cluster}`.",
            "Restore the Secrets from a backup; never let an authority be made anew.",
        ),
        source=(
            "CAPI v1.14.0 controlplane/kubeadm/reconcilers/kubeadmcontrolplane/kubeadmcontrolplane_controller.go "
            "reconcileClusterCertificates"
        ),
        clock=Clock.COMPONENTS,
    ),
    Signature(
        id="CP-CERT-DUE",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.HIGH,
        title="The certificates of a control-plane Machine end soon",
        kinds=("Machine",),
        looks=_due,
        mechanism=(
            "kubeadm's certificates live for a year; a rollout renews them, by itself only with "
            "`rollout.before.certificatesExpiryDays`. Renewing by hand does not change the recorded date."
        ),
        next_steps=(
            "Look at all of them: `kubectl get machines -A -o "
            "custom-columns=NAME:.metadata.name,ENDS:.status.certificatesExpiryDate`.",
            "Set `rollout.before.certificatesExpiryDays` in Git, or roll the control plane out once.",
        ),
        source=(
            "CAPI v1.14.0 core/reconcilers/machine/machine_controller_phases.go reconcileCertificateExpiry, "
            "util/collections/machine_filters.go"
        ),
        clock=Clock.CERTIFICATE,
        everywhere=True,
        kind=FindingKind.HAZARD,
    ),
    Signature(
        id="CP-KUBECONFIG-DUE",
        layer=Layer.CONTROL_PLANE,
        severity=Severity.MEDIUM,
        title="The kubeconfig of a workload cluster was not renewed in time",
        kinds=("Cluster",),
        looks=_kubeconfig_due,
        mechanism="KCP renews the client certificate half a year before its end; paused or stopped, it does not.",
        next_steps=("Look whether its control plane is paused: `kubectl -n {namespace} get kubeadmcontrolplane`.",),
        source="CAPI v1.14.0 util/certs/consts.go ClientCertificateRenewalDuration, kubeadmcontrolplane/helpers.go",
        everywhere=True,
        kind=FindingKind.HAZARD,
    ),
)
