"""Who last wrote a leaf, by managedFields: the tool, the window, and how well that is proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drift_audit.compare.applier import IsApplier
from drift_audit.compare.managed_fields import Entry, ManagedFields
from drift_audit.compare.managers import Manager, ManagerClass, ManagerTable
from drift_audit.compare.truth_table import Owners
from drift_audit.model.findings import Actor, Between, Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Reads the entries of one object in the light of who is meant to apply it."""

    fields: ManagedFields
    table: ManagerTable
    is_applier: IsApplier
    created_at: str
    last_run: str = ""
    """RFC 3339: when the applier last proved that the whole object equalled Git; empty when unknown."""

    @property
    def applied_at(self) -> str:
        """RFC 3339: the applier's last request that changed something; empty when it never wrote."""
        return max((entry.time for entry in self.fields.entries if self.is_applier(entry)), default="")

    def manager_of(self, entry: Entry) -> Manager:
        """Who is behind an entry; an entry under the applier's name that is not the applier's is nobody we know."""
        known = self.table.of(entry)
        if known.manager_class is not ManagerClass.GITOPS or self.is_applier(entry):
            return known
        borrowed = any(self.is_applier(each) and each.manager == entry.manager for each in self.fields.entries)
        return Manager(ManagerClass.UNKNOWN, f"an update under the name of {known.label}") if borrowed else known

    def owners_of(self, entries: Sequence[Entry]) -> Owners:
        """The classes among the owners of a leaf."""
        rest = [self.manager_of(entry) for entry in entries if not self.is_applier(entry)]
        return Owners(
            applier=len(rest) < len(entries),
            out_of_band=any(manager.out_of_band for manager in rest),
            controller=any(
                manager.manager_class in (ManagerClass.CONTROLLER, ManagerClass.AUTOSCALER, ManagerClass.GITOPS)
                for manager in rest
            ),
        )

    def classes_of(self, entries: Sequence[Entry]) -> frozenset[ManagerClass]:
        return frozenset(self.manager_of(entry).manager_class for entry in entries if not self.is_applier(entry))

    def actor(self, entries: Sequence[Entry], *, was_applied: bool) -> Actor | None:
        """The out-of-band owner of a leaf, or the last other owner; `None` when nobody is known.

        `was_applied` says that the applier's last effective request carried this leaf: a forced apply
        would have taken an earlier edit back, so the edit is younger than that.
        """
        ranked = sorted(
            (entry for entry in entries if not self.is_applier(entry)),
            key=lambda entry: (self.manager_of(entry).out_of_band, entry.time),
        )
        if not ranked:
            return None
        entry = ranked[-1]
        manager = self.manager_of(entry)
        window, bounded = self._window(entry, was_applied)
        return Actor(
            who=entry.manager,
            how=manager.label,
            actor_class=manager.manager_class.value,
            between=window,
            source="managedFields",
            grade=self._grade(manager, bounded),
        )

    def _window(self, entry: Entry, was_applied: bool) -> tuple[Between, bool]:
        after = max(self.applied_at, self.last_run) if was_applied and self.applied_at else ""
        if after and entry.time and entry.time < after:
            # The edit is older than a run that should have undone it: the applier leaves this field alone.
            return Between(after=self.created_at, before=entry.time), False
        return Between(after=after or self.created_at, before=entry.time), bool(after)

    def _grade(self, manager: Manager, bounded: bool) -> Grade:
        if manager.manager_class in (ManagerClass.SYNTHETIC, ManagerClass.UNKNOWN):
            return Grade.D
        return Grade.B if bounded else Grade.C

    def removal(self) -> Actor | None:
        """Candidates for a removed leaf: removal leaves no owner, so only who wrote *since* is known."""
        applied_at = self.applied_at
        later = [
            entry
            for entry in self.fields.entries
            if entry.time >= applied_at
            and entry.time
            and self.manager_of(entry).out_of_band
            and not self.is_applier(entry)
        ]
        if not later:
            return None
        names = sorted({entry.manager for entry in later})
        return Actor(
            who=" or ".join(names),
            how="removal leaves no owner; these wrote to the object since it was applied",
            actor_class=ManagerClass.UNKNOWN.value,
            between=Between(after=applied_at or self.created_at, before=""),
            source="managedFields",
            grade=Grade.D,
        )
