"""From what is not well to what it comes from.

Each object that is not well is asked for the signatures that it shows. The earliest layer wins, because each layer
hides the ones after it; a cause that covers what lies below its object takes that with it; who only waits is not to
blame, and what it waits for is. Where no signature speaks, the deepest object that is not well is named, and that
nothing explains it. What an owner repeats of its children is never a cause: no signature reads it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.findings import Severity
from drift_audit.model.health import Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.case import Proof, Surroundings, said_by
from drift_audit.stuck.recognition import Hit, Late, hits_everywhere, hits_on, late_objects, shared_causes
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.suspects import Trouble

Suspects = Mapping[ObjectKey, Sequence[Trouble]]

UNEXPLAINED = Signature(
    id="UNEXPLAINED",
    layer=Layer.REMEDIATION,
    severity=Severity.MEDIUM,
    title="Something takes longer than it may, and nothing says why",
    kinds=("*",),
    looks=lambda case: None,
    mechanism="No condition, event or log line that was read names a cause.",
    next_steps=(
        "Look at it: `kubectl -n {namespace} describe {kind} {name}`.",
        "Read the log of the controller that reconciles {kind}, for `{name}`.",
    ),
    source="no signature matched",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One cause on one object, and all that comes of it."""

    hit: Hit
    way: tuple[tuple[CapiObject, Trouble | None], ...]
    """From the subject up to the alarm: what is not well, and what is wrong with it."""
    affected: frozenset[ObjectKey] = frozenset()
    """What else is not well because of it."""


def find_incidents(around: Surroundings, suspects: Suspects, table: Sequence[Signature]) -> list[Incident]:
    """Every cause among the suspects, and what signatures that are looked for everywhere say."""
    told = [
        hit for key, troubles in suspects.items() for hit in hits_on(around.case(_live(around, key)), table, troubles)
    ]
    told += hits_everywhere(around, table, suspects)
    found = [hit for hit in told if hit.lateness]
    wanted = [hit for hit in told if not hit.lateness]
    waiting = [hit for hit in found if any(key in suspects for key in hit.sign.waits_for)]
    uncovered = _uncovered([hit for hit in found if hit not in waiting], around)
    causes = shared_causes(_without_consequences(uncovered, around))
    late = late_objects(around, suspects)
    causes += _unexplained(late, [*causes, *waiting, *wanted], around, suspects)
    victims = _victims(causes, waiting, around, suspects)
    accounted = victims.keys() | {key for keys in victims.values() for key in keys}
    if in_circles := _in_circles([hit for hit in waiting if hit.subject.key not in accounted], suspects):
        causes += in_circles
        victims = _victims(causes, [hit for hit in waiting if hit not in in_circles], around, suspects)
    return [
        Incident(
            hit=hit,
            way=tuple((live, _worst(live.key, suspects, late)) for live in _way(hit, around, suspects)),
            affected=frozenset(victims[hit.subject.key]) if hit.stuck else frozenset(),
        )
        for hit in causes
    ]


def _way(hit: Hit, around: Surroundings, suspects: Suspects) -> list[CapiObject]:
    """From what the cause sits on, by the first object that shows it, up to the alarm."""
    way = [
        live for live in around.graph.way_up(hit.shown_by[0]) if live.key in suspects and live.key != hit.subject.key
    ]
    return [hit.subject, *way]


def _live(around: Surroundings, key: ObjectKey) -> CapiObject:
    return around.graph.view.objects[key]


def _worst(key: ObjectKey, suspects: Suspects, late: Mapping[ObjectKey, Late]) -> Trouble | None:
    if key in late:
        return late[key].trouble
    return suspects[key][0] if key in suspects else None


def _uncovered(found: Sequence[Hit], around: Surroundings) -> list[Hit]:
    """Without what a cause of an earlier layer explains from above."""
    covers: dict[ObjectKey, Layer] = {}
    for hit in found:
        if hit.signature.covers:
            for live in hit.shown_by:
                covers[live.key] = min(hit.signature.layer, covers.get(live.key, hit.signature.layer))
    return [
        hit
        for hit in found
        if not any(
            live.key in covers and covers[live.key] < hit.signature.layer
            for shown in hit.shown_by
            for live in _over(shown, around)
        )
    ]


def _without_consequences(found: Sequence[Hit], around: Surroundings) -> list[Hit]:
    """Without what a Machine shows because of its own infrastructure or bootstrap: an earlier layer, right below it."""
    layers: dict[ObjectKey, Layer] = {}
    for hit in found:
        if hit.stuck:
            layers[hit.subject.key] = min(hit.signature.layer, layers.get(hit.subject.key, hit.signature.layer))
    return [hit for hit in found if hit.subject.kind != "Machine" or not _layers_below(hit, layers, around)]


def _layers_below(hit: Hit, layers: Mapping[ObjectKey, Layer], around: Surroundings) -> list[Layer]:
    """The earlier layers that have a cause right below the object."""
    below = (layers.get(each.key) for each in around.graph.below(hit.subject))
    return [layer for layer in below if layer is not None and layer < hit.signature.layer]


def _over(live: CapiObject, around: Surroundings) -> list[CapiObject]:
    """What an object depends on from above: itself, its owners, its Cluster, and that one's infrastructure."""
    way = around.graph.way_up(live)
    beside = around.graph.infrastructure(around.graph.cluster(live))
    return way if beside is None or beside in way else [*way, beside]


