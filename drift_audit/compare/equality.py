"""When two spellings mean the same: rules E1 to E11. Each equality beyond E1 says which rule made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drift_audit.clock import moment
from drift_audit.compare.quantities import duration, quantity
from drift_audit.compare.schema import SchemaNode
from drift_audit.model.keys import FieldPath, canonical_json
from drift_audit.model.values import Json, mapping, text


@dataclass(frozen=True, slots=True)
class Equality:
    """The outcome of one comparison."""

    equal: bool
    rule: str = "E1"
    """Which rule made them equal, or tells how they differ."""
    note: str = ""
    """What is special about a difference: `order only`, `white space only`, `type only`."""


SAME = Equality(True)


def same_json(left: Json, right: Json) -> bool:
    """E1: equal JSON, with types: `True` is not 1 and `"1"` is not 1, but 1 is 1.0."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same_json, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    return type(left) is type(right) and left == right


def compare_values(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> Equality:
    """Whether a declared value and a live one mean the same at this field of this kind."""
    if same_json(git, live):
        return SAME
    for rule, equal in _RULES:
        if equal(kind, path, node, git, live):
            return Equality(True, rule)
    return Equality(False, note=_difference(path, git, live))


def same_as_absent(kind: str, path: FieldPath, value: Json) -> bool:
    """E2: a value that means the same as no value: controllers drop it when they write the object back."""
    if value is None or value == {}:
        return True
    if value in ([], ()):
        # An empty taints list tells kubeadm "no taints", absence means its default taint.
        return path[-1] != "taints"
    if value is False:
        return path in _OMITTED_WHEN_FALSE.get(kind, frozenset())
    return value == "" and path[0] == "spec" and (kind in _OMITS_EMPTY_STRINGS or kind.startswith("Kubeadm"))


# Kinds of CAPI's own API, whose v1beta2 types drop empty strings (api/core/v1beta2: `omitempty` on all).
_OMITS_EMPTY_STRINGS = frozenset(
    {"Cluster", "ClusterClass", "Machine", "MachineDeployment", "MachineSet", "MachinePool", "MachineHealthCheck"}
)


# `*bool` fields in which absent and false say the same to every reader (api/core/v1beta2).
_OMITTED_WHEN_FALSE: dict[str, frozenset[FieldPath]] = {
    "Cluster": frozenset({("spec", "paused")}),
    "MachineDeployment": frozenset({("spec", "paused")}),
}


def _version(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    """E7: defaulting webhooks of CAPI put a `v` before a bare version."""
    is_version = (kind, path) in _VERSION_FIELDS
    return is_version and isinstance(git, str) and isinstance(live, str) and f"v{git}" == live


_VERSION_FIELDS: frozenset[tuple[str, FieldPath]] = frozenset(
    {
        ("Cluster", ("spec", "topology", "version")),
        ("KubeadmControlPlane", ("spec", "version")),
        ("Machine", ("spec", "version")),
    }
    | {(kind, ("spec", "template", "spec", "version")) for kind in ("MachineDeployment", "MachineSet", "MachinePool")}
)


def _quantity(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    """E4: where the schema says that the field is a quantity, or a built-in kind's field is known to be one."""
    if not node.quantity and (node.known or not _QUANTITIES & set(path)):
        return False
    left, right = quantity(git), quantity(live)
    return left is not None and left == right


_QUANTITIES = frozenset({"requests", "limits", "hard", "capacity"})


def _duration(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    """E5: only for fields known to be `metav1.Duration`."""
    name = path[-1] if isinstance(path[-1], str) else ""
    if not (name.endswith(_DURATION_NAMES) or name in _DURATION_FIELDS):
        return False
    left, right = duration(git), duration(live)
    return left is not None and left == right


_DURATION_NAMES = ("Timeout", "Period", "Interval")
_DURATION_FIELDS = frozenset({"interval", "timeout", "retryInterval", "syncPeriod", "ttl", "defaultCoolDown"})


def _timestamp(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    """E6: the same instant, below seconds ignored."""
    if not (isinstance(git, str) and isinstance(live, str) and node.raw and node.raw.get("format") == "date-time"):
        return False
    left, right = moment(git), moment(live)
    return left is not None and right is not None and left.replace(microsecond=0) == right.replace(microsecond=0)


def _inside_atomic(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    """E10: an atomic list or map whose parts are equal one by one under these rules."""
    if isinstance(git, (list, tuple)) and isinstance(live, (list, tuple)):
        return len(git) == len(live) and all(
            compare_values(kind, path, node.items, left, right).equal for left, right in zip(git, live, strict=True)
        )
    if isinstance(git, dict) and isinstance(live, dict):
        return all(
            _part_equal(kind, (*path, name), node.child(name), git.get(name), live.get(name))
            for name in {**git, **live}
        )
    return False


def _part_equal(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    if live is None:
        return same_as_absent(kind, path, git)
    if git is None:
        return same_as_absent(kind, path, live) or (node.has_default and same_json(node.default, live))
    return compare_values(kind, path, node, git, live).equal


def only_filled_in(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    """True when all that Git declares inside an atomic value stands, and something was only added around it.

    That is what defaulting at admission does to the items of a list; nothing but the ownership of the
    value can tell it from an edit.
    """
    if isinstance(git, dict) and isinstance(live, dict):
        return all(
            name in live and only_filled_in(kind, (*path, name), node.child(name), value, live[name])
            for name, value in git.items()
            if not same_as_absent(kind, (*path, name), value)
        )
    if isinstance(git, (list, tuple)) and isinstance(live, (list, tuple)):
        return len(git) == len(live) and all(
            only_filled_in(kind, path, node.items, left, right) for left, right in zip(git, live, strict=True)
        )
    return compare_values(kind, path, node, git, live).equal


def _selector_subset(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    """The webhook adds CAPI's two labels to a MachineDeployment's selector, which is one leaf."""
    if kind not in ("MachineDeployment", "MachineSet") or path != ("spec", "selector"):
        return False
    declared, found = mapping(mapping(git).get("matchLabels")), dict(mapping(mapping(live).get("matchLabels")))
    if mapping(git).get("matchExpressions") != mapping(live).get("matchExpressions"):
        return False
    for label in ("cluster.x-k8s.io/cluster-name", "cluster.x-k8s.io/deployment-name"):
        if label not in declared:
            found.pop(label, None)
    return same_json(dict(declared), found)


def _metadata_text(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    """E11: labels and annotations are text; tools that render with Go write `true` and `3` for it."""
    if path[:2] not in (("metadata", "labels"), ("metadata", "annotations")) or isinstance(git, (dict, list)):
        return False
    return isinstance(live, str) and not isinstance(git, str) and canonical_json(git) == live


def _reference(kind: str, path: FieldPath, node: SchemaNode, git: Json, live: Json) -> bool:
    """A v1beta1 object reference after a round trip through v1beta2, which keeps group, kind and name only.

    The conversion webhook fills in the namespace and names the version that the contract asks for now.
    """
    if not (isinstance(path[-1], str) and path[-1].endswith("Ref")):
        return False
    declared, found = mapping(git), mapping(live)
    if not {"apiVersion", "kind", "name"} <= declared.keys() & found.keys():
        return False
    same_group = text(declared["apiVersion"]).rpartition("/")[0] == text(found["apiVersion"]).rpartition("/")[0]
    rest = {key: value for key, value in found.items() if key not in ("apiVersion", "namespace")}
    wanted = {key: value for key, value in declared.items() if key not in ("apiVersion", "namespace")}
    same_place = declared.get("namespace") in (None, found.get("namespace"))
    return same_group and same_place and same_json(wanted, rest)


_Rule = Callable[[str, FieldPath, SchemaNode, Json, Json], bool]
_RULES: tuple[tuple[str, _Rule], ...] = (
    ("E4", _quantity),
    ("E5", _duration),
    ("E6", _timestamp),
    ("E7", _version),
    ("E10", _inside_atomic),
    ("E11", _metadata_text),
    ("selector", _selector_subset),
    ("reference", _reference),
)


def _difference(path: FieldPath, git: Json, live: Json) -> str:
    if isinstance(git, str) and isinstance(live, str) and git.split() == live.split():
        return "white space only"
    if isinstance(git, (list, tuple)) and isinstance(live, (list, tuple)):
        if sorted(map(canonical_json, git)) == sorted(map(canonical_json, live)):
            return "order only"
        first = next((i for i, (a, b) in enumerate(zip(git, live, strict=False)) if not same_json(a, b)), None)
        return f"first difference at index {min(len(git), len(live)) if first is None else first}"
    if isinstance(git, str) != isinstance(live, str) and _bare(git) == _bare(live):
        return "type only"
    return ""


def _bare(value: Json) -> str:
    return value if isinstance(value, str) else canonical_json(value)
