"""Compares one declared object with its live counterpart: every leaf of both, ruled by the truth table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drift_audit.compare.attribution import Attribution
from drift_audit.compare.collapse import collapse, pair_renamed_items
from drift_audit.compare.doubts import NO_DOUBTS, Doubts, weighed
from drift_audit.compare.equality import Equality, compare_values, only_filled_in, same_as_absent, same_json
from drift_audit.compare.expected import Change, expected_change, outside_band
from drift_audit.compare.leaves import Leaf, Leaves, leaves_of
from drift_audit.compare.managed_fields import Entry, value_at
from drift_audit.compare.managers import ManagerClass
from drift_audit.compare.noise import noise_of
from drift_audit.compare.opaque import opaque_fields
from drift_audit.compare.rendering import can_render_to
from drift_audit.compare.schema import SchemaNode
from drift_audit.compare.truth_table import Owners, Ruling, Sides, rule_on_declared, rule_on_extra
from drift_audit.model.comparison import SILENT, LeafComparison, LeafOutcome
from drift_audit.model.findings import Actor
from drift_audit.model.keys import FieldPath
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.values import ABSENT, Observed, Present, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One object on its three sides. `head` is `None` once Git has removed it, `applied` before its first apply."""

    head: Declaration | None
    applied: Declaration | None
    live: CapiObject
    schema: SchemaNode
    attribution: Attribution
    doubts: Doubts = NO_DOUBTS


@dataclass(frozen=True, slots=True)
class PairResult:
    leaves: tuple[LeafComparison, ...]
    """Those that are not silent."""
    compared: int
    opaque: int


def compare_pair(pair: Pair) -> PairResult:
    """What is to be said about a pair, folded: an item that came or went as one is one line."""
    sides = _SideBySide(pair)
    ruled = sides.rulings()
    leaves: list[LeafComparison] = []
    if any(leaf.outcome not in SILENT for leaf in ruled):
        renamed = pair_renamed_items(ruled, lambda path: pair.attribution.actor(sides.entries(path), was_applied=True))
        leaves = collapse(renamed, head=sides.head.keys(), applied=sides.applied.keys(), live=sides.live.keys())
    return PairResult(
        leaves=tuple(leaves),
        compared=len(ruled),
        opaque=sum(leaf.outcome is LeafOutcome.SKIPPED_OPAQUE for leaf in ruled),
    )


def rulings(pair: Pair) -> list[LeafComparison]:
    """Every leaf of Git and of the live object with its own outcome, the silent ones too."""
    return _SideBySide(pair).rulings()


