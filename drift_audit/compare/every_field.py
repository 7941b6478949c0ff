"""Every field of one object, equal or not, with its writers: what `drift-audit explain` tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drift_audit.compare.git import Schemas, comparable
from drift_audit.compare.leaves import leaves_of
from drift_audit.compare.managed_fields import Entry, read_managed_fields
from drift_audit.compare.managers import ManagerTable
from drift_audit.compare.noise import noise_of
from drift_audit.compare.object_pair import rulings
from drift_audit.model.comparison import FieldStory
from drift_audit.model.keys import format_path
from drift_audit.model.pairing import ObjectPair
from drift_audit.model.values import Present, Unknown
from drift_audit.model.views import ClusterView

NOT_IN_GIT = Unknown("the object is in no Git source of this audit")


def every_field(view: ClusterView, pair: ObjectPair, table: ManagerTable) -> tuple[FieldStory, ...]:
    """The fields of an object in the order of Git, then what only the cluster has; empty for one that is not there."""
    return tuple(_compared(view, pair, table) if pair.declaration is not None else _only_live(view, pair))


def _compared(view: ClusterView, pair: ObjectPair, table: ManagerTable) -> Iterator[FieldStory]:
    sides = comparable(Schemas(view), pair, table)
    for leaf in rulings(sides) if sides is not None else ():
        assert sides is not None
        yield FieldStory(
            path=format_path(leaf.path),
            git=leaf.head,
            capi=leaf.live,
            outcome=leaf.outcome.value + (f"({leaf.rule})" if leaf.rule else ""),
            writers=_writers(sides.attribution.fields.owners(leaf.path)),
        )


def _only_live(view: ClusterView, pair: ObjectPair) -> Iterator[FieldStory]:
    if pair.live is None:
        return
    schema = Schemas(view).of(pair.live)
    fields = read_managed_fields(pair.live.raw)
    for path, leaf in leaves_of(pair.live.raw, schema, fields.key_hints(), noise_of(pair.live.raw)).items():
        yield FieldStory(
            path=format_path(path), git=NOT_IN_GIT, capi=Present(leaf.value), writers=_writers(fields.owners(path))
        )


def _writers(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(f"{entry.identity} at {entry.time or 'an unknown time'}" for entry in entries)
