"""Which (account, region) scopes the fleet lives in, and which of its clusters cannot be placed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from drift_audit.interfaces import ScopePlan, ScopeRequest
from drift_audit.model.keys import CloudScope, ClusterKey
from drift_audit.model.views import Gap, ScopeStatus, View
from drift_audit_aws.families import FAMILIES
from drift_audit_aws.fleet import AwsCluster, Fleet
from drift_audit_aws.placing import PROVIDER, Placements, place
from drift_audit_aws.resource_types import ACCOUNT_WIDE
from drift_audit_aws.settings import AwsSettings

VPC_HINT = "vpc"
ACCOUNT_WIDE_HINT = "account-wide"
"""Set for the one scope of each account in which what the account has only once is read."""

_LATER_ROSA = "ROSA clusters are not audited"

_LATER: tuple[tuple[str, str], ...] = (("ROSAControlPlane", _LATER_ROSA),)
"""Kinds that stand for something in AWS which this provider does not read yet. Coverage says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What all requests are made of."""

    ids: Mapping[ClusterKey, Mapping[str, set[str]]]
    assumed: Set[ClusterKey]
    account_wide: Set[CloudScope]
    accounts: Mapping[ClusterKey, str]


def plan_scopes(fleet: Fleet, settings: AwsSettings) -> ScopePlan:
    """One request per (account, region) for all its clusters together, and a gap per cluster without a place."""
    places = place(fleet, settings)
    members: dict[CloudScope, list[AwsCluster]] = defaultdict(list)
    for key, placement in places.placed.items():
        members[placement.scope].append(fleet.clusters[key])
    for account in settings.accounts:
        for region in account.regions:
            members.setdefault(CloudScope(PROVIDER, account.account, region), [])
    known = _Known(
        ids=_named_ids(fleet),
        assumed={key for key, placement in places.placed.items() if placement.assumed},
        accounts={key: placement.scope.account for key, placement in places.placed.items()},
        account_wide={min(scope for scope in members if scope.account == account.account) for account in members},
    )
    return ScopePlan(
        requests=tuple(_request(fleet, scope, members[scope], known) for scope in sorted(members)),
        gaps=(*_unplaced_gaps(places), *_later_gaps(fleet)),
        scope_of={key: placement.scope for key, placement in places.placed.items()},
    )


def _request(fleet: Fleet, scope: CloudScope, clusters: list[AwsCluster], known: _Known) -> ScopeRequest:
    keys = {cluster.key for cluster in clusters}
    ids: dict[str, set[str]] = defaultdict(set)
    for key, by_type in known.ids.items():
        for resource_type, some in by_type.items():
            if key in keys or (resource_type in ACCOUNT_WIDE and known.accounts.get(key) == scope.account):
                ids[resource_type] |= some
    hints = {VPC_HINT: {cluster.vpc_id for cluster in clusters}, **ids}
    if scope in known.account_wide:
        hints[ACCOUNT_WIDE_HINT] = {scope.account}
    return ScopeRequest(
        scope=scope,
        clusters=tuple(sorted(keys)),
        assumed=tuple(sorted(keys & known.assumed)),
        hints={name: tuple(sorted(some - {""})) for name, some in hints.items()},
    )


def _named_ids(fleet: Fleet) -> Mapping[ClusterKey, Mapping[str, set[str]]]:
    """The ids by type that the objects of each cluster name."""
    found: dict[ClusterKey, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for family in FAMILIES:
        for named in family.names(fleet):
            found[named.cluster][named.type].add(named.id)
    return found


def _unplaced_gaps(places: Placements) -> Iterator[Gap]:
    for key, unresolved in sorted(places.unplaced.items()):
        yield Gap(
            view=View.CLOUD,
            scope=f"{PROVIDER}/{key}",
            subject=str(key),
            reason=unresolved.reason,
            remedy=unresolved.remedy,
        )


def _later_gaps(fleet: Fleet) -> Iterator[Gap]:
    for kind, reason in _LATER:
        for management_cluster, found in fleet.of_kind(kind):
            yield Gap(
                view=View.CLOUD,
                scope=f"{PROVIDER}/{management_cluster}/{kind}",
                subject=f"{found.namespace}/{found.name}",
                reason=reason,
                remedy="Compare it by hand until this provider covers it.",
                status=ScopeStatus.SKIPPED,
            )
