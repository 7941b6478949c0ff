"""Who made what differs in the cloud: the best of the changes that can have made it, or why nobody is named.

| grade | evidence |
|---|---|
| A | a change of the resource that wrote the very value, and no other that can have |
| B | the same beside others that can have written it too, or a change of the field whose value is not told |
| C | several changes of the field, none of which tells its value |
| D | a change of the resource, of which nobody can tell whether it was of this field; or a time without a name |
| E | nothing, with the reason |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from drift_audit.clock import moment
from drift_audit.interfaces import Candidate
from drift_audit.model.changes import ChangeLog, Fit
from drift_audit.model.findings import Actor, Between, Finding, FindingKind, Grade, Verdict
from drift_audit.model.keys import CloudScope
from drift_audit.model.steps import advised
from drift_audit.model.views import CloudScopeView

_ASKED = frozenset({Verdict.EDITED_IN_CLOUD, Verdict.CONFLICT, Verdict.MISSING, Verdict.ORPHAN})
"""Verdicts that say that somebody changed the cloud, so that an answer is owed."""

_WELCOME = frozenset({Verdict.NOT_RECONCILED})
"""Verdicts that need nobody to have done anything: a change that fits is told, its absence is not."""

_FITS = list(Fit)
_ALONE = {Fit.VALUE: Grade.A, Fit.FIELD: Grade.B, Fit.SUBJECT: Grade.D}
_AMONG_OTHERS = {Fit.VALUE: Grade.B, Fit.FIELD: Grade.C, Fit.SUBJECT: Grade.D}
_MOST_ATTEMPTS = 2
_MOST_RIVALS = 3


def attribute(
    findings: Iterable[Finding], clouds: Iterable[CloudScopeView], candidates: Mapping[str, Sequence[Candidate]]
) -> list[Finding]:
    """The findings with an actor for each that is about a change of the cloud, where a history was asked for at all.

    Steps that ask who did it become plain ones here, where all that is known of it is together.
    """
    views = {cloud.scope: cloud for cloud in clouds}
    attributed = (_attributed(finding, views, candidates.get(finding.id, ())) for finding in findings)
    return [replace(finding, next_steps=advised(finding.next_steps, finding.actor)) for finding in attributed]


def _attributed(
    finding: Finding, views: Mapping[CloudScope, CloudScopeView], candidates: Sequence[Candidate]
) -> Finding:
    view = views.get(finding.resource.scope) if finding.resource is not None else None
    owed = finding.verdict in _ASKED
    if view is None or finding.actor is not None or not (owed or finding.verdict in _WELCOME):
        return finding
    refused = [each for each in candidates if each.change.refused]
    ranked = sorted(
        (each for each in candidates if not each.change.refused),
        key=lambda each: (_FITS.index(each.fit), not each.change.id, _descending(each.change.at)),
    )
    if ranked:
        actor = _actor(ranked, _reasons(finding, view))
        evidence = (_evidence(ranked[0]), *map(_attempt, refused[:_MOST_ATTEMPTS]))
        since = finding.since or actor.between.before
        return replace(finding, actor=actor, since=since, evidence=(*finding.evidence, *evidence))
    if not owed or not view.history:
        return finding
    evidence = tuple(map(_attempt, refused[:_MOST_ATTEMPTS]))
    return replace(finding, actor=_unknown(finding, view), evidence=(*finding.evidence, *evidence))


def _descending(stamped: str) -> float:
    when = moment(stamped)
    return -when.timestamp() if when else 0.0


def _actor(ranked: Sequence[Candidate], why_nobody_better: str) -> Actor:
    best = ranked[0]
    rivals = list(_rivals(ranked))
    times = [best.change.at, *(rival.change.at for rival in rivals if rival.fit is best.fit)]
    grades = _AMONG_OTHERS if rivals else _ALONE
    return Actor(
        who=best.change.who,
        how=best.change.how,
        actor_class=best.change.actor_class,
        between=Between(after=min(times), before=max(times)),
        source=best.source,
        grade=grades[best.fit],
        reason=_doubt(rivals) or (why_nobody_better if best.fit is Fit.SUBJECT else ""),
    )


def _rivals(ranked: Sequence[Candidate]) -> Iterator[Candidate]:
    """Others who can have made it too: with changes that fit as well, and with later ones that do not tell a value."""
    best = ranked[0]
    for each in ranked[1:]:
        somebody_else = (each.change.who, each.change.how) != (best.change.who, best.change.how)
        later = each.fit is Fit.FIELD and each.change.at > best.change.at
        if somebody_else and (each.fit is best.fit or later):
            yield each


def _doubt(rivals: Sequence[Candidate]) -> str:
    if not rivals:
        return ""
    named = [f"{rival.change.who} ({rival.change.how}) at {rival.change.at}" for rival in rivals[:_MOST_RIVALS]]
    more = f" and {len(rivals) - len(named)} more" if len(rivals) > len(named) else ""
    return f"it can also have been {', '.join(named)}{more}"


def _evidence(best: Candidate) -> str:
    change = best.change
    origin = f" from {change.origin}" if change.origin else ""
    number = f" (event {change.id})" if change.id else ""
    return f"{best.source}: {change.action} by {change.who}, {change.how}, at {change.at}{origin}{number}"


def _attempt(refused: Candidate) -> str:
    change = refused.change
    return (
        f"{refused.source}: {change.action} by {change.who}, {change.how}, at {change.at} was refused: {change.refused}"
    )


# Nobody


def _unknown(finding: Finding, view: CloudScopeView) -> Actor:
    return Actor(
        who="",
        how="",
        actor_class="unknown",
        between=Between(after="", before=""),
        source=view.history[0].source,
        grade=Grade.E,
        reason=_reasons(finding, view),
    )


def _reasons(finding: Finding, view: CloudScopeView) -> str:
    """Why the history names nobody."""
    return "; ".join(dict.fromkeys(_why(log, _began(finding, view)) for log in view.history))


def _began(finding: Finding, view: CloudScopeView) -> str:
    """When it began, where that is known without the history; empty where it is not."""
    if finding.since or finding.kind is not FindingKind.ORPHAN or finding.resource is None:
        return finding.since
    resource = view.resources.get((finding.resource.type, finding.resource.id))
    return resource.created_at if resource is not None else ""


def _why(log: ChangeLog, began: str) -> str:
    """Why one log names nobody."""
    if not log.readable:
        return f"{log.source} of {log.region} was not read: {log.reason}"
    if began and began < log.complete_from:
        return f"it began at {began}, and {log.source} of {log.region} was read from {log.complete_from} on"
    if began and began > log.complete_until:
        return f"it began at {began}, and {log.source} may not have delivered what is younger than {log.complete_until}"
    unread = f", or stands among {log.unreadable} records that could not be read" if log.unreadable else ""
    short = f" ({log.reason})" if log.reason else ""
    return (
        f"{log.source} of {log.region} has no change that can have made it between {log.complete_from} and "
        f"{log.complete_until}: it is older{short}, or too young to be delivered{unread}"
    )
