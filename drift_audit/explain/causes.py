"""Causes: findings with one explanation are one row, however many objects show them.

The key is the *destination* of a change, not its transition: the same value written to the same field of
forty objects is one act, whatever the forty values were before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from drift_audit.explain.drift_effects import of_health
from drift_audit.model.findings import Cause, Finding, FindingKind, Severity, ShownValue, Verdict, finding_id
from drift_audit.model.keys import canonical_json


def group_into_causes(findings: Iterable[Finding]) -> tuple[tuple[Cause, ...], tuple[Finding, ...]]:
    """(causes, the same findings with their cause filled in); suppressed findings have none."""
    known = list(findings)
    by_id = {finding.id: finding for finding in known}
    groups: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in known:
        if finding.suppressed is None:
            groups[_key(_root(finding, by_id))].append(finding)
    causes = sorted((_cause(key, members) for key, members in groups.items()), key=_rank)
    cause_of = {finding_id: cause.id for cause in causes for finding_id in cause.findings}
    return tuple(causes), tuple(replace(finding, cause=cause_of.get(finding.id, "")) for finding in known)


def _root(finding: Finding, by_id: Mapping[str, Finding]) -> Finding:
    """What explains the finding in the end; the finding itself where nothing of this audit does."""
    way = [finding]
    while (before := by_id.get(way[-1].cause)) is not None and before not in way:
        way.append(before)
    return way[-1]


def _key(finding: Finding) -> tuple[str, ...]:
    target = finding.object
    kind = target.kind if target else ""
    match finding.verdict:
        case _ if of_health(finding):
            return (finding.rule, finding.variant, finding.management_cluster, kind)
        case Verdict.NOT_APPLIED:
            # One unapplied revision is one cause, whatever it changes.
            place = finding.declared_at
            return (finding.verdict, finding.management_cluster, place.repo if place else "", finding.since)
        case Verdict.EDITED_IN_CLUSTER if finding.rule == "git.deleting":
            # Whoever deletes a Cluster deletes what belongs to it.
            return (finding.rule, finding.management_cluster, str(finding.cluster or _subject(finding)))
        case Verdict.UNMANAGED:
            alone = "" if finding.cluster else _subject(finding)
            return (finding.rule, str(finding.cluster), finding.management_cluster, alone)
        case Verdict.UNDETERMINED:
            return (finding.rule, finding.path, finding.values.cloud.reason, finding.values.capi.reason)
        case Verdict.MISSING if finding.resource is not None:
            # However many objects name it: it was deleted once.
            return (finding.rule, str(finding.resource))
        case Verdict.EDITED_AND_REVERTED:
            # Whoever does it again and again is one cause, whatever values were tried.
            return (finding.rule, kind, finding.path.partition("[")[0], finding.actor.who if finding.actor else "")
        case Verdict.MISSING | Verdict.ORPHAN:
            return (finding.rule, str(finding.cluster), _claim(finding) or _subject(finding))
        case _:
            shown = finding.values
            return (
                finding.rule,
                kind,
                finding.path,
                _destination(shown.capi if finding.rule.startswith("git.") else shown.cloud),
                finding.actor.who if finding.actor else "",
            )


def _claim(finding: Finding) -> str:
    return finding.values.cloud.reason if finding.kind is FindingKind.ORPHAN else ""


def _subject(finding: Finding) -> str:
    return str(finding.resource or "") + canonical_json(
        [finding.object.kind, finding.object.namespace, finding.object.name] if finding.object else []
    )


def _destination(value: ShownValue) -> str:
    return value.state + canonical_json(value.value)


def _cause(key: tuple[str, ...], members: list[Finding]) -> Cause:
    lead = _lead(members)
    clusters = sorted({finding.cluster for finding in members if finding.cluster is not None})
    return Cause(
        id=finding_id("cause", *key),
        title=_title(lead, members),
        kind=lead.kind,
        severity=max((lead.severity, *map(_weight, members)), key=lambda severity: severity.rank),
        clusters=tuple(clusters),
        findings=tuple(finding.id for finding in members),
        explanation=_explanation(lead),
        next_steps=(*(_for_all(step, lead, members) for step in lead.next_steps), *_steps_of_stuck(lead, members)),
    )


def _weight(finding: Finding) -> Severity:
    """What a finding adds to the severity of its cause: what is stuck weighs as much as what made it so."""
    return finding.severity if of_health(finding) else Severity.INFO


def _explanation(lead: Finding) -> str:
    """One sentence on what was seen."""
    if of_health(lead) and lead.chain:
        return lead.chain[0].fact
    return lead.evidence[0] if lead.evidence else lead.title


def _lead(members: list[Finding]) -> Finding:
    """The finding that speaks for all: the first of the commonest among the worst, as the reports show it."""
    own = [finding for finding in members if not finding.cause] or members
    worst = max(finding.severity.rank for finding in own)
    alike = Counter(_look(finding) for finding in own)
    return min(
        (finding for finding in own if finding.severity.rank == worst),
        key=lambda finding: (-alike[_look(finding)], _place(finding), finding.id),
    )


def _look(finding: Finding) -> tuple[str, ...]:
    shown = finding.values
    return finding.path, *map(_destination, (shown.git, shown.capi, shown.cloud))


def _place(finding: Finding) -> tuple[str, ...]:
    target = finding.object
    named = f"{target.kind}/{target.namespace}/{target.name}" if target else ""
    return str(finding.cluster or finding.management_cluster), named, str(finding.resource or ""), finding.path


def _title(lead: Finding, members: list[Finding]) -> str:
    """That of the lead; of one unapplied revision with many changes, how many there are.

    What is stuck because of it is told with it, for that is why somebody was called.
    """
    stuck = [finding for finding in members if of_health(finding)]
    if stuck and not of_health(lead):
        worst = max(stuck, key=lambda finding: (finding.severity.rank, finding.title))
        return f"{lead.title}; because of it: {worst.title}"
    if lead.verdict is not Verdict.NOT_APPLIED or len({finding.title for finding in members}) == 1:
        return lead.title
    waiting = sum(finding.verdict is Verdict.NOT_APPLIED for finding in members)
    return f"{waiting} changes are committed and not applied" if waiting > 1 else lead.title


def _for_all(step: str, lead: Finding, members: list[Finding]) -> str:
    """A step of the lead as one for the whole cause: about each resource, where each has a step of its own."""
    if all(step in finding.next_steps for finding in members):
        return step
    resources = {finding.resource for finding in members if finding.resource}
    own = f"{lead.resource.type} {lead.resource.id}" if lead.resource else ""
    if own and own in step and len(resources) > 1:
        return step.replace(own, f"each of the {len(resources)} resources")
    others = len({_place(finding)[:3] for finding in members}) - 1
    return f"{step} (and likewise for {others} more)" if others else step


def _steps_of_stuck(lead: Finding, members: list[Finding]) -> tuple[str, ...]:
    """The first step of the worst that is stuck because of the lead: it only reads. None where the lead is stuck."""
    stuck = [finding for finding in members if of_health(finding) and finding.next_steps]
    if not stuck or of_health(lead):
        return ()
    worst = min(stuck, key=lambda finding: (-finding.severity.rank, _place(finding), finding.id))
    return worst.next_steps[:1]


def _rank(cause: Cause) -> tuple[int, int, str]:
    return -cause.severity.rank, -len(cause.findings), cause.id
