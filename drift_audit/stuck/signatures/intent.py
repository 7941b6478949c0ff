"""Layer 1: somebody meant it to stop, and may have forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from drift_audit.clock import moment
from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import FALSE
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.suspects import PAUSED, paused_since
from drift_audit.stuck.writing import field_written

EXPIRES_SOON = timedelta(days=30)
_EXPIRY = "machine.cluster.x-k8s.io/certificates-expiry"
_TOLERATED_SKEW = 2


def _paused_cluster(case: Case) -> Sign | None:
    if case.live.spec.get("paused") is not True:
        return None
    return Sign(
        fact="spec.paused is true: no controller does anything for the cluster",
        since=paused_since(case.live, case.conditions),
        proofs=_proofs(case, "spec.paused is true", "spec", "paused"),
        path="spec.paused",
    )


def _paused_object(case: Case) -> Sign | None:
    if PAUSED not in case.live.annotations:
        return None
    return Sign(
        fact=f"annotated {PAUSED}: its controller leaves it alone",
        since=paused_since(case.live, case.conditions),
        proofs=_proofs(case, f"annotation {PAUSED}", "metadata", "annotations", PAUSED),
        path=f'metadata.annotations["{PAUSED}"]',
    )


def _paused_rollout(case: Case) -> Sign | None:
    if case.live.spec.get("paused") is not True:
        return None
    behind = case.conditions.get("MachinesUpToDate")
    waits = behind is not None and behind.status == FALSE
    return Sign(
        fact="spec.paused is true: changes of its template are not rolled out"
        + (", and some of its Machines are not up to date" if waits else ""),
        since=paused_since(case.live, case.conditions),
        proofs=(
            *_proofs(case, "spec.paused is true", "spec", "paused"),
            *((said_by(behind).proof,) if behind and waits else ()),
        ),
        path="spec.paused",
    )


def _proofs(case: Case, told: str, *field: str) -> tuple[Proof, ...]:
    writer = field_written(case.live, *field)[1]
    condition = case.conditions.holding("Paused")
    told += f", written by {writer}" if writer else ""
    return (Proof("object", told), *((said_by(condition).proof,) if condition else ()))


def _paused_anyhow(case: Case) -> Sign | None:
    """By its annotation, or the Cluster by its field: what keeps a controller from looking at it at all."""
    return (_paused_cluster(case) if case.live.kind == "Cluster" else None) or _paused_object(case)


def _paused_while_deleted(case: Case) -> Sign | None:
    """Measured from the later of the two: from when on nothing deletes it."""
    deleted = text(case.live.metadata.get("deletionTimestamp"))
    sign = _paused_anyhow(case) if deleted else None
    if sign is None:
        return None
    return Sign(
        fact="it is to be deleted, and paused: its controller does not delete it",
        since=max(deleted, sign.since),
        proofs=(*sign.proofs, Proof("object", f"deletionTimestamp {deleted}")),
        path=sign.path,
    )


def _paused_while_certificates_run_out(case: Case) -> Sign | None:
    sign = _paused_anyhow(case)
    ends = min(_certificates_end(case), default="") if sign else ""
    end = moment(ends)
    if sign is None or end is None or end - case.now > EXPIRES_SOON:
        return None
    return Sign(
        fact=f"it is paused, and a certificate of its control plane ends on {ends[:10]}: nothing renews it",
        since=sign.since,
        proofs=(*sign.proofs, Proof("object", f"certificates end on {ends}")),
        path=sign.path,
    )


def _certificates_end(case: Case) -> Iterator[str]:
    """When the certificates of the control plane end: those of its Machines, and that of the kubeconfig."""
    control_plane = case.control_plane
    for machine in case.graph.children(control_plane, "Machine") if control_plane else ():
        ends = text(machine.status.get("certificatesExpiryDate")) or machine.annotations.get(_EXPIRY, "")
        if ends:
            yield ends
    if case.workload is not None and case.workload.certificate_expires:
        yield case.workload.certificate_expires


def _paused_until_skewed(case: Case) -> Sign | None:
    sign = _paused_rollout(case)
    control_plane = case.control_plane
    if sign is None or control_plane is None:
        return None
    ahead = _minor(text(control_plane.spec.get("version")))
    behind = [minor for machine in _machines(case) if (minor := _minor(text(machine.spec.get("version"))))]
    if not ahead or not behind or ahead - min(behind) <= _TOLERATED_SKEW:
        return None
    return Sign(
        fact=f"spec.paused is true, and its Machines are {ahead - min(behind)} minor versions behind the control plane",
        since=sign.since,
        proofs=sign.proofs,
        path=sign.path,
    )


def _machines(case: Case) -> Iterator[CapiObject]:
    for machine_set in case.graph.children(case.live, "MachineSet"):
        yield from case.graph.children(machine_set, "Machine")


def _minor(version: str) -> int:
    """The minor version of `v1.34.1`; 0 for what is none."""
    parts = version.removeprefix("v").split(".")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


_WHO = "Ask who paused it: `kubectl -n {namespace} get {kind} {name} -o yaml --show-managed-fields`."
_RESUME = "When nobody needs it any more: `kubectl -n {namespace} annotate {kind} {name} cluster.x-k8s.io/paused-`."
_RESUME_CLUSTER = "When nobody needs the pause any more, take it away: `spec.paused: false` in Git, or the annotation."

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="PAUSE-DELETION",
        layer=Layer.INTENT,
        severity=Severity.CRITICAL,
        title="Something that is paused is to be deleted",
        kinds=("*",),
        looks=_paused_while_deleted,
        mechanism=(
            "A controller skips what is paused before it looks whether it is to be deleted, so that the object and all "
            "that waits for its deletion stay, and so does what it pays for in the cloud."
        ),
        next_steps=(_WHO, _RESUME_CLUSTER),
        source="CAPI v1.14.0 util/paused/paused.go (EnsurePausedCondition); called before reconcileDelete",
        clock=Clock.DELETING,
        covers=True,
    ),
    Signature(
        id="PAUSE-CERTIFICATES",
        layer=Layer.INTENT,
        severity=Severity.CRITICAL,
        title="The Cluster is paused while its certificates run out",
        kinds=("Cluster",),
        looks=_paused_while_certificates_run_out,
        mechanism=(
            "Certificates of kubeadm live for a year and are renewed by a rollout of the control plane, that of the "
            "kubeconfig by its controller: neither happens while the Cluster is paused."
        ),
        next_steps=(_WHO, _RESUME_CLUSTER),
        source="CAPI v1.14.0 util/paused/paused.go, controlplane/kubeadm (reconcileKubeconfig, rollout.before)",
        clock=Clock.PAUSED,
        covers=True,
    ),
    Signature(
        id="PAUSE-CP-CERTIFICATES",
        layer=Layer.INTENT,
        severity=Severity.CRITICAL,
        title="The control plane is paused while its certificates run out",
        kinds=("KubeadmControlPlane",),
        looks=_paused_while_certificates_run_out,
        mechanism="Its controller renews the certificates by a rollout, and does nothing while it is paused.",
        next_steps=(_WHO, _RESUME),
        source="CAPI v1.14.0 util/paused/paused.go, controlplane/kubeadm (reconcileKubeconfig, rollout.before)",
        clock=Clock.PAUSED,
    ),
    Signature(
        id="PAUSE-CLUSTER",
        layer=Layer.INTENT,
        severity=Severity.HIGH,
        title="The Cluster is paused",
        kinds=("Cluster",),
        looks=_paused_cluster,
        mechanism=(
            "A paused Cluster is left alone by every controller: nothing is repaired, remediated, renewed or deleted, "
            "and bootstrap tokens run out after 15 minutes."
        ),
        next_steps=(_WHO, "When nobody needs it any more, set `spec.paused: false` in Git."),
        source="CAPI v1.14.0 util/paused/paused.go",
        clock=Clock.PAUSED,
        covers=True,
    ),
    Signature(
        id="PAUSE-OBJECT",
        layer=Layer.INTENT,
        severity=Severity.HIGH,
        title="An object is annotated as paused",
        kinds=("*",),
        looks=_paused_object,
        mechanism="Its controller skips it; its siblings go on, so that the failure looks like one of the object.",
        next_steps=(_WHO, _RESUME),
        source="CAPI v1.14.0 util/annotations (HasPaused)",
        clock=Clock.PAUSED,
    ),
    Signature(
        id="PAUSE-MD-SKEW",
        layer=Layer.INTENT,
        severity=Severity.HIGH,
        title="A paused MachineDeployment has fallen behind its control plane",
        kinds=("MachineDeployment",),
        looks=_paused_until_skewed,
        mechanism="Nodes may be three minor versions older than the API server; the next upgrade leaves them behind.",
        next_steps=(_WHO, "Resume the rollout in Git before the control plane is upgraded again."),
        source="Kubernetes version skew policy; CAPI v1.14.0 machinedeployment_controller.go (reconcile, spec.paused)",
        clock=Clock.PAUSED,
    ),
    Signature(
        id="PAUSE-MD",
        layer=Layer.INTENT,
        severity=Severity.MEDIUM,
        title="The rollout of a MachineDeployment is paused",
        kinds=("MachineDeployment",),
        looks=_paused_rollout,
        mechanism=(
            "A paused MachineDeployment still scales and still replaces deleted Machines, from its old template; "
            "new versions and templates wait, so that the fleet stays mixed. It has no condition that says so."
        ),
        next_steps=(_WHO, "When the rollout may go on, set `spec.paused: false` in Git."),
        source="CAPI v1.14.0 core/reconcilers/machinedeployment/machinedeployment_controller.go (reconcile)",
        clock=Clock.PAUSED,
    ),
)
