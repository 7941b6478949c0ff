"""What is read of a workload cluster that is reached: kind by kind, so that one that is refused costs no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

from drift_audit.collect.cluster.discovery import ServedKind
from drift_audit.collect.cluster.parsing import RawObject
from drift_audit.collect.kinds import DISRUPTION_BUDGET, EVENT, NODE, POD, SIGNING_REQUEST, VOLUME_ATTACHMENT
from drift_audit.collect.looking import METADATA, Looker, Part, Reading, Wanted
from drift_audit.collect.said import event_of, merged
from drift_audit.collect.workload.pods import trouble_of, well_at_a_glance
from drift_audit.model.health import Event
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import dig, mapping, sequence

SYSTEM = "kube-system"
MOST_EVENTS = 300

KEPT: Mapping[ServedKind, Wanted] = {
    NODE: {
        "metadata": {**METADATA, "annotations": None},
        "spec": None,
        "status": dict.fromkeys(
            ("conditions", "addresses", "capacity", "allocatable", "nodeInfo", "volumesAttached", "volumesInUse")
        ),
    },
    DISRUPTION_BUDGET: {"spec": None, "status": None},
    VOLUME_ATTACHMENT: {
        "spec": None,
        "status": dict.fromkeys(("attached", "attachError", "detachError")),
    },
    SIGNING_REQUEST: {"spec": dict.fromkeys(("signerName", "username", "groups", "usages")), "status": {}},
    POD: {
        "spec": {"nodeName": None, "priorityClassName": None},
        "status": dict.fromkeys(
            ("phase", "reason", "message", "conditions", "startTime", "initContainerStatuses", "containerStatuses")
        ),
    },
}
"""Of each kind what is kept. What runs in containers is the users' business, and may hold their secrets."""


@dataclass(slots=True)
class Contents:
    """What was found."""

    objects: list[CapiObject] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)
    pods: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: tuple[Event, ...] = ()


def read_nodes(looker: Looker, contents: Contents) -> Part:
    """The Nodes: asked for first, since what keeps them from being read keeps everything else from it."""
    part, found = _read(looker, contents, NODE)
    part.end()
    contents.objects += found
    return part


def read_others(looker: Looker, contents: Contents, pool: Executor) -> list[Part]:
    """Everything but the Nodes."""
    reading = Reading(pool)
    contents.objects += reading.all(
        [
            *(partial(_read, looker, contents, kind) for kind in (DISRUPTION_BUDGET, VOLUME_ATTACHMENT)),
            partial(_read, looker, contents, SIGNING_REQUEST),
            partial(_read_pods, looker, contents),
        ]
    )
    warnings = reading.all([partial(_read_events, looker, contents)])
    newest = sorted(merged(warnings), key=lambda event: event.last)[-MOST_EVENTS:]
    contents.events = merged(newest)
    return reading.parts


def _read(looker: Looker, contents: Contents, kind: ServedKind) -> tuple[Part, list[CapiObject]]:
    part = looker.part(kind.kind)
    found = looker.listed(part, kind, keep=_pending if kind is SIGNING_REQUEST else None)
    if not part.gaps:
        contents.listed.add(kind.kind)
    return part, [looker.kept(kind, raw, KEPT[kind]) for raw in found]


def _pending(raw: RawObject) -> RawObject:
    """The request, unless somebody has decided it."""
    return {} if sequence(dig(raw, "status", "conditions")) else raw


def _read_pods(looker: Looker, contents: Contents) -> tuple[Part, list[CapiObject]]:
    """Those of kube-system that are not well; of all others only how many there are of which trouble."""
    part = looker.part(POD.kind)
    now = looker.clock()
    troubles: dict[tuple[str, str], str] = {}

    def keep(raw: RawObject) -> RawObject:
        trouble = trouble_of(raw, now)
        namespace, name = raw["metadata"].get("namespace", ""), raw["metadata"]["name"]
        if trouble:
            troubles[namespace, name] = trouble
        return raw if trouble and namespace == SYSTEM else {}

    found = looker.listed(part, POD, keep=keep, glance=well_at_a_glance)
    contents.pods = Counter((namespace, trouble) for (namespace, _), trouble in troubles.items())
    if not part.gaps:
        contents.listed.add(POD.kind)
    return part, [looker.kept(POD, raw, KEPT[POD]) for raw in found]


def _read_events(looker: Looker, contents: Contents) -> tuple[Part, list[Event]]:
    """Warnings about Nodes and about kube-system; what users' own programs do is theirs."""
    part = looker.part(EVENT.kind)
    found = looker.listed(part, EVENT, fields="type=Warning", keep=_of_the_system)
    if not part.gaps:
        contents.listed.add(EVENT.kind)
    events = (event_of(raw, looker.masker) for raw in found)
    return part, [event for event in events if event is not None]


def _of_the_system(raw: RawObject) -> RawObject:
    about = mapping(raw.get("involvedObject"))
    return raw if about.get("namespace") in (SYSTEM, None, "") or about.get("kind") == "Node" else {}
