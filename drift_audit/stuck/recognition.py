"""Which signatures an object shows, once they have lasted long enough for somebody to know."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import IntEnum

from drift_audit.clock import stamp
from drift_audit.model.findings import FindingKind
from drift_audit.model.health import Clock, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, Surroundings
from drift_audit.stuck.clocks import Limits, elapsed
from drift_audit.stuck.graph import CORE, is_control_plane_machine
from drift_audit.stuck.patience import limits_for
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.suspects import Trouble

AGGREGATES = ("Cluster", "MachineDeployment", "MachineSet", "MachinePool", "KubeadmControlPlane")
"""Kinds that are only as well as their Machines: as long as those make progress, they do."""


class Lateness(IntEnum):
    IN_TIME = 0
    LATE = 1
    """Somebody should know."""
    OVERDUE = 2
    """Somebody should act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A signature that an object shows."""

    signature: Signature
    sign: Sign
    subject: CapiObject
    since: str
    lateness: Lateness
    shown_by: tuple[CapiObject, ...]
    """The objects that show it: the subject itself, unless the cause is a shared one or sits elsewhere."""

    @property
    def stuck(self) -> bool:
        """True for what keeps something from happening; the other kinds stand beside it."""
        return self.signature.kind is FindingKind.STUCK


def hits_on(case: Case, table: Iterable[Signature], troubles: Sequence[Trouble]) -> list[Hit]:
    """What the object's own signs say: of what keeps it stuck the earliest layer, and why nothing replaces it; of
    everything else all.

    Where nothing has lasted long enough, a stop that somebody wanted is told all the same, as one that is in time.
    """
    rows = (row for row in table if row.among is None and applies(row, case.live))
    found = [hit for row in rows if (hit := _hit(row, case, troubles))]
    late = [hit for hit in found if hit.lateness]
    stuck = sorted((hit for hit in late if hit.stuck), key=lambda hit: hit.signature.layer)
    wanted = [hit for hit in found if hit.stuck and not hit.lateness and hit.signature.layer is Layer.INTENT]
    beside = next((hit for hit in stuck[1:] if hit.signature.layer is Layer.REMEDIATION), None)
    return [*(stuck or wanted)[:1], *((beside,) if beside else ()), *(hit for hit in late if not hit.stuck)]


def hits_everywhere(around: Surroundings, table: Iterable[Signature], suspects: Container[ObjectKey]) -> list[Hit]:
    """The signatures that are looked for on objects that look well, too; the suspects have been asked already."""
    wide = [row for row in table if row.everywhere]
    found = [
        hit
        for kind in (around.graph.kinds() if wide else ())
        if (rows := [row for row in wide if any(kind.endswith(pattern.lstrip("*")) for pattern in row.kinds)])
        for live in around.graph.of_kind(kind)
        if live.key not in suspects
        for row in rows
        if applies(row, live) and (hit := _hit(row, around.case(live), ())) and hit.lateness
    ]
    for row in table:
        if row.among is not None:
            chosen = (around.case(live) for live in row.among(around) if applies(row, live))
            found += [hit for case in chosen if (hit := _hit(row, case, ())) and hit.lateness]
    return found


def shared_causes(found: Sequence[Hit]) -> list[Hit]:
    """The same hits, those of a shared cause made one: on what the cause sits on, since the first of them."""
    one: dict[tuple[str, str], list[Hit]] = {}
    kept = []
    for hit in found:
        if hit.signature.shared:
            one.setdefault((hit.signature.id, hit.sign.variant), []).append(hit)
        else:
            kept.append(hit)
    return [*kept, *map(_merged, one.values())]


def _merged(hits: Sequence[Hit]) -> Hit:
    lead = min(hits, key=lambda hit: (hit.sign.subject is None, hit.since, hit.subject.key))
    proofs = dict.fromkeys(proof for hit in (lead, *hits) for proof in hit.sign.proofs)
    return replace(
        lead,
        sign=replace(lead.sign, proofs=tuple(proofs)[:_MOST_PROOFS]),
        since=min((hit.since for hit in hits if hit.since), default=""),
        lateness=max(hit.lateness for hit in hits),
        shown_by=tuple(sorted({live.key: live for hit in hits for live in hit.shown_by}.values(), key=_key)),
    )


_MOST_PROOFS = 8


def _key(live: CapiObject) -> ObjectKey:
    return live.key


def _hit(row: Signature, case: Case, troubles: Sequence[Trouble]) -> Hit | None:
    sign = row.looks(case)
    if sign is None:
        return None
    # Where nothing tells when it began, its age is that of the object, and nobody says "since".
    since = sign.since or min((each.since for each in troubles if each.since), default="")
    lateness = _against(row.limits or limits_for(case, row.clock), elapsed(since or case.live.created_at, case.now))
    subject = sign.subject or case.live
    return Hit(signature=row, sign=sign, subject=subject, since=since, lateness=lateness, shown_by=(case.live,))


def applies(row: Signature, live: CapiObject) -> bool:
    """Whether the row is about objects of this kind."""
    return any(_names(pattern, live) for pattern in row.kinds)


def _names(pattern: str, live: CapiObject) -> bool:
    if pattern.startswith("*") and pattern != "*":
        return live.kind.endswith(pattern[1:]) and live.key.group == f"infrastructure.{CORE}"
    return pattern in ("*", live.kind)


@dataclass(frozen=True, slots=True)
class Late:
    """The trouble of an object that is over its time the most."""

    lateness: Lateness
    trouble: Trouble
    all: tuple[Trouble, ...] = ()
    """Every trouble of it that is over its time."""


def late_objects(around: Surroundings, suspects: Mapping[ObjectKey, Sequence[Trouble]]) -> dict[ObjectKey, Late]:
    """The suspects that are not well for longer than they may be."""
    found = {}
    for key, troubles in suspects.items():
        case = around.case(around.graph.view.objects[key])
        progress = last_progress(case)
        judged = [(_how_late(case, trouble, progress), trouble) for trouble in troubles if not trouble.hint]
        lateness, trouble = max(judged, key=lambda each: each[0], default=(Lateness.IN_TIME, troubles[0]))
        if lateness:
            found[key] = Late(lateness, trouble, tuple(each for late, each in judged if late))
    return found


def _how_late(case: Case, trouble: Trouble, progress: str) -> Lateness:
    return _against(trouble.limits or limits_for(case, trouble.clock), elapsed(max(trouble.since, progress), case.now))


def _against(limits: Limits, lasted: timedelta | None) -> Lateness:
    """A moment that nobody can read excuses nothing."""
    if lasted is None or lasted >= limits.critical:
        return Lateness.OVERDUE
    return Lateness.LATE if lasted >= limits.warn else Lateness.IN_TIME


def last_progress(case: Case) -> str:
    """When the Machine changed its phase last, or for an aggregate, one below it; empty when there is none.

    Conditions of v1beta2 keep their time while only their reason changes: that of a Machine's Node is as old as the
    Machine, whatever it has been waiting for.
    """
    if case.live.kind == "Machine":
        return text(case.live.status.get("lastUpdated"))
    if case.live.kind not in AGGREGATES:
        return ""
    moments: list[str] = []
    waiting, seen = [case.live], {case.live.key}
    while waiting:
        for child in case.graph.below(waiting.pop()):
            if child.key in seen:
                continue
            seen.add(child.key)
            if child.kind == "Machine":
                moments += [child.created_at, text(child.status.get("lastUpdated"))]
                if _is_on_its_way(case.other(child)):
                    return stamp(case.now)
            elif child.kind in AGGREGATES:
                waiting.append(child)
    return max(moments, default="")


def _is_on_its_way(case: Case) -> bool:
    """A Machine that starts, within its time; of a control plane, also while its components start on the new Node."""
    phase = text(case.live.status.get("phase"))
    clock = _ON_ITS_WAY.get(phase) or (
        Clock.MACHINE_PROVISIONED if phase == "Running" and is_control_plane_machine(case.live) else None
    )
    entered = text(case.live.status.get("lastUpdated")) or case.live.created_at
    return clock is not None and _against(limits_for(case, clock), elapsed(entered, case.now)) is Lateness.IN_TIME


_ON_ITS_WAY = {
    "Pending": Clock.MACHINE_PENDING,
    "Provisioning": Clock.MACHINE_PROVISIONING,
    "Provisioned": Clock.MACHINE_PROVISIONED,
}
