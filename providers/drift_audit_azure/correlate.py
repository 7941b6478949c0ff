"""Which object stands for which resource, and which resources are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from drift_audit.interfaces import Absence, Correlation, Link, Undecided
from drift_audit.model.keys import CloudScope, ObjectKey, ResourceKey
from drift_audit.model.views import CloudScopeView
from drift_audit_azure.arm_ids import subscription_of
from drift_audit_azure.doubts import Doubted, assumed, doubted, elsewhere, gaps_of, ownerless, placeless, unlisted
from drift_audit_azure.family import Named
from drift_audit_azure.fleet import Fleet, settled
from drift_audit_azure.leftovers import find_leftovers
from drift_audit_azure.machine_parts import parts_of
from drift_audit_azure.names import mentioned_ids, named_resources
from drift_audit_azure.placing import Placements, places_in
from drift_audit_azure.resource_types import VIRTUAL_MACHINE

Match: TypeAlias = Link | Absence | Doubted
_Clouds: TypeAlias = Mapping[CloudScope, CloudScopeView]


def correlate_fleet(
    fleet: Fleet, clouds: Sequence[CloudScopeView], orphan_min_age: timedelta, now: datetime
) -> Correlation:
    """Links, absences, leftovers, and everything that could not be decided."""
    by_scope = {cloud.scope: cloud for cloud in clouds}
    places = places_in(fleet, clouds)
    named = list(named_resources(fleet, places))
    matches = [_match(each, places, by_scope, now) for each in named]
    matches += _unnamed(fleet, places, now)
    matches = list(_without_assumptions(matches, fleet, places))
    reached = list(_reached(matches, by_scope))
    matches += reached
    links = [match for match in matches if isinstance(match, Link)]
    mentions = (
        _key(places.placed[key].scope, kind, identifier) for key, kind, identifier in mentioned_ids(fleet, places)
    )
    claimed = frozenset((*(link.resource for link in links), *mentions))
    leftovers, gaps = find_leftovers(fleet, places, clouds, claimed, orphan_min_age, now)
    doubts = list(dict.fromkeys(match for match in matches if isinstance(match, Doubted)))
    return Correlation(
        links=tuple(dict.fromkeys(links)),
        absences=tuple(match for match in matches if isinstance(match, Absence)),
        undecided=_undecided(doubts),
        leftovers=leftovers,
        gaps=(*gaps_of(doubts), *gaps),
        claimed=claimed,
    )


def _match(named: Named, places: Placements, clouds: _Clouds, now: datetime) -> Match:
    """The resource that the object names, its absence, or why neither can be said."""
    placement = places.placed.get(named.cluster)
    if placement is None:
        return doubted(named.object, named.cluster, placeless(named.cluster, places))
    cloud = clouds[placement.scope]
    if subscription_of(named.id) != placement.scope.account:
        return doubted(named.object, named.cluster, elsewhere(str(placement.scope), named.id))
    link = Link(
        management_cluster=named.cluster.management_cluster,
        object=named.object.key,
        resource=_key(cloud.scope, named.type, named.id),
        cluster=named.cluster,
    )
    if (named.type, named.id) in cloud.resources:
        return link
    if not cloud.listed(named.type):
        return doubted(named.object, named.cluster, unlisted(cloud, named.type))
    return Absence(
        link=link,
        path=named.path,
        detail="",
        severity=named.loss.severity,
        reaction=named.loss.reaction,
        next_steps=named.loss.next_steps,
        transitional=named.loss.transitional or not settled(named.object, now),
    )


def _unnamed(fleet: Fleet, places: Placements, now: datetime) -> Iterator[Doubted]:
    """Machines of no known place, and those whose role nobody can tell."""
    for (management_cluster, _), machine in fleet.machines.items():
        if not machine.vm_id and machine.cluster_key not in places.placed and settled(machine.object, now):
            yield doubted(machine.object, machine.cluster_key, placeless(machine.cluster_key, places))
        elif machine.machine is None and machine.vm_id:
            yield doubted(machine.object, machine.cluster_key, ownerless(management_cluster), whole=False)
    for key, cluster in fleet.clusters.items():
        if key not in places.placed:
            yield doubted(cluster.infra, key, placeless(key, places))


def _reached(matches: Sequence[Match], clouds: _Clouds) -> Iterator[Match]:
    """Links to the interfaces and disks of linked machines; a doubt for those that nobody was allowed to read."""
    for link in [match for match in matches if isinstance(match, Link)]:
        if link.resource.type != VIRTUAL_MACHINE:
            continue
        cloud = clouds[link.resource.scope]
        for kind, identifier in parts_of(cloud.resources[VIRTUAL_MACHINE, link.resource.id]):
            if (kind, identifier) in cloud.resources:
                yield replace(link, resource=_key(cloud.scope, kind, identifier))
            elif not cloud.listed(kind):
                yield Doubted(
                    management_cluster=link.management_cluster,
                    object=link.object,
                    cluster=link.cluster,
                    doubt=unlisted(cloud, kind),
                    whole=False,
                )


def _without_assumptions(matches: Sequence[Match], fleet: Fleet, places: Placements) -> Iterator[Match]:
    """Takes back the absences of clusters whose subscription is only assumed and of which nothing was found."""
    seen = {match.cluster for match in matches if isinstance(match, Link)}
    seen |= {key for key, cluster in fleet.clusters.items() if cluster.deleting}
    for match in matches:
        key = match.link.cluster if isinstance(match, Absence) else None
        placement = places.placed.get(key) if key is not None else None
        if isinstance(match, Absence) and key and placement and placement.assumed and key not in seen:
            yield Doubted(
                management_cluster=match.link.management_cluster,
                object=match.link.object,
                cluster=key,
                doubt=assumed(placement, key),
            )
        else:
            yield match


def _undecided(doubts: Sequence[Doubted]) -> tuple[Undecided, ...]:
    """Each object once, with the first reason: an AzureCluster names resources of many types."""
    first: dict[tuple[str, ObjectKey], Undecided] = {}
    for each in doubts:
        if each.whole:
            first.setdefault((each.management_cluster, each.object), each.undecided())
    return tuple(first.values())


def _key(scope: CloudScope, resource_type: str, identifier: str) -> ResourceKey:
    return ResourceKey(scope.provider, scope.account, scope.region, resource_type, identifier)
