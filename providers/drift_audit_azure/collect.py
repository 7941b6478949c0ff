"""One (subscription, location) as Azure describes it, and what it refused to say."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from drift_audit.clock import now, stamp
from drift_audit.interfaces import Progress, ScopeRequest
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.progress import began, counted, ended, part_done, planned
from drift_audit.model.values import text
from drift_audit.model.views import CloudScopeView, Gap, ResourceListing, ScopeRead, ScopeStatus, View
from drift_audit_azure.inventory import from_graph, from_listing, groups
from drift_audit_azure.lookups import Lookup, look_up
from drift_audit_azure.plan import TENANT_HINT
from drift_audit_azure.refusals import FAILURES, Refusal, refusal
from drift_audit_azure.resource_types import BY_WORD, GROUPS, INDEXED, RESOURCE_GROUP, SUBNET, VIRTUAL_NETWORK
from drift_audit_azure.rights import GRAPH_ACTION, SUBSCRIPTION_ACTION
from drift_audit_azure.session import SubscriptionSession
from drift_audit_azure.settings import AzureSettings

logger = logging.getLogger(__name__)

SUBSCRIPTION_API = "2022-12-01"
GRAPH = "resource-graph"
_LIVING_STATES = frozenset({"Enabled", "Warned", "PastDue"})
_REMEDY_BUG = "See the traceback in the log and report it."


@dataclass(slots=True)
class _Reading:
    """A scope while it is read."""

    session: SubscriptionSession
    scope: CloudScope
    found: dict[tuple[str, str], CloudResource] = field(default_factory=dict)
    problems: dict[str, Refusal] = field(default_factory=dict)
    """By type: why its listing is not complete."""
    reads: list[ScopeRead] = field(default_factory=list)

    def take(self, name: str, resources: Iterable[CloudResource], action: str) -> Refusal | None:
        """Reads to the end, or tells why not; what came before is kept."""
        meter, started, before = self.session.meter, time.monotonic(), len(self.found)
        calls, throttles = meter.calls, meter.throttles
        problem: Refusal | None = None
        try:
            for resource in resources:
                self.found[resource.key.type, resource.key.id] = resource
        except FAILURES as error:
            problem = refusal(error, action, self.scope.account)
        except Exception as error:
            logger.exception("reading %s of %s failed", name, self.scope)
            problem = _bug(error)
        partial = ScopeStatus.PARTIAL if len(self.found) > before else ScopeStatus.FAILED
        self.reads.append(
            ScopeRead(
                view=View.CLOUD,
                scope=f"{self.scope}/{name}",
                status=partial if problem else ScopeStatus.COMPLETE,
                reason=problem.reason if problem else "",
                calls=meter.calls - calls,
                throttles=meter.throttles - throttles,
                seconds=round(time.monotonic() - started, 3),
            )
        )
        return problem


def collect_scope(
    session: SubscriptionSession, request: ScopeRequest, settings: AzureSettings, progress: Progress
) -> CloudScopeView:
    """The scope's resources of every type; what fails is incomplete and has a gap, the rest is unaffected."""
    scope = request.scope
    progress(began(str(scope), "reading the subscription", things="resources", kinds="types"))
    identity, doubt = _verified(session, request)
    if doubt is not None:
        progress(ended(str(scope), doubt.reason))
        return _unread(request, identity, doubt)
    reading = _Reading(session, scope)
    progress(planned(str(scope), 3))
    _read_inventory(reading, settings, progress)
    progress(part_done(str(scope)))
    problem = reading.take(RESOURCE_GROUP, groups(session, scope), GROUPS.action)
    if problem is not None:
        reading.problems[RESOURCE_GROUP] = problem
    progress(part_done(str(scope)))
    lookup = look_up(session, scope, reading.found, request.hints, settings.max_lookups)
    _take_lookup(reading, lookup)
    progress(part_done(str(scope)))
    progress(ended(str(scope), f"{len(reading.found):,} resources"))
    return _view(request, reading, identity)


def reread_scope(
    session: SubscriptionSession, request: ScopeRequest, view: CloudScopeView, suspects: Sequence[ResourceKey]
) -> CloudScopeView:
    """The view with the suspects read once more, each by its id, which lags behind nothing.

    One that is gone is taken out; a failed read confirms nothing.
    """
    identity, doubt = _verified(session, request)
    if doubt is not None:
        return replace(view, gaps=(*view.gaps, doubt))
    view = replace(view, identity=identity)
    wanted = {
        key.type: tuple(sorted({each.id for each in suspects if each.type == key.type and each.scope == view.scope}))
        for key in suspects
        if key.scope == view.scope and key.type in BY_WORD
    }
    if not wanted:
        return view
    meter, started = session.meter, time.monotonic()
    calls, throttles = meter.calls, meter.throttles
    lookup = look_up(session, view.scope, {}, wanted, sum(map(len, wanted.values())), only_named=True)
    seen = lookup.answered
    kept = {key: resource for key, resource in view.resources.items() if key not in seen}
    fresh = {key: resource for key, resource in lookup.found.items() if key in seen or key not in kept}
    read = ScopeRead(
        view=View.CLOUD,
        scope=f"{view.scope}/suspects (second read)",
        status=ScopeStatus.PARTIAL if lookup.problems else ScopeStatus.COMPLETE,
        reason=next((problem.reason for problem in lookup.problems.values()), ""),
        calls=meter.calls - calls,
        throttles=meter.throttles - throttles,
        seconds=round(time.monotonic() - started, 3),
    )
    gaps = [_gap(f"{view.scope}/{kind} (second read)", kind, why) for kind, why in lookup.problems.items()]
    return replace(
        view,
        resources={**kept, **fresh},
        reread=view.reread | seen,
        gaps=(*view.gaps, *gaps),
        reads=(*view.reads, read),
    )


