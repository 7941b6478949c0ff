"""Which object stands for which resource, and which resources are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeAlias

from drift_audit.interfaces import Absence, Correlation, Link, Undecided
from drift_audit.model.keys import CloudScope, ClusterKey, ObjectKey, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.doubts import Doubted, assumed, doubted, gaps_of, placeless, unlisted
from drift_audit_aws.families import ATTACHMENTS, DETAILS, FAMILIES, REACHES
from drift_audit_aws.family import Loss, Named
from drift_audit_aws.fleet import Fleet, settled
from drift_audit_aws.leftovers import find_leftovers
from drift_audit_aws.placing import Placements, places_in
from drift_audit_aws.subject import CloudIndex, index_scopes

Match: TypeAlias = Link | Absence | Doubted


def correlate_fleet(
    fleet: Fleet, clouds: Sequence[CloudScopeView], orphan_min_age: timedelta, now: datetime
) -> Correlation:
    """Links, absences, leftovers, and everything that could not be decided."""
    by_scope = index_scopes(clouds)
    places = places_in(fleet, clouds)
    named = [each for family in FAMILIES for each in family.names(fleet)]
    matches = [match for each in named if each.loss for match in _matches(each, each.loss, places, by_scope, now)]
    matches += chain.from_iterable(family.doubts(fleet, _links(matches), now) for family in FAMILIES)
    matches = list(_without_assumptions(matches, fleet, places))
    links = _with_reached(_links(matches), fleet, by_scope)
    claimed = _with_details(frozenset(link.resource for link in links) | _mentioned(named, places, by_scope))
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
    """Each object once, with the first reason: an AWSCluster names resources of many types."""
    first: dict[tuple[str, ObjectKey], Undecided] = {}
    for each in doubts:
        if each.whole:
            first.setdefault((each.management_cluster, each.object), each.undecided())
    return tuple(first.values())


def _matches(
    named: Named, loss: Loss, places: Placements, clouds: Mapping[CloudScope, CloudIndex], now: datetime
) -> Iterator[Match]:
    """The resource that the object names, its absence, or why neither can be said."""
    placement = places.placed.get(named.cluster)
    if placement is None:
        yield doubted(named.object, named.cluster, placeless(named.cluster, places))
        return
    cloud = clouds[placement.scope].holding(named.type)
    if cloud is None:
        yield doubted(named.object, named.cluster, unlisted(clouds[placement.scope].view, named.type))
        return
    link = Link(
        management_cluster=named.cluster.management_cluster,
        object=named.object.key,
        resource=_key(cloud.scope, named.type, named.id),
        cluster=named.cluster,
    )
    found = cloud.resources.get((named.type, named.id))
    if found is not None and not loss.gone(found):
        yield link
    elif found is not None or cloud.listed(named.type):
        yield _absence(named, loss, link, found, now)
    else:
        yield doubted(named.object, named.cluster, unlisted(cloud, named.type))


def _absence(named: Named, loss: Loss, link: Link, found: CloudResource | None, now: datetime) -> Absence:
    return Absence(
        link=link,
        path=named.path,
        detail=loss.detail(found) if found is not None else "",
        severity=loss.severity,
        reaction=loss.reaction_when_gone if found is not None and loss.reaction_when_gone else loss.reaction,
        next_steps=loss.next_steps,
        transitional=loss.transitional or (found is None and not settled(named.object, now)),
    )


def _links(matches: Sequence[Match]) -> list[Link]:
    return [match for match in matches if isinstance(match, Link)]


def _with_reached(links: Sequence[Link], fleet: Fleet, clouds: Mapping[CloudScope, CloudIndex]) -> list[Link]:
    """The links, and those to everything that stands behind their resources."""
    found = {(link.object, link.resource): link for link in links}
    waiting = list(links)
    while waiting:
        link = waiting.pop()
        scope = link.resource.scope
        index = clouds[scope]
        behind = chain.from_iterable([reaches(link, index) for reaches in REACHES])
        beside = chain.from_iterable([attachments(fleet, link, index) for attachments in ATTACHMENTS])
        for reached in chain(behind, beside):
            resource = _key(scope, *reached)
            if (link.object, resource) not in found:
                further = found[link.object, resource] = replace(link, resource=resource)
                waiting.append(further)
    return list(found.values())


def _with_details(claimed: frozenset[ResourceKey]) -> frozenset[ResourceKey]:
    further = (replace(key, type=kind) for key in claimed for kind in DETAILS.get(key.type, ()))
    return claimed | frozenset(further)


def _mentioned(
    named: Sequence[Named], places: Placements, clouds: Mapping[CloudScope, CloudIndex]
) -> frozenset[ResourceKey]:
    """What objects name without that anything of it is compared, as far as it is there."""
    placed = ((each, places.placed[each.cluster].scope) for each in named if each.cluster in places.placed)
    held = ((each, clouds[scope].holding(each.type)) for each, scope in placed)
    return frozenset(
        _key(view.scope, each.type, each.id)
        for each, view in held
        if view is not None and (each.type, each.id) in view.resources
    )


def _without_assumptions(matches: Sequence[Match], fleet: Fleet, places: Placements) -> Iterator[Match]:
    """Takes back the absences of clusters whose account is only assumed and of which nothing was found.

    What the configuration says proves nothing about the account of the controller: read in the wrong account, the
    whole cluster would look missing, or, while it is young, on its way. One that is being deleted may be gone.
    """
    seen = {match.cluster for match in matches if isinstance(match, Link)}
    seen |= {key for key, cluster in fleet.clusters.items() if cluster.deleting}
    for match in matches:
        if isinstance(match, Absence):
            key: ClusterKey = match.link.cluster
            placement = places.placed.get(key)
            if placement is not None and placement.assumed and key not in seen:
                yield Doubted(
                    management_cluster=match.link.management_cluster,
                    object=match.link.object,
                    cluster=key,
                    doubt=assumed(placement, key),
                )
                continue
        yield match


def _key(scope: CloudScope, resource_type: str, resource_id: str) -> ResourceKey:
    return ResourceKey(scope.provider, scope.account, scope.region, resource_type, resource_id)
