"""Layer 1: no controller looks at the object, because somebody said that another one does."""

from __future__ import annotations

from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.controllers import deployments_for, watch_filter
from drift_audit.stuck.signature import Sign, Signature

WATCH_LABEL = "cluster.x-k8s.io/watch-filter"
MANAGED_BY = "cluster.x-k8s.io/managed-by"


def _filtered_out(case: Case) -> Sign | None:
    """Nobody has written a status, and the label that chooses the controller fits none that is known to run."""
    if case.live.status:
        return None
    label = case.live.labels.get(WATCH_LABEL, "")
    deployments = deployments_for(case, case.live.key.group, case.live.kind)
    filters = {watch_filter(deployment) for deployment in deployments}
    # A controller without a filter reconciles whatever it sees, labelled or not.
    if (deployments and filters & {"", label}) or not (label or filters):
        return None
    told = f"labelled {WATCH_LABEL}={label}" if label else f"without the label {WATCH_LABEL}"
    proofs = [Proof("object", f"no status; {told}")]
    if deployments:
        where = ", ".join(
            f"{each.namespace}/{each.name} has --watch-filter={watch_filter(each)}" for each in deployments
        )
        proofs.append(Proof("controller", where))
    return Sign(
        fact=f"no controller has written a status, and it is {told}",
        since=case.live.created_at,
        proofs=tuple(proofs),
        path=f'metadata.labels["{WATCH_LABEL}"]',
        variant=label,
    )


def _managed_elsewhere(case: Case) -> Sign | None:
    manager = case.live.annotations.get(MANAGED_BY)
    provisioned = case.live.at("status", "initialization", "provisioned")
    if manager is None or True in (provisioned, case.live.status.get("ready")):
        return None
    waits = case.other(case.cluster).conditions.failing("InfrastructureReady") if case.cluster else None
    who = manager or "somebody else"
    return Sign(
        fact=f"{who} is to bring it up (annotation {MANAGED_BY}), and has not told that it is ready",
        since=case.live.created_at,
        proofs=(
            Proof("object", f"annotation {MANAGED_BY}={manager}, status.ready is not true"),
            *((said_by(waits).proof,) if waits else ()),
        ),
        path=f'metadata.annotations["{MANAGED_BY}"]',
        variant=manager,
        values=(("manager", who),),
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="WATCH-FILTER",
        layer=Layer.INTENT,
        severity=Severity.HIGH,
        title="An object is labelled for a controller that does not look at it",
        kinds=("*",),
        looks=_filtered_out,
        mechanism=(
            "A controller that is started with --watch-filter sees only objects with that value of the label; all "
            "others stay as they were written, without a status, an owner, or a word in any log."
        ),
        next_steps=(
            "See the label: `kubectl -n {namespace} get {kind} {name} --show-labels`.",
            "Compare it with the controllers: `kubectl get deployments -A -o yaml | grep -e watch-filter`.",
        ),
        source="CAPI v1.14.0 api/core/v1beta2/common_types.go (WatchLabel), util/predicates (ResourceHasFilterLabel)",
        clock=Clock.MACHINE_PROVISIONING,
    ),
    Signature(
        id="INFRA-MANAGED-BY",
        layer=Layer.INTENT,
        severity=Severity.HIGH,
        title="Infrastructure that is managed elsewhere does not become ready",
        kinds=("*Cluster",),
        looks=_managed_elsewhere,
        mechanism=(
            "The provider leaves annotated infrastructure alone; an external system has to write the endpoint and the "
            "status. Until it does, the Cluster waits for its infrastructure."
        ),
        next_steps=(
            "Ask the owner, {manager}: `kubectl -n {namespace} get {kind} {name} -o yaml`.",
            "See whether anything else writes it: look for its managers in `--show-managed-fields`.",
        ),
        source="CAPI v1.14.0 api/core/v1beta2/common_types.go (ManagedByAnnotation), util/annotations",
        clock=Clock.CLUSTER_PROVISIONING,
        covers=True,
    ),
)
