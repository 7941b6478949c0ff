"""Why one object is stuck, for `drift-audit explain`: the chains that begin at it, go through it or end in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from drift_audit.explain.drift_effects import of_health
from drift_audit.model.findings import Cause, Certainty, ChainLink, Finding
from drift_audit.model.keys import ObjectKey, split_api_version
from drift_audit.model.result import AuditResult

_JUDGED = "cluster.x-k8s.io"
"""What the groups of Cluster API and its providers end in."""

NOTHING_STUCK = "Stuck: nothing"
_MOST_NAMES = 10
_MOST_PENDING = 20
_CERTAINTIES: Mapping[Certainty, str] = {
    Certainty.HIGH: "high: two independent sources agree",
    Certainty.MEDIUM: "medium: one source says so",
    Certainty.LOW: "low: only the time that it takes speaks",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What was looked at to say whether an object is stuck."""

    below: frozenset[ObjectKey] = frozenset()
    """What the object owns or names."""
    pending: Sequence[str] = ()
    """What is not well and still has time, one sentence each."""
    unread: Sequence[str] = ()
    """What would have been looked at and could not be read."""


def stuck_lines(result: AuditResult, management_cluster: str, key: ObjectKey, outlook: Outlook) -> Iterator[str]:
    """The causes that concern the object, each with its chain; or that there is none, and what that rests on."""
    about = {
        finding.id: where
        for finding in result.findings
        if of_health(finding) and finding.management_cluster == management_cluster
        if (where := _where(finding, key, outlook))
    }
    concerned = [finding for finding in result.findings if finding.id in about]
    if not concerned:
        yield from _nothing(key, outlook)
        return
    causes = {cause.id: cause for cause in result.causes}
    groups: dict[str, list[Finding]] = {}
    for finding in sorted(concerned, key=lambda one: (-one.severity.rank, about[one.id].rank, one.id)):
        groups.setdefault(finding.cause or finding.id, []).append(finding)
    yield f"Stuck: {len(groups)} cause{'' if len(groups) == 1 else 's'}"
    for id, members in groups.items():
        yield from _cause_lines(members, about[members[0].id].text, causes.get(id))
    yield from _unread_lines(outlook)


def tells_of_health(finding: Finding) -> bool:
    """True for what `stuck_lines` tells, so that it need not be told again."""
    return of_health(finding)


# What it has to do with the object


@dataclass(frozen=True, slots=True)
class _Where:
    rank: int
    text: str


def _where(finding: Finding, key: ObjectKey, outlook: Outlook) -> _Where | None:
    """How a cause concerns the object; `None` where it does not."""
    name, own = str(key), _key(finding)
    if own == key:
        return _Where(0, "on this object")
    if any(link.object == name for link in finding.chain):
        return _Where(1, "this object stands on the way from it to the alarm")
    if own in outlook.below:
        return _Where(2, "below this object")
    if name in finding.affected:
        return _Where(3, "this object waits for it")
    return None


def _key(finding: Finding) -> ObjectKey | None:
    target = finding.object
    if target is None:
        return None
    return ObjectKey(split_api_version(target.api_version)[0], target.kind, target.namespace, target.name)


# One cause


def _cause_lines(members: Sequence[Finding], where: str, cause: Cause | None) -> Iterator[str]:
    lead, others = members[0], members[1:]
    hidden = f", suppressed by {lead.suppressed.rule}" if lead.suppressed is not None else ""
    yield ""
    yield f"  [{lead.severity}] {lead.title}"
    yield f"    id           {lead.id}  ({lead.rule}, {lead.verdict}, {lead.confidence}{hidden})"
    yield f"    here         {where}"
    yield from _chain_lines(lead.chain)
    if others:
        yield f"    likewise     on {len(others)} more: {_named(map(_subject, others))}"
    yield from _listed("proof", lead.evidence)
    if lead.certainty is not None:
        yield f"    proven       {_CERTAINTIES[lead.certainty]}"
    if lead.affected:
        yield f"    affects      {len(lead.affected)}: {_named(lead.affected)}"
    yield from _listed("perhaps", lead.possible_causes)
    yield from _listed("ruled out", lead.ruled_out)
    if lead.reaction:
        yield f"    how          {lead.reaction}"
    if lead.owner:
        yield f"    owner        {lead.owner}"
    # The step of the object itself comes first: it only reads.
    before = cause.next_steps if cause is not None and cause.kind is not lead.kind else ()
    steps = dict.fromkeys((*lead.next_steps[:1], *before, *lead.next_steps[1:]))
    yield from _listed("do", _each_once(steps))


def _each_once(steps: Iterable[str]) -> Iterator[str]:
    """The steps without those that are an earlier one for several objects."""
    told: list[str] = []
    for step in steps:
        if not any(step.startswith(earlier) for earlier in told):
            told.append(step)
            yield step


def _chain_lines(chain: Sequence[ChainLink]) -> Iterator[str]:
    for number, link in enumerate(chain):
        layer = "" if link.layer == "consequence" else f"{link.layer} · "
        since = f", since {link.since}" if link.since else ""
        proof = f"  [{link.evidence}]" if link.evidence else ""
        label = "" if number else "because"
        yield f"    {label:<12} {'↳ ' if number else ''}{layer}{link.object}: {link.fact}{since}{proof}"


def _subject(finding: Finding) -> str:
    return str(_key(finding) or finding.cluster or finding.management_cluster)


def _named(names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    more = len(known) - _MOST_NAMES
    return ", ".join(known[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _listed(label: str, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"    {'' if number else label:<12} {line}"


# Nothing


def _nothing(key: ObjectKey, outlook: Outlook) -> Iterator[str]:
    yield NOTHING_STUCK + (" in what could be read" if outlook.unread else "")
    count = len(outlook.below)
    others = f" and of {count} object{'' if count == 1 else 's'} below it" if count else ""
    if not key.group.endswith(_JUDGED):
        yield f"  looked at    nothing of its own: only the conditions of kinds in *.{_JUDGED} are judged"
        return
    yield f"  looked at    phase, conditions, deletion, pause and failure fields of {key}{others}"
    if not outlook.pending:
        yield "  found        all of it is as it should be; events, logs and clouds are asked about what is not"
    yield from (f"  in its time  {line}" for line in outlook.pending[:_MOST_PENDING])
    if len(outlook.pending) > _MOST_PENDING:
        yield f"  in its time  and {len(outlook.pending) - _MOST_PENDING} more"
    yield from _unread_lines(outlook)


def _unread_lines(outlook: Outlook) -> Iterator[str]:
    yield from (f"  not read     {line}" for line in outlook.unread[:_MOST_PENDING])
