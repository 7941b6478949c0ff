"""Whether a GitOps tool was told to leave an object or a field of it alone.

Flux: kustomize-controller `kustomization_controller.go` (exclusions) and `spec.ignore`; Argo CD:
`spec.ignoreDifferences` of the Application (`util/argo/normalizers/diff_normalizer.go`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from drift_audit.model.comparison import LeafComparison
from drift_audit.model.delivery import IgnoreRule
from drift_audit.model.keys import FieldPath
from drift_audit.model.pairing import ObjectPair
from drift_audit.model.values import JsonObject, dig, mapping, text

_GROUP = "kustomize.toolkit.fluxcd.io"
_EXCLUDING = (("reconcile", "disabled"), ("ssa", "Ignore"), ("ssa", "IfNotPresent"))
_MARKS = (("annotations", "annotated"), ("labels", "labelled"))


def excluded_by(pair: ObjectPair) -> str:
    """Why the tool passes the whole object over, though it applies its neighbours; empty when it does not."""
    if pair.delivery is None or pair.delivery.tool != "Flux":
        return ""
    for raw in _sides(pair):
        for field, verb in _MARKS:
            marks = mapping(dig(raw, "metadata", field))
            for name, value in _EXCLUDING:
                if text(marks.get(f"{_GROUP}/{name}")).lower() == value.lower():
                    return f"Flux does not apply this object while it is {verb} {name}: {value}"
    return ""


def _sides(pair: ObjectPair) -> Iterator[JsonObject]:
    """Flux looks at the manifest and at the object."""
    if pair.live is not None:
        yield pair.live.raw
    if pair.declaration is not None:
        yield pair.declaration.raw


@dataclass(frozen=True, slots=True)
class Ignored:
    reason: str
    """`Argo CD ignores differences at /spec/replicas`."""
    certain: bool = True
    """False when something that is not evaluated here decides."""


def ignored_by(leaf: LeafComparison, pair: ObjectPair) -> Ignored | None:
    """Why the tool does not correct this field; `None` when it does."""
    if pair.delivery is None:
        return None
    rules = [rule for rule in pair.delivery.ignores if _concerns(rule, pair)]
    found = [ignored for rule in rules for ignored in _ignored(rule, leaf, pair.delivery.tool)]
    return max(found, key=lambda ignored: ignored.certain, default=None)


def _ignored(rule: IgnoreRule, leaf: LeafComparison, tool: str) -> Iterator[Ignored]:
    only_if = f" (of objects that match {rule.condition})" if rule.condition else ""
    certain = not rule.condition
    for pointer in rule.pointers:
        if _covers(pointer, leaf):
            yield Ignored(f"{tool} ignores differences at {pointer}{only_if}", certain)
    if leaf.actor is not None and leaf.actor.who in rule.managers:
        yield Ignored(f"{tool} ignores what {leaf.actor.who} writes{only_if}", certain)
    for expression in rule.expressions:
        yield Ignored(f"{tool} may ignore this difference ({expression})", certain=False)


def _concerns(rule: IgnoreRule, pair: ObjectPair) -> bool:
    key = pair.key
    asked = ((rule.group, key.group), (rule.kind, key.kind), (rule.namespace, key.namespace), (rule.name, key.name))
    return all(_fits(pattern, value) for pattern, value in asked)


def _fits(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return False


def _covers(pointer: str, leaf: LeafComparison) -> bool:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return any(_begins(path, steps) for path in (leaf.positional, leaf.path) if path)


def _begins(path: FieldPath, steps: list[str]) -> bool:
    return len(steps) <= len(path) and all(str(own) == step for own, step in zip(path, steps, strict=False))
