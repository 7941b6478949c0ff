"""Layer 7: what Machines are made of is missing in the management cluster: templates, addresses, or leave to be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import TRUE
from drift_audit.stuck.graph import is_template, references
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.wording import first_line, normalised

_MAKERS = ("MachineSet", "KubeadmControlPlane")
_MISSING = re.compile(
    r"^\* (?P<kind>\w+Template) does not exist|(?P<named>\w+Template)\.[\w.-]+ \"[^\"]+\" not found", re.MULTILINE
)
_PATHS = {
    ("MachineSet", True): "spec.template.spec.infrastructureRef.name",
    ("MachineSet", False): "spec.template.spec.bootstrap.configRef.name",
    ("KubeadmControlPlane", True): "spec.machineTemplate.spec.infrastructureRef.name",
}
"""Where a template is named, by who names it and whether it is one of infrastructure."""
_EVENTS = ("FailedScaleUp", "FailedInitialization", "FailedCreate")


def _template_gone(case: Case) -> Sign | None:
    blocked = case.conditions.holding("ScalingUp") or case.conditions.failing("MachinesCreated")
    match = _MISSING.search(blocked.message) if blocked else None
    if blocked is None or match is None or case.live.deleting:
        return None
    kind = match["kind"] or match["named"]
    gone = list(_templates_gone(case, kind))
    there = [key for key in _templates(case.live, kind) if case.graph.get(key) is not None]
    return Sign(
        fact=f"no Machine can be made: {_named(gone) or first_line(match.group(0)).removeprefix('* ')}",
        since=blocked.since,
        proofs=(said_by(blocked).proof, *(Proof("object", f"no {key} exists") for key in gone)),
        path=_path(case, kind),
        variant=_named(gone) or kind,
        contradicted_by=() if gone else tuple(Proof("object", f"{key} exists") for key in there),
    )


def _template_will_be_missed(case: Case) -> Sign | None:
    """For what runs: nothing is wrong until a Machine has to be made."""
    if not case.live.spec.get("replicas") or case.live.deleting or _is_outdated(case):
        return None
    gone = list(_templates_gone(case))
    if not gone or _template_gone(case) is not None:
        return None
    return Sign(
        fact=f"{_named(gone)}: the next Machine cannot be made",
        since="",
        proofs=tuple(Proof("object", f"no {key} exists") for key in gone),
        path=_path(case, gone[0].kind),
        variant=_named(gone),
    )


def _templates(live: CapiObject, kind: str = "") -> list[ObjectKey]:
    return [key for key in references(live) if is_template(key) and (not kind or key.kind == kind)]


def _templates_gone(case: Case, kind: str = "") -> Iterator[ObjectKey]:
    """What the object is made from and what is not there, where everything of that kind was read."""
    view = case.graph.view
    for key in _templates(case.live, kind):
        if key not in view.objects and key not in view.left_out and view.listed(key.group, key.kind):
            yield key


def _path(case: Case, kind: str) -> str:
    of_infrastructure = not any(key.group.startswith("bootstrap.") for key in _templates(case.live, kind))
    return _PATHS.get((case.live.kind, of_infrastructure), "")


def _named(gone: Sequence[ObjectKey]) -> str:
    return " and ".join(f"{key.kind} {key.name} does not exist" for key in gone)


def _is_outdated(case: Case) -> bool:
    """A MachineSet whose MachineDeployment has moved on to other templates makes no Machines any more."""
    above = case.graph.above(case.live)
    return above is not None and above.kind == "MachineDeployment" and _templates(above) != _templates(case.live)


def _not_created(case: Case) -> Sign | None:
    condition = case.conditions.failing("MachinesCreated")
    warned = [event for event in case.events if event.type == "Warning" and event.reason in _EVENTS]
    failing = condition is not None and condition.reason.endswith(
        ("CreationFailed", "CloningFailed", "GenerationFailed")
    )
    if case.live.deleting or not (failing or (warned and _wants_more(case))):
        return None
    shown = said_by(condition).proof if failing and condition is not None else None
    proofs = [*([shown] if shown else []), *(Proof("event", f"{each.reason}: {each.message}") for each in warned[-1:])]
    reason = condition.reason if failing and condition is not None else warned[-1].reason
    return Sign(
        fact=f"its Machines cannot be created: {normalised(first_line(proofs[0].text))}",
        since=condition.since if failing and condition is not None else warned[0].first,
        proofs=tuple(proofs),
        variant=reason,
    )


def _wants_more(case: Case) -> bool:
    scaling = case.conditions.get("ScalingUp")
    resized = case.conditions.failing("Resized")
    return (scaling is not None and scaling.status == TRUE) or resized is not None


def _no_address(case: Case) -> Sign | None:
    ready = case.conditions.failing("Ready")
    if ready is None or ready.reason not in ("PoolExhausted", "PoolNotReady", "AllocationFailed") or case.live.deleting:
        return None
    pool = " ".join(text(case.live.at("spec", "poolRef", part)) for part in ("kind", "name")).strip()
    words = {"PoolExhausted": "has no address left", "PoolNotReady": "is not ready"}
    return Sign(
        fact=f"{pool or 'its pool'} {words.get(ready.reason, 'could not allocate an address')}",
        since=ready.since,
        proofs=(said_by(ready).proof,),
        variant=f"{ready.reason} {pool}".strip(),
        values=(("pool", pool or "the pool"),),
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="MACH-TEMPLATE-GONE",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="A template that Machines are made from does not exist",
        kinds=_MAKERS,
        looks=_template_gone,
        mechanism=(
            "A template was pruned or renamed while something still refers to it: what runs goes on, and nothing can "
            "be scaled, rolled out or replaced."
        ),
        next_steps=(
            "Look which there are: `kubectl -n {namespace} get {kind} {name} -o yaml | grep -A4 Ref:`.",
            "Restore the template in Git under the same name, or refer to one that exists.",
        ),
        source=(
            "CAPI v1.14.0 core/reconcilers/machineset/machineset_controller_status.go setScalingUpCondition, "
            "controlplane/kubeadm/reconcilers/kubeadmcontrolplane/status.go"
        ),
    ),
    Signature(
        id="MACH-TEMPLATE-MISSING",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.MEDIUM,
        title="A template that the next Machine would be made from does not exist",
        kinds=_MAKERS,
        looks=_template_will_be_missed,
        mechanism="Nothing is wrong until a Machine fails or is scaled: then no other one can be made.",
        next_steps=("Restore the template in Git under the same name, or refer to one that exists.",),
        source="CAPI v1.14.0 core/reconcilers/machineset/machineset_controller_status.go setScalingUpCondition",
        everywhere=True,
        kind=FindingKind.HAZARD,
    ),
    Signature(
        id="MACH-CREATE-FAILED",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="The management cluster does not let Machines be created",
        kinds=_MAKERS,
        looks=_not_created,
        mechanism="The API server refuses the Machine or what it is cloned from: a webhook, a quota or a schema.",
        next_steps=("Read the refusal: `kubectl -n {namespace} describe {kind} {name}`.",),
        source=(
            "CAPI v1.14.0 core/reconcilers/machineset/machineset_controller.go createMachines, "
            "controlplane/kubeadm/reconcilers/kubeadmcontrolplane/scale.go"
        ),
    ),
    Signature(
        id="MACH-IPAM",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="An IP pool gives out no address",
        kinds=("IPAddressClaim",),
        looks=_no_address,
        mechanism="The machine waits for the address that it claims: the pool is too small, or addresses leaked.",
        next_steps=(
            "Count what is given out of {pool}: `kubectl get ipaddresses -A`.",
            "Widen the pool in Git, or delete claims whose machines are gone.",
        ),
        source="CAPI v1.14.0 api/ipam/v1beta2/ipaddressclaim_types.go",
        clock=Clock.AT_ONCE,
    ),
)