def _unexplained(
    late: Mapping[ObjectKey, Late],
    told: Collection[Hit],
    around: Surroundings,
    suspects: Suspects,
) -> list[Hit]:
    """The deepest objects that are late and that nothing that was told accounts for."""
    known = {live.key for hit in told if hit.stuck for live in hit.shown_by}
    covering = {live.key for hit in told if hit.signature.covers for live in hit.shown_by}
    found = []
    for key, over in late.items():
        live = _live(around, key)
        below = _sick_below(live, around, suspects)
        if known & {key, *below} or late.keys() & below or _only_repeats(over, below, suspects):
            continue
        if covering & {each.key for each in _over(live, around)}:
            continue
        found.append(_without_a_name(live, over))
    return found


def _only_repeats(over: Late, below: Collection[ObjectKey], suspects: Suspects) -> bool:
    """True where every trouble that is late names one below that is not well, and whose own clocks decide."""
    judged = {key.name for key in below if any(not trouble.hint for trouble in suspects[key])}
    return all(
        trouble.condition is not None
        and not judged.isdisjoint(re.findall(r"[\w.-]+", _entries(trouble.condition.message)))
        for trouble in over.all
    )


def _entries(message: str) -> str:
    """The entries of a message that is a list, as aggregated conditions have them: `* Machine one-abc:`."""
    return "\n".join(line for line in message.splitlines() if line.lstrip().startswith("* "))


def _without_a_name(live: CapiObject, late: Late) -> Hit:
    trouble = late.trouble
    proof = said_by(trouble.condition).proof if trouble.condition else Proof("time", trouble.fact)
    sign = Sign(fact=trouble.fact, since=trouble.since, proofs=(proof,), variant=f"{live.kind} {trouble.clock}")
    since, lateness = trouble.since, late.lateness
    return Hit(signature=UNEXPLAINED, sign=sign, subject=live, since=since, lateness=lateness, shown_by=(live,))


def _sick_below(live: CapiObject, around: Surroundings, suspects: Suspects) -> set[ObjectKey]:
    """Everything below that is not well, also where what stands between looks well."""
    seen = {live.key}
    waiting = [live]
    while waiting:
        for each in around.graph.below(waiting.pop()):
            if each.key not in seen:
                seen.add(each.key)
                waiting.append(each)
    return {key for key in seen if key in suspects} - {live.key}


def _in_circles(waiting: Iterable[Hit], suspects: Suspects) -> list[Hit]:
    """Those that wait for each other and for nothing else: no cause stands outside, and nobody would be told."""
    targets: dict[ObjectKey, set[ObjectKey]] = defaultdict(set)
    for hit in waiting:
        targets[hit.subject.key] |= {key for key in hit.sign.waits_for if key in suspects}
    while outward := {key for key, wanted in targets.items() if wanted - targets.keys()}:
        for key in outward:
            del targets[key]
    return [hit for hit in waiting if hit.stuck and hit.subject.key in _reached(hit.subject.key, targets)]


def _reached(start: ObjectKey, targets: Mapping[ObjectKey, set[ObjectKey]]) -> set[ObjectKey]:
    """What one that waits comes to, from target to target."""
    seen: set[ObjectKey] = set()
    ahead = list(targets.get(start, ()))
    while ahead:
        if (key := ahead.pop()) not in seen:
            seen.add(key)
            ahead += targets.get(key, ())
    return seen


def _under(suspects: Suspects, around: Surroundings) -> Mapping[ObjectKey, set[ObjectKey]]:
    """By each object, the suspects that depend on it from above."""
    found: dict[ObjectKey, set[ObjectKey]] = defaultdict(set)
    for key in suspects:
        for live in _over(_live(around, key), around):
            found[live.key].add(key)
    return found


def _victims(
    causes: Collection[Hit], waiting: Iterable[Hit], around: Surroundings, suspects: Suspects
) -> Mapping[ObjectKey, set[ObjectKey]]:
    """By the object of each cause, what is not well because of it: above it, below it where the cause covers that,
    and what waits for either."""
    found: dict[ObjectKey, set[ObjectKey]] = defaultdict(set)
    under = _under(suspects, around) if any(hit.signature.covers for hit in causes) else {}
    for hit in causes:
        if not hit.stuck:
            continue
        mine = found[hit.subject.key]
        for shown in hit.shown_by:
            mine |= {live.key for live in around.graph.way_up(shown) if live.key in suspects}
            if hit.signature.covers:
                mine |= _sick_below(shown, around, suspects) | under.get(shown.key, set())
        mine |= _who_wait_for({hit.subject.key, *mine}, waiting, around, suspects)
        mine.discard(hit.subject.key)
    return found


def _who_wait_for(
    these: Collection[ObjectKey], waiting: Iterable[Hit], around: Surroundings, suspects: Suspects
) -> set[ObjectKey]:
    """Who waits for one of these, or for one who does, with what suffers from that."""
    found = set(these)
    rest = list(waiting)
    while some := [hit for hit in rest if found & set(hit.sign.waits_for)]:
        rest = [hit for hit in rest if hit not in some]
        found |= {live.key for hit in some for live in around.graph.way_up(hit.subject) if live.key in suspects}
    return found