class _SideBySide:
    """The leaves of one pair."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        noise = noise_of(*(side.raw for side in (pair.head, pair.applied, pair.live) if side is not None))
        hints = pair.attribution.fields.key_hints()
        self.head: Leaves = leaves_of(pair.head.raw, pair.schema, hints, noise) if pair.head else {}
        self.applied: Leaves = self.head
        if pair.applied is not pair.head:
            self.applied = leaves_of(pair.applied.raw, pair.schema, hints, noise) if pair.applied else {}
        self.live: Leaves = leaves_of(pair.live.raw, pair.schema, hints, noise)
        self.opaque = opaque_fields((pair.head, self.head), (pair.applied, self.applied))

    def rulings(self) -> list[LeafComparison]:
        declared = self.head if self.applied is self.head else {**self.head, **self.applied}
        ruled = [self._declared(path) for path in declared]
        extra = [path for path in self.live if path not in declared]
        if extra:
            # A plain value in place of a map is no news of its own: the parts of the map are gone.
            described = {path[:length] for path in declared for length in range(1, len(path))}
            ruled.extend(self._extra(path, self.live[path]) for path in extra if path not in described)
        return ruled

    def entries(self, path: FieldPath) -> tuple[Entry, ...]:
        return self.pair.attribution.fields.owners(path)

    def _declared(self, path: FieldPath) -> LeafComparison:
        """A leaf that Git declares, at the head or as applied."""
        head, applied, live = self.head.get(path), self.applied.get(path), self.live.get(path)
        declared = _either(head, applied)
        entries = self.entries(path)
        owners = self.pair.attribution.owners_of(entries)
        reason = self.opaque.leaves.get(path)
        if live is None and not isinstance(declared.value, dict):
            live = self._grown(path, declared)
        if reason and self._decided(path, live, owners):
            reason = ""
        if reason:
            ruling = _opaque_ruling(reason, owners)
        else:
            ruling = self._ruled(path, Sides(head=head, applied=applied, live=live), declared, owners)
            ruling = weighed(self._explained(ruling, declared, live, entries), self.pair.doubts)
        return LeafComparison(
            path=path,
            positional=declared.positional,
            head=Unknown(reason) if reason else _observe(head),
            applied=Unknown(reason) if reason else _observe(applied),
            live=_observe(live),
            outcome=ruling.outcome,
            rule=ruling.rule,
            note=ruling.note,
            actor=self._actor(ruling, entries),
        )

    def _decided(self, path: FieldPath, live: Leaf | None, owners: Owners) -> bool:
        """True where a templated leaf can be judged although nobody knows its variables.

        It is gone and nobody owns it; its text reached the cluster as it stands, as shell variables in a
        script do; or no variables could make it what stands there now, and it is not the applier's: what
        that rendered, and admission filled in, is nobody's edit.
        """
        if live is None:
            return path in self.opaque.placed and not owners.applier and value_at(self.pair.live.raw, path) is None
        declared = [side[path].value for side in (self.head, self.applied) if path in side]
        if same_json(declared[0], live.value):
            return True
        return not owners.applier and not any(can_render_to(value, live.value) for value in declared)

    def _grown(self, path: FieldPath, declared: Leaf) -> Leaf | None:
        """What stands in the cluster where Git has a plain value: a map that somebody put in its place, or nothing."""
        value = value_at(self.pair.live.raw, path)
        return replace(declared, value=value) if value and isinstance(value, dict) else None

    def _ruled(self, path: FieldPath, sides: Sides, declared: Leaf, owners: Owners) -> Ruling:
        if sides.live is None:
            live = self.pair.live
            sides = replace(
                sides,
                absent_means_same=same_as_absent(live.kind, path, declared.value),
                pruned=not declared.declared,
                deleting=live.deleting and path[:2] == _FINALIZERS,
            )
        elif sides.head is None and same_as_absent(self.pair.live.kind, path, sides.live.value):
            return Ruling(LeafOutcome.EQUAL_NORMALISED, "E2")
        ruling = rule_on_declared(sides, owners, self._equal)
        if ruling.outcome is LeafOutcome.CHANGED_UNATTRIBUTED and not ruling.note:
            return replace(ruling, note=self._why_nobody(path, sides.live))
        return ruling

    def _why_nobody(self, path: FieldPath, live: Leaf | None) -> str:
        if self.pair.attribution.fields.reset:
            return "managedFields were reset by a controller"
        if path == ("spec", "replicas") and live is not None and live.value == 0:
            # `Scale.spec.replicas` is `omitempty`: to the server, 0 is the removal of the number.
            return "scaling to 0 leaves no owner"
        if live is not None and live.schema.has_default and same_json(live.schema.default, live.value):
            return _BACK_TO_DEFAULT
        return "a part of managedFields could not be read" if self.pair.attribution.fields.partial else ""

    def _equal(self, left: Leaf, right: Leaf) -> Equality:
        return compare_values(self.pair.live.kind, left.path, right.schema, left.value, right.value)

    def _explained(self, ruling: Ruling, declared: Leaf, live: Leaf | None, entries: tuple[Entry, ...]) -> Ruling:
        """The ruling, softened where the change is somebody's job."""
        if ruling.outcome not in _EXPLAINABLE or live is None:
            return ruling
        if ruling.outcome is LeafOutcome.APPLIED_DIFFERENT and self._filled_in(declared, live):
            return Ruling(LeafOutcome.EQUAL_NORMALISED, "admission", "filled in when it was applied")
        rule = expected_change(
            Change(
                kind=self.pair.live.kind,
                path=declared.path,
                git=declared.value,
                live=live.value,
                classes=self.pair.attribution.classes_of(entries),
                scaled=any(entry.subresource == "scale" for entry in entries),
                object=self.pair.live.raw,
            )
        )
        if rule is None:
            return ruling
        outcome = LeafOutcome.CHANGED_EXPECTED if rule.two_writers else LeafOutcome.EQUAL_NORMALISED
        return Ruling(outcome, rule.name, rule.why)

    def _filled_in(self, declared: Leaf, live: Leaf) -> bool:
        if self.pair.doubts.head_may_be_newer:
            return False
        return only_filled_in(self.pair.live.kind, declared.path, declared.schema, declared.value, live.value)

    def _extra(self, path: FieldPath, live: Leaf) -> LeafComparison:
        """A live leaf that no declaration covers: what GitOps tools do not look at."""
        entries = self.entries(path)
        owners = self._owners_of_extra(path, entries)
        reason = self.opaque.reason_for(path)
        if reason:
            ruling = _opaque_ruling(reason, owners)
        elif outside_band(self.pair.live, path, live.value) and not owners.applier:
            ruling = Ruling(LeafOutcome.EXTRA_OOB, note="outside the autoscaler's own limits")
        elif same_as_absent(self.pair.live.kind, path, live.value):
            ruling = Ruling(LeafOutcome.EQUAL_NORMALISED, "E2")
        else:
            is_default = live.schema.has_default and same_json(live.schema.default, live.value)
            ruling = weighed(rule_on_extra(owners, is_default=is_default or self._built_in(entries)), self.pair.doubts)
        return LeafComparison(
            path=path,
            positional=(),
            head=Unknown(reason) if reason else ABSENT,
            applied=Unknown(reason) if reason else ABSENT,
            live=Present(live.value),
            outcome=ruling.outcome,
            rule=ruling.rule,
            note=ruling.note,
            actor=self._actor(ruling, entries),
        )

    def _built_in(self, entries: tuple[Entry, ...]) -> bool:
        """True for what a built-in kind (whose defaults no CRD tells) was given when it was created by Update."""
        appliers = [entry for entry in entries if self.pair.attribution.is_applier(entry)]
        return not self.pair.schema.structured and bool(appliers) and all(e.operation == "Update" for e in appliers)

    def _owners_of_extra(self, path: FieldPath, entries: tuple[Entry, ...]) -> Owners:
        owners = self.pair.attribution.owners_of(entries)
        if path[:2] == _FINALIZERS and self.pair.attribution.classes_of(entries) <= {ManagerClass.UNKNOWN}:
            # Whoever adds a finalizer and is no known tool of people is a controller that nobody told us of.
            return replace(owners, out_of_band=False, controller=bool(entries))
        return owners

    def _actor(self, ruling: Ruling, entries: tuple[Entry, ...]) -> Actor | None:
        attribution = self.pair.attribution
        match ruling.outcome:
            case LeafOutcome.REMOVED:
                return attribution.removal()
            case LeafOutcome.CHANGED_UNATTRIBUTED if ruling.note == _BACK_TO_DEFAULT:
                return attribution.removal()
            case LeafOutcome.EXTRA_OOB:
                return attribution.actor(entries, was_applied=False)
            case outcome if outcome in SILENT:
                return None
            case _:
                return attribution.actor(entries, was_applied=True)


_FINALIZERS = ("metadata", "finalizers")
_BACK_TO_DEFAULT = "removed, so that the default of the schema stands in its place"
_EXPLAINABLE = frozenset(
    {
        LeafOutcome.CHANGED_OOB,
        LeafOutcome.CHANGED_BY_CONTROLLER,
        LeafOutcome.CHANGED_UNATTRIBUTED,
        LeafOutcome.APPLIED_DIFFERENT,
    }
)


def _opaque_ruling(reason: str, owners: Owners) -> Ruling:
    possible = owners.out_of_band and not owners.applier
    return Ruling(LeafOutcome.POSSIBLE_OOB if possible else LeafOutcome.SKIPPED_OPAQUE, note=reason)


def _either(head: Leaf | None, applied: Leaf | None) -> Leaf:
    declared = head or applied
    assert declared is not None, "a declared leaf is declared at the head or as applied"
    return declared


def _observe(leaf: Leaf | None) -> Observed:
    return Present(leaf.value) if leaf else ABSENT
