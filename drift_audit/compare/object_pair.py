"""Compares one declared object with its live counterpart: every leaf of both, ruled by the truth table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drift_audit.compare.attribution import Attribution
from drift_audit.compare.collapse import collapse, pair_renamed_items
from drift_audit.compare.equality import Equality, compare_values, means_absent, omitted_false, same_json
from drift_audit.compare.expected import Change, expected_change
from drift_audit.compare.leaves import Leaf, Leaves, leaves_of
from drift_audit.compare.managed_fields import Entry
from drift_audit.compare.noise import noise_of
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

    @property
    def declaration(self) -> Declaration:
        found = self.head or self.applied
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class PairResult:
    leaves: tuple[LeafComparison, ...]
    """Those that are not silent."""
    compared: int
    opaque: int


def compare_pair(pair: Pair) -> PairResult:
    """Every leaf of Git and of the live object, with its outcome."""
    walk = _Walk(pair)
    rulings = list(walk.declared()) + list(walk.extra())
    loud = [leaf for leaf in rulings if leaf.outcome not in SILENT]
    loud = pair_renamed_items(loud)
    return PairResult(
        leaves=tuple(collapse(loud, set(walk.head) | set(walk.applied), set(walk.live))),
        compared=len(rulings),
        opaque=sum(leaf.outcome is LeafOutcome.SKIPPED_OPAQUE for leaf in rulings),
    )


class _Walk:
    """The leaves of one pair, side by side."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        raws = [side.raw for side in (pair.head, pair.applied, pair.live) if side is not None]
        noise = noise_of(*raws)
        hints = pair.attribution.fields.key_hints()
        self.head: Leaves = leaves_of(pair.head.raw, pair.schema, hints, noise) if pair.head else {}
        self.applied: Leaves = leaves_of(pair.applied.raw, pair.schema, hints, noise) if pair.applied else {}
        self.live: Leaves = leaves_of(pair.live.raw, pair.schema, hints, noise)
        self.live_prefixes = _prefixes(self.live)
        self.git_prefixes = _prefixes(self.head) | _prefixes(self.applied)
        self.opaque = _opaque(pair, {**self.applied, **self.head})

    def declared(self) -> Iterator[LeafComparison]:
        """Leaves that Git declares, at the head or as applied."""
        for path in {**self.head, **self.applied}:
            head, applied, live = self.head.get(path), self.applied.get(path), self.live.get(path)
            entries = self.pair.attribution.fields.owners(path)
            owners = self.pair.attribution.owners_of(entries)
            reason = self.opaque.get(path)
            ruling = _opaque_ruling(reason, owners) if reason else self._ruling(path, owners)
            ruling, entries = self._explained(path, ruling, entries)
            yield LeafComparison(
                path=path,
                positional=(head or applied or _missing(path)).positional,
                head=Unknown(reason) if reason else _observe(head),
                applied=Unknown(reason) if reason else _observe(applied),
                live=_observe(live),
                outcome=ruling.outcome,
                rule=ruling.rule,
                note=ruling.note,
                actor=self._actor(ruling.outcome, entries),
            )

    def _ruling(self, path: FieldPath, owners: Owners) -> Ruling:
        head, applied = self.head.get(path), self.applied.get(path)
        declared = head or applied or _missing(path)
        sides = Sides(
            head=head,
            applied=applied,
            live=self.live.get(path),
            live_below=path in self.live_prefixes,
            absent_means_same=self._absent_means_same(path, declared),
            pruned=not declared.declared,
        )
        return rule_on_declared(sides, owners, self._equal)

    def _absent_means_same(self, path: FieldPath, declared: Leaf) -> bool:
        kind = self.pair.live.kind
        return means_absent(kind, path, declared.value) or omitted_false(kind, path, declared.value)

    def _equal(self, left: Leaf, right: Leaf) -> Equality:
        return compare_values(self.pair.live.kind, left.path, right.schema, left.value, right.value)

    def _explained(
        self, path: FieldPath, ruling: Ruling, entries: tuple[Entry, ...]
    ) -> tuple[Ruling, tuple[Entry, ...]]:
        """The ruling, softened where the change is somebody's job."""
        head, live = self.head.get(path) or self.applied.get(path), self.live.get(path)
        if ruling.outcome not in _EXPLAINABLE or head is None or live is None:
            return ruling, entries
        rule = expected_change(
            Change(
                kind=self.pair.live.kind,
                path=path,
                git=head.value,
                live=live.value,
                classes=self.pair.attribution.classes_of(entries),
                object=self.pair.live.raw,
            )
        )
        if rule is None:
            return ruling, entries
        outcome = LeafOutcome.CHANGED_EXPECTED if rule.two_writers else LeafOutcome.EQUAL_NORMALISED
        return Ruling(outcome, rule.name, rule.why), entries

    def extra(self) -> Iterator[LeafComparison]:
        """Live leaves that no declaration covers: what GitOps tools do not look at."""
        for path, live in self.live.items():
            if path in self.head or path in self.applied or self._covered(path):
                continue
            entries = self.pair.attribution.fields.owners(path)
            owners = self.pair.attribution.owners_of(entries)
            ruling = rule_on_extra(
                owners,
                is_default=live.schema.has_default and same_json(live.schema.default, live.value),
                applied_by_update=any(
                    self.pair.attribution.is_applier(entry) and entry.operation == "Update" for entry in entries
                ),
            )
            yield LeafComparison(
                path=path,
                positional=(),
                head=ABSENT,
                applied=ABSENT,
                live=Present(live.value),
                outcome=ruling.outcome,
                rule=ruling.rule,
                note=ruling.note,
                actor=self._actor(ruling.outcome, entries),
            )

    def _covered(self, path: FieldPath) -> bool:
        """True for a bare item that Git describes further down, or below a leaf that Git declares whole."""
        if path in self.git_prefixes:
            return True
        return any(path[:length] in self.opaque for length in range(1, len(path)))

    def _actor(self, outcome: LeafOutcome, entries: tuple[Entry, ...]) -> Actor | None:
        attribution = self.pair.attribution
        match outcome:
            case LeafOutcome.REMOVED:
                return attribution.removal()
            case LeafOutcome.EXTRA_OOB:
                return attribution.actor(entries, was_applied=False)
            case _ if outcome in SILENT:
                return None
            case _:
                return attribution.actor(entries, was_applied=True)


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


def _opaque(pair: Pair, git: Mapping[FieldPath, Leaf]) -> dict[FieldPath, str]:
    """Leaf paths whose declared value is unknown, because they, an ancestor or a part of them is opaque."""
    marks = {**(pair.applied.opaque if pair.applied else {}), **(pair.head.opaque if pair.head else {})}
    if not marks:
        return {}
    found: dict[FieldPath, str] = {}
    for path, leaf in git.items():
        for opaque, reason in marks.items():
            shorter = min(len(opaque), len(leaf.positional))
            if opaque[:shorter] == leaf.positional[:shorter]:
                found[path] = reason
                break
    return found


def _prefixes(leaves: Leaves) -> set[FieldPath]:
    return {path[:length] for path in leaves for length in range(1, len(path))}


def _observe(leaf: Leaf | None) -> Observed:
    return Present(leaf.value) if leaf else ABSENT


def _missing(path: FieldPath) -> Leaf:
    raise AssertionError(f"no declared leaf at {path!r}")