def _read_inventory(reading: _Reading, settings: AzureSettings, progress: Progress) -> None:
    """By Resource Graph; where it gives less than it should, type by type, and then without a gap."""
    scope, session = reading.scope, reading.session
    if settings.resource_graph:
        rows = counted(progress, str(scope), from_graph(session, scope, settings.page_size))
        problem = reading.take(GRAPH, rows, GRAPH_ACTION)
        if problem is None:
            return
        logger.info("%s is read type by type: %s", scope, problem.reason)
        reading.reads[-1] = replace(
            reading.reads[-1],
            status=ScopeStatus.COMPLETE,
            reason=f"{problem.reason}; every type was listed by itself instead",
        )
    for kind in INDEXED:
        problem = reading.take(kind.word, from_listing(session, scope, kind), kind.action)
        if problem is not None:
            reading.problems[kind.word] = problem


def _take_lookup(reading: _Reading, lookup: Lookup) -> None:
    reading.found.update(lookup.found)
    for kind, problem in lookup.problems.items():
        reading.problems.setdefault(kind, problem)
    if lookup.calls:
        reading.reads.append(
            ScopeRead(
                view=View.CLOUD,
                scope=f"{reading.scope}/lookups",
                status=ScopeStatus.PARTIAL if lookup.problems else ScopeStatus.COMPLETE,
                reason=next((problem.reason for problem in lookup.problems.values()), ""),
                calls=lookup.calls,
            )
        )


def _view(request: ScopeRequest, reading: _Reading, identity: str | None) -> CloudScopeView:
    problems = dict(reading.problems)
    if VIRTUAL_NETWORK in problems:
        problems.setdefault(SUBNET, problems[VIRTUAL_NETWORK])
    listings = {
        kind: ResourceListing(
            type=kind,
            complete=kind not in problems,
            reason=problems[kind].reason if kind in problems else "",
            read_at=stamp(now()),
        )
        for kind in BY_WORD
    }
    return CloudScopeView(
        scope=request.scope,
        clusters=request.clusters,
        assumed=request.assumed,
        identity=identity,
        resources=reading.found,
        listings=listings,
        read_at=stamp(now()),
        gaps=tuple(_gap(f"{request.scope}/{kind}", kind, why) for kind, why in reading.problems.items()),
        reads=tuple(reading.reads),
    )


def _verified(session: SubscriptionSession, request: ScopeRequest) -> tuple[str | None, Gap | None]:
    """The subscription that ARM names, and a gap unless it is the one that was to be read, in its tenant, and alive.

    In the wrong tenant a whole fleet looks missing, so nothing is listed there at all.
    """
    scope, tenants = request.scope, request.hints.get(TENANT_HINT, ())
    try:
        told = session.get(f"/subscriptions/{scope.account}", SUBSCRIPTION_API)
    except FAILURES as error:
        refused = refusal(error, SUBSCRIPTION_ACTION, scope.account)
        return None, _gap(str(scope), "", _but(refused, f"the subscription could not be verified: {refused.reason}"))
    except Exception as error:
        logger.exception("verifying %s failed", scope)
        return None, _gap(str(scope), "", _bug(error))
    identity, tenant = text(told.get("subscriptionId")).casefold(), text(told.get("tenantId")).casefold()
    for reason, remedy in _doubts(scope, identity, tenant, tenants, text(told.get("state"))):
        return (identity or None), _gap(str(scope), "", Refusal(code="", reason=reason, remedy=remedy))
    return identity, None


def _doubts(
    scope: CloudScope, identity: str, tenant: str, tenants: Sequence[str], state: str
) -> Iterator[tuple[str, str]]:
    if identity != scope.account:
        yield (
            f"Azure answered for subscription {identity or 'nothing'}, expected {scope.account}",
            "Check endpoint_url.",
        )
    if len(tenants) > 1:
        yield (
            f"clusters of subscription {scope.account} name {len(tenants)} tenants: {', '.join(tenants)}",
            "Correct the AzureClusterIdentity objects, or set tenant under clouds.azure.subscriptions.",
        )
    if tenants and tenant != tenants[0]:
        yield (
            f"subscription {scope.account} is in tenant {tenant or 'unknown'}, expected {tenants[0]}",
            "Correct tenant under clouds.azure.subscriptions, or the AzureClusterIdentity of the clusters.",
        )
    if state not in _LIVING_STATES:
        yield (
            f"subscription {scope.account} is {state or 'in no known state'}",
            "Have the subscription enabled again; what a disabled one lists proves nothing.",
        )


def _unread(request: ScopeRequest, identity: str | None, doubt: Gap) -> CloudScopeView:
    scope = request.scope
    return CloudScopeView(
        scope=scope,
        clusters=request.clusters,
        assumed=request.assumed,
        identity=identity,
        resources={},
        listings={kind: ResourceListing(type=kind, complete=False, reason=doubt.reason) for kind in BY_WORD},
        read_at=stamp(now()),
        gaps=(doubt,),
        reads=(ScopeRead(view=View.CLOUD, scope=str(scope), status=ScopeStatus.FAILED, reason=doubt.reason),),
    )


def _bug(error: Exception) -> Refusal:
    return Refusal(code="", reason=f"reading failed unexpectedly: {type(error).__name__}", remedy=_REMEDY_BUG)


def _but(refused: Refusal, reason: str) -> Refusal:
    return replace(refused, reason=reason)


def _gap(scope: str, subject: str, why: Refusal) -> Gap:
    status = ScopeStatus.PARTIAL if subject else ScopeStatus.FAILED
    return Gap(
        view=View.CLOUD,
        scope=scope,
        subject=subject,
        reason=why.reason,
        remedy=why.remedy,
        status=status,
        right=why.right,
    )
