"""Layer 1, without anything stuck: a template that was edited in place, so that what is cut from it differs.

Machines are replaced when their owner names another template, never when the named one changes: Machines from before
and from after the edit stand side by side, and all count as up to date (CAPI docs/book, updating machine templates).
Git and the cluster agree about the template, so that no comparison of the two shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Layer
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Json, JsonObject, dig, mapping
from drift_audit.stuck.case import Case, Proof
from drift_audit.stuck.graph import template_of
from drift_audit.stuck.signature import Sign, Signature

_FILLED_IN = frozenset({"clusterConfiguration", "initConfiguration", "joinConfiguration"})
"""What the kubeadm bootstrap controller completes in each KubeadmConfig."""


def _edited_in_place(case: Case) -> Sign | None:
    generation = case.live.metadata.get("generation")
    if not isinstance(generation, int) or generation < 2 or case.live.deleting:
        return None
    template = mapping(case.live.at("spec", "template", "spec"))
    older: list[CapiObject] = []
    paths: set[str] = set()
    for clone in _clones(case):
        if differing := sorted(_differing(template, clone)):
            older.append(clone)
            paths.update(differing)
    if not older:
        return None
    names = ", ".join(live.name for live in older[:3]) + (f" and {len(older) - 3} more" if len(older) > 3 else "")
    return Sign(
        fact=f"it says something else than what was cut from it: {', '.join(sorted(paths)[:5])}, in {names}",
        proofs=(
            Proof("object", f"generation {generation}: its spec was changed after it was made"),
            Proof("object", f"{len(older)} objects differ from it"),
        ),
        path=f"spec.template.spec.{min(paths)}",
        variant=min(paths),
    )


def _clones(case: Case) -> Iterator[CapiObject]:
    """What was cut from the template and still stands."""
    kind = case.live.kind.removesuffix("Template")
    for live in case.graph.of_kind(kind):
        same = live.key.group == case.live.key.group and live.namespace == case.live.namespace
        if same and template_of(live) == case.live.name and not live.deleting:
            yield live


def _differing(template: JsonObject, clone: CapiObject) -> Iterator[str]:
    """The paths of plain values that the template names and that its clone has otherwise."""
    for path, value in _plain(template):
        has = dig(clone.spec, *path)
        if path[0] not in _FILLED_IN and has is not None and has != value:
            yield ".".join(path)


def _plain(value: JsonObject, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    for name, each in value.items():
        if isinstance(each, (str, int, float)):
            yield (*above, name), each
        else:
            yield from _plain(mapping(each), (*above, name))


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="DRIFT-TEMPLATE-INPLACE",
        layer=Layer.INTENT,
        severity=Severity.MEDIUM,
        title="A template was edited in place: Machines from before and after differ",
        kinds=("*MachineTemplate", "KubeadmConfigTemplate"),
        looks=_edited_in_place,
        mechanism=(
            "No Machine is replaced for it, and all count as up to date; the next one that is made, for whatever "
            "reason, differs from its siblings."
        ),
        next_steps=(
            "Compare: `kubectl -n {namespace} get {kind} {name} -o yaml` with one that was cut from it.",
            "In Git, give the changed template a new name and let the owner refer to that: the Machines are then "
            "rolled.",
        ),
        source="CAPI docs/book, tasks/updating-machine-templates; annotation cluster.x-k8s.io/cloned-from-name",
        everywhere=True,
        kind=FindingKind.HAZARD,
    ),
)
