"""Which object stands for which resource, and which resources are gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeAlias

from drift_audit.interfaces import Absence, Correlation, Link, Undecided
from drift_audit.model.keys import ObjectKey, ResourceKey
from drift_audit.model.views import CloudScopeView
from drift_audit_gcp.doubts import Doubted, doubted, gaps_of, placeless, unlisted, unread
from drift_audit_gcp.families import FAMILIES
from drift_audit_gcp.family import Loss, Named
from drift_audit_gcp.fleet import Fleet, settled
from drift_audit_gcp.leftovers import find_leftovers
from drift_audit_gcp.placing import Placements, places_in
from drift_audit_gcp.subject import CloudIndex, index_scopes

Match: TypeAlias = Link | Absence | Doubted


def correlate_fleet(
    fleet: Fleet, clouds: Sequence[CloudScopeView], orphan_min_age: timedelta, now: datetime
) -> Correlation:
    """Links, absences, leftovers, and everything that could not be decided."""
    index = index_scopes(clouds)
    places = places_in(fleet, clouds)
    named = [each for family in FAMILIES for each in family.names(fleet)]
    matches = [match for each in named if each.loss for match in _matches(each, each.loss, places, index, now)]
    matches += chain.from_iterable(family.doubts(fleet, _links(matches), now) for family in FAMILIES)
    links = _with_reached(_links(matches), fleet, index)
    claimed = frozenset(link.resource for link in links) | _mentioned(named, index)
    leftovers, gaps = find_leftovers(fleet, places, clouds, claimed, orphan_min_age, now)
    doubts = list(dict.fromkeys(match for match in matches if isinstance(match, Doubted)))
    return Correlation(
        links=tuple(links),
        absences=tuple(match for match in matches if isinstance(match, Absence)),
        undecided=_undecided(doubts),
        leftovers=leftovers,
        gaps=(*gaps_of(doubts), *gaps),
        claimed=claimed,
    )


def _undecided(doubts: Sequence[Doubted]) -> tuple[Undecided, ...]:
    """Each object once, with the first reason: a GCPCluster names resources of many types."""
    first: dict[tuple[str, ObjectKey], Undecided] = {}
    for each in doubts:
        if each.whole:
            first.setdefault((each.management_cluster, each.object), each.undecided())
    return tuple(first.values())


def _matches(named: Named, loss: Loss, places: Placements, index: CloudIndex, now: datetime) -> Iterator[Match]:
    """The resource that the object names, its absence, or why neither can be said."""
    if named.cluster not in places.placed:
        yield doubted(named.object, named.cluster, placeless(named.cluster, places))
        return
    cloud = index.of_project(named.project)
    if cloud is None:
        yield doubted(named.object, named.cluster, unread(named.project, named.cluster))
        return
    link = Link(
        management_cluster=named.cluster.management_cluster,
        object=named.object.key,
        resource=_key(cloud, named.type, named.id),
        cluster=named.cluster,
    )
    if (named.type, named.id) in cloud.resources:
        yield link
    elif cloud.listed(named.type):
        yield Absence(
            link=link,
            path=named.path,
            detail="",
            severity=loss.severity,
            reaction=loss.reaction,
            next_steps=loss.next_steps,
            transitional=loss.transitional or not settled(named.object, now),
        )
    else:
        yield doubted(named.object, named.cluster, unlisted(cloud, named.type))


def _links(matches: Sequence[Match]) -> list[Link]:
    return [match for match in matches if isinstance(match, Link)]


def _with_reached(links: Sequence[Link], fleet: Fleet, index: CloudIndex) -> list[Link]:
    """The links, and those to everything that stands behind or beside their resources."""
    found = {(link.object, link.resource): link for link in links}
    waiting = list(links)
    while waiting:
        link = waiting.pop()
        view = index.views[link.resource.scope]
        reached = chain.from_iterable(
            chain(family.reaches(link, index), family.attachments(fleet, link, index)) for family in FAMILIES
        )
        for resource_type, resource_id in reached:
            resource = _key(view, resource_type, resource_id)
            if (resource_type, resource_id) in view.resources and (link.object, resource) not in found:
                further = found[link.object, resource] = replace(link, resource=resource)
                waiting.append(further)
    return list(found.values())


def _mentioned(named: Sequence[Named], index: CloudIndex) -> frozenset[ResourceKey]:
    """What objects name without that anything of it is compared, as far as it is there."""
    held = ((each, index.of_project(each.project)) for each in named)
    return frozenset(
        _key(view, each.type, each.id)
        for each, view in held
        if view is not None and (each.type, each.id) in view.resources
    )


def _key(view: CloudScopeView, resource_type: str, resource_id: str) -> ResourceKey:
    scope = view.scope
    return ResourceKey(scope.provider, scope.account, scope.region, resource_type, resource_id)
