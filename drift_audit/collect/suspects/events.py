"""Events of the suspects: asked for one by one while they are few, else by one list of their namespace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from drift_audit.collect.cluster.parsing import RawObject
from drift_audit.collect.kinds import EVENT
from drift_audit.collect.looking import Looker, Part, PartRead
from drift_audit.collect.said import event_of
from drift_audit.model.health import Event
from drift_audit.model.keys import ObjectKey
from drift_audit.model.values import dig, text

INSTEAD = "set closer_look.events: false, to do without events"
FEW = 4
"""Up to so many objects of a namespace are asked for one by one. The server has no index by object: each question
walks through all events of the namespace, and only the way to us is shorter."""
_OF_NO_NAMESPACE = "default"
"""Where events about objects without a namespace are kept (client-go, tools/record/event.go)."""

Uids = Mapping[ObjectKey, str]


def event_reads(looker: Looker, objects: Collection[ObjectKey], uids: Uids) -> list[PartRead[Event]]:
    """One job for each namespace that the objects are in."""
    by_namespace: dict[str, list[ObjectKey]] = defaultdict(list)
    for key in sorted(objects):
        by_namespace[key.namespace or _OF_NO_NAMESPACE].append(key)
    return [
        partial(_events_in, looker, namespace, keys, uids, whole=len(by_namespace) == 1)
        for namespace, keys in by_namespace.items()
    ]


def _events_in(
    looker: Looker, namespace: str, keys: Sequence[ObjectKey], uids: Uids, *, whole: bool
) -> tuple[Part, list[Event]]:
    part = looker.part("Event" if whole else f"Event in {namespace}", INSTEAD)
    wanted = frozenset(keys)
    found = _one_by_one(looker, part, namespace, keys) if len(keys) <= FEW else _all(looker, part, namespace, wanted)
    events = (event_of(raw, looker.masker) for raw in found if _is_of_this_life(raw, keys, uids))
    return part, [event for event in events if event is not None and event.object in wanted]


def _one_by_one(looker: Looker, part: Part, namespace: str, keys: Sequence[ObjectKey]) -> Iterator[RawObject]:
    for key in keys:
        fields = f"involvedObject.kind={key.kind},involvedObject.name={key.name}"
        yield from looker.listed(part, EVENT, namespace=namespace, fields=fields)


def _all(looker: Looker, part: Part, namespace: str, wanted: frozenset[ObjectKey]) -> list[RawObject]:
    names = {(key.kind, key.name) for key in wanted}

    def keep(raw: RawObject) -> RawObject:
        about = text(dig(raw, "involvedObject", "kind")), text(dig(raw, "involvedObject", "name"))
        return raw if about in names else {}

    return looker.listed(part, EVENT, namespace=namespace, keep=keep)


def _is_of_this_life(raw: RawObject, keys: Sequence[ObjectKey], uids: Uids) -> bool:
    """False for events of an object of that name that is no more."""
    told = text(dig(raw, "involvedObject", "uid"))
    kind, name = text(dig(raw, "involvedObject", "kind")), text(dig(raw, "involvedObject", "name"))
    known = {uids.get(key, "") for key in keys if (key.kind, key.name) == (kind, name)} - {""}
    return not told or not known or told in known
