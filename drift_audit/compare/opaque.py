"""Which leaves Git cannot give a value for, because a tool fills it in later or because it is encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drift_audit.compare.leaves import Leaf, Leaves
from drift_audit.model.keys import FieldPath, ItemKey, SetItem
from drift_audit.model.objects import Declaration


@dataclass(frozen=True, slots=True)
class OpaqueFields:
    """The unknown part of an object's declarations, each with the reason."""

    leaves: Mapping[FieldPath, str] = field(default_factory=dict)
    """Declared leaves whose value is unknown: they, an ancestor or a part of them is opaque."""
    placed: frozenset[FieldPath] = frozenset()
    """Those of them that stand where Git says, whatever their value is: their absence is a fact."""
    around: Mapping[FieldPath, str] = field(default_factory=dict)
    """Fields below which nobody can say what Git declares: a live leaf there may or may not be meant."""

    def reason_for(self, path: FieldPath) -> str:
        """Why a live leaf that Git does not seem to declare cannot be judged; empty when it can."""
        if not self.around:
            return ""
        return next((self.around[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.around), "")


NOTHING_OPAQUE = OpaqueFields()


def opaque_fields(*sides: tuple[Declaration | None, Leaves]) -> OpaqueFields:
    """What is opaque in any of the declarations; each comes with its own leaves."""
    leaves: dict[FieldPath, str] = {}
    around: dict[FieldPath, str] = {}
    adrift: set[FieldPath] = set()
    for declaration, declared in sides:
        for marked, reason in (declaration.opaque if declaration else {}).items():
            for leaf in declared.values():
                unknown = _unknown_part(leaf, marked)
                if unknown is not None:
                    leaves[leaf.path] = reason
                    around[unknown] = reason
                    if len(unknown) < len(leaf.path):
                        adrift.add(leaf.path)
    return OpaqueFields(leaves, frozenset(leaves.keys() - adrift), around) if leaves else NOTHING_OPAQUE


def _unknown_part(leaf: Leaf, marked: FieldPath) -> FieldPath | None:
    """The field around this leaf that the mark makes unknown; `None` when the mark is about something else."""
    shared = min(len(marked), len(leaf.positional))
    below_item = len(marked) > shared and isinstance(leaf.path[-1], ItemKey)
    if marked[:shared] == leaf.positional[:shared] and not below_item:
        # An unknown item of a set has no path of its own: which one it is in the cluster cannot be told.
        return leaf.path[: shared - 1] if isinstance(leaf.path[shared - 1], SetItem) else leaf.path[:shared]
    item = len(marked) - 2
    if item >= 1 and leaf.positional[: item + 1] == marked[:-1]:
        key = leaf.path[item]
        if isinstance(key, ItemKey) and marked[-1] in key.keys:
            # The same holds for an item of a list whose key is unknown.
            return leaf.path[:item]
    return None
