"""What objects name and no listing shows, asked for by its id: only a 404 to that says that it is not there.

Of machines that objects name, their interfaces and disks are wanted too. On a healthy fleet nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from drift_audit.model.keys import CloudScope
from drift_audit.model.objects import CloudResource
from drift_audit_azure.arm_ids import group_of, subscription_of
from drift_audit_azure.inventory import looked_up
from drift_audit_azure.machine_parts import parts_of
from drift_audit_azure.refusals import FAILURES, GONE, ArmRefusal, Refusal, refusal
from drift_audit_azure.resource_types import BY_WORD, VIRTUAL_MACHINE
from drift_audit_azure.session import SubscriptionSession

Resources = Mapping[tuple[str, str], CloudResource]


@dataclass(slots=True)
class Lookup:
    """What came of it."""

    found: dict[tuple[str, str], CloudResource] = field(default_factory=dict)
    answered: frozenset[tuple[str, str]] = frozenset()
    """Those that are there, and those of which Azure said that they are not."""
    problems: dict[str, Refusal] = field(default_factory=dict)
    """The first refusal of each type."""
    calls: int = 0


def look_up(
    session: SubscriptionSession,
    scope: CloudScope,
    before: Resources,
    names: Mapping[str, Sequence[str]],
    most: int,
    *,
    only_named: bool = False,
) -> Lookup:
    """Everything named that was not found before, at most so many; then the parts of the machines."""
    lookup, calls = Lookup(), session.meter.calls
    named = [(kind, each) for kind in BY_WORD for each in names.get(kind, ()) if (kind, each) not in before]
    _ask(session, scope, named, most, lookup)
    if not only_named:
        machines = {(VIRTUAL_MACHINE, each) for each in names.get(VIRTUAL_MACHINE, ())}
        wanted = [part for part in _parts({**before, **lookup.found}, machines) if part not in before]
        _ask(session, scope, wanted, most, lookup)
    lookup.calls = session.meter.calls - calls
    return lookup


def _parts(known: Resources, machines: Set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for key in sorted(machines):
        if key in known:
            yield from parts_of(known[key])


def _ask(
    session: SubscriptionSession, scope: CloudScope, wanted: Sequence[tuple[str, str]], most: int, lookup: Lookup
) -> None:
    refused: set[tuple[str, str]] = set()
    for place, (kind, identifier) in enumerate(dict.fromkeys(wanted)):
        if place >= most:
            lookup.problems.setdefault(kind, _too_many(most))
            continue
        place_of_it = (kind, group_of(identifier))
        if place_of_it in refused:
            continue
        if subscription_of(identifier) != scope.account:
            lookup.problems.setdefault(kind, _elsewhere(identifier))
            continue
        try:
            found = looked_up(session, scope, BY_WORD[kind], identifier)
        except FAILURES as error:
            if isinstance(error, ArmRefusal) and error.status == GONE:
                lookup.answered |= {(kind, identifier)}
                continue
            lookup.problems.setdefault(kind, refusal(error, BY_WORD[kind].action, scope.account))
            refused.add(place_of_it)
            continue
        lookup.found.update({(each.key.type, each.key.id): each for each in found})
        lookup.answered |= {(kind, identifier)}


def _too_many(most: int) -> Refusal:
    return Refusal(
        code="",
        reason=f"more than {most} resources that objects name stand in no listing, and were not all looked up",
        remedy="Let the audit's identity read all resource groups of the fleet, or raise clouds.azure.max_lookups.",
    )


def _elsewhere(identifier: str) -> Refusal:
    return Refusal(
        code="",
        reason=f"{identifier} is in another subscription than the cluster, and was not looked up",
        remedy="Compare it by hand: a cluster is read in one subscription.",
    )
