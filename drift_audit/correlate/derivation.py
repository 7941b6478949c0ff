"""Where the intent of an object that nobody wrote is written: the template it was cut from.

Owner references: CAPI `docs/book/src/reference/api/owner-references.md`. The annotation
`cluster.x-k8s.io/cloned-from-name` tells which template an object was really cut from; its owner's
reference tells which one it would be cut from now.
"""

from __future__ import annotations

from typing import TypeAlias

from drift_audit.correlate.fleet import is_capi, referenced_key
from drift_audit.model.keys import ObjectKey, split_api_version
from drift_audit.model.objects import CapiObject
from drift_audit.model.pairing import Origin
from drift_audit.model.values import dig, mapping
from drift_audit.model.views import ClusterView

TOPOLOGY_OWNED = "topology.cluster.x-k8s.io/owned"
CLONED_FROM = "cluster.x-k8s.io/cloned-from-name"
_TEMPLATE_SPEC = ("spec", "template", "spec")
_MAX_HOPS = 5

# Where an owner of Machines says which templates they are cut from, v1beta2 contract first.
_INFRA_REFERENCES: dict[str, tuple[tuple[str, ...], ...]] = {
    "KubeadmControlPlane": (
        ("spec", "machineTemplate", "spec", "infrastructureRef"),
        ("spec", "machineTemplate", "infrastructureRef"),
    ),
    "MachineDeployment": ((*_TEMPLATE_SPEC, "infrastructureRef"),),
    "MachineSet": ((*_TEMPLATE_SPEC, "infrastructureRef"),),
}
_BOOTSTRAP_REFERENCES: dict[str, tuple[str, ...]] = {
    "MachineDeployment": (*_TEMPLATE_SPEC, "bootstrap", "configRef"),
    "MachineSet": (*_TEMPLATE_SPEC, "bootstrap", "configRef"),
}
_SPEC_OF_BOOTSTRAP = {"KubeadmControlPlane": ("spec", "kubeadmConfigSpec")}


# Controllers also make themselves owners of what people wrote: a Cluster of its InfraCluster and its templates,
# a ClusterClass of its templates, a MachinePool of its bootstrap config and its infrastructure.
_ADOPTING_OWNERS = frozenset({"Cluster", "ClusterClass"})
_MADE_FOR_POOLS = ("Machine", "MachinePoolMachine")


def is_derived(live: CapiObject) -> bool:
    """True for an object that a controller made from another one, and that is not expected in Git."""
    if TOPOLOGY_OWNED in live.labels or CLONED_FROM in live.annotations:
        return True
    return any(_is_maker(owner.kind, live.kind) for owner in live.owners)


def _is_maker(owner: str, made: str) -> bool:
    if owner == "MachinePool":
        return made.endswith(_MADE_FOR_POOLS)
    return owner not in _ADOPTING_OWNERS


def origins_of(view: ClusterView) -> dict[ObjectKey, Origin]:
    """For each Machine, infrastructure machine and bootstrap config the object that declares its spec."""
    found: dict[ObjectKey, Origin] = {}
    owners: _Owners = {}
    for key, live in view.objects.items():
        if not is_capi(key.group) or not live.owners:
            continue
        origin = _origin(view, live, owners)
        if origin is not None:
            found[key] = origin
    return found


def _origin(view: ClusterView, live: CapiObject, known: _Owners) -> Origin | None:
    owners = _owner_chain(view, live, known)
    makers = [owner for owner in owners if owner.kind in _INFRA_REFERENCES]
    if not makers:
        return None
    maker, via = makers[-1], tuple(owner.key for owner in owners)
    if live.kind in ("Machine", "MachineSet"):
        return _of_machine(live, maker, via)
    if live.key.group.startswith("infrastructure."):
        return _of_template(live, _reference(maker, _INFRA_REFERENCES[maker.kind]), maker, via)
    if live.key.group.startswith("bootstrap."):
        if maker.kind in _SPEC_OF_BOOTSTRAP:
            return Origin(key=maker.key, path=_SPEC_OF_BOOTSTRAP[maker.kind], via=via)
        return _of_template(live, _reference(maker, (_BOOTSTRAP_REFERENCES[maker.kind],)), maker, via)
    return None


def _of_machine(live: CapiObject, maker: CapiObject, via: tuple[ObjectKey, ...]) -> Origin | None:
    if maker.kind == "KubeadmControlPlane":
        return Origin(key=maker.key, path=("spec",), via=via)
    path = ("spec",) if live.kind == "MachineSet" else _TEMPLATE_SPEC
    return Origin(key=maker.key, path=path, via=via)


def _of_template(
    live: CapiObject, template: ObjectKey | None, maker: CapiObject, via: tuple[ObjectKey, ...]
) -> Origin | None:
    if template is None:
        return None
    cut_from = live.annotations.get(CLONED_FROM, template.name)
    return Origin(key=template, path=_TEMPLATE_SPEC, rollout_pending=cut_from != template.name, via=via)


def _reference(maker: CapiObject, paths: tuple[tuple[str, ...], ...]) -> ObjectKey | None:
    for path in paths:
        reference = mapping(dig(maker.raw, *path))
        if reference:
            return referenced_key(reference, maker.namespace)
    return None


_Owners: TypeAlias = dict[ObjectKey, CapiObject | None]
"""The nearest owner of each object that was looked at: the machines of a set have all but one in common."""


def _owner_chain(view: ClusterView, live: CapiObject, known: _Owners) -> list[CapiObject]:
    """The owners, nearest first: Machine, MachineSet, MachineDeployment."""
    chain: list[CapiObject] = []
    current = live
    for _ in range(_MAX_HOPS):
        key = current.key
        if key not in known:
            known[key] = _nearest_owner(view, current)
        above = known[key]
        if above is None:
            break
        chain.append(above)
        current = above
    return chain


def _nearest_owner(view: ClusterView, live: CapiObject) -> CapiObject | None:
    """The controlling owner, else the first; one with another uid is no owner."""
    owner = next((owner for owner in live.owners if owner.controller), None) or next(iter(live.owners), None)
    if owner is None:
        return None
    above = view.objects.get(ObjectKey(split_api_version(owner.api_version)[0], owner.kind, live.namespace, owner.name))
    return None if above is None or (owner.uid and above.uid != owner.uid) else above
