"""The sentence pieces that the console and the Markdown report share.

Everything here returns raw text: names in it are still hostile, and each report escapes them for its own place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from drift_audit.clock import moment
from drift_audit.model.findings import Actor, Between, Commit, DeclaredAt, Finding, ObjectRef, Verdict
from drift_audit.model.keys import ResourceKey
from drift_audit.model.result import Run
from drift_audit.model.views import View
from drift_audit_reports.forge import shown_repo

VERDICTS: Mapping[Verdict, str] = {
    Verdict.IN_SYNC: "in sync",
    Verdict.EDITED_IN_CLUSTER: "edited in the cluster",
    Verdict.EDITED_IN_CLOUD: "edited in the cloud",
    Verdict.EDITED_AND_REVERTED: "edited in the cloud and put back",
    Verdict.NOT_APPLIED: "not applied from Git",
    Verdict.NOT_RECONCILED: "not reconciled to the cloud",
    Verdict.RECONCILING: "reconciling",
    Verdict.ADOPTED: "cloud edit adopted into the spec",
    Verdict.CONFLICT: "all three differ",
    Verdict.MISSING: "missing",
    Verdict.ORPHAN: "orphan",
    Verdict.UNMANAGED: "not managed from Git",
    Verdict.HAZARD: "hazard",
    Verdict.STUCK: "stuck",
    Verdict.UNHEALTHY: "not well",
    Verdict.UNDETERMINED: "cannot be decided",
}


def verdict_text(verdict: Verdict) -> str:
    """The verdict in words; one without words of its own by its name."""
    return VERDICTS.get(verdict) or verdict.replace("_", " ")


_PLURALS = {"entry": "entries", "difference within its time": "differences within their time"}


def counted(count: int, noun: str) -> str:
    """`1 cluster`, `1,204 clusters`."""
    return f"{count:,} {noun if count == 1 else _PLURALS.get(noun, noun + 's')}"


def listed(items: Sequence[str], most: int) -> str:
    """The first ones, and how many more there are: `a, b and 12 more`."""
    shown, rest = items[:most], len(items) - most
    return ", ".join(shown) + (f" and {rest:,} more" if rest > 0 else "")


# Time


def moment_text(stamped: str) -> str:
    """`2026-11-19 21:10:00 UTC`; an unreadable text as it is."""
    when = moment(stamped)
    return f"{_clock_text(when)} UTC" if when else stamped


def between_text(between: Between) -> str:
    """The window in words, as wide as it was measured and never narrower."""
    after, before = moment(between.after), moment(between.before)
    if after and before:
        if after == before:
            return f"at {_clock_text(after)} UTC"
        same_day = after.astimezone(UTC).date() == before.astimezone(UTC).date()
        until = _clock_text(before).partition(" ")[2] if same_day else _clock_text(before)
        return f"between {_clock_text(after)} and {until} UTC"
    if after:
        return f"after {_clock_text(after)} UTC"
    return f"before {_clock_text(before)} UTC" if before else "at an unknown time"


def beginning_text(findings: Iterable[Finding], run: Run) -> tuple[str, str]:
    """(label, text) of the earliest beginning among the findings; empty texts when nobody knows one.

    Of an edit only a window is known: `by … at the latest`, never its beginning.
    """
    first = min((finding for finding in findings if finding.since), key=lambda finding: finding.since, default=None)
    if first is None:
        return "", ""
    between = first.actor.between if first.actor else None
    if between is not None and between.before == first.since != between.after:
        return "when", f"by {since_text(first.since, run, ' at the latest')}"
    return "since", since_text(first.since, run)


def since_text(since: str, run: Run, remark: str = "") -> str:
    """`2026-11-19 21:10:00 UTC, 4 h 50 min before this run`, the remark after the moment."""
    began, now = moment(since), moment(run.finished_at) or moment(run.started_at)
    told = moment_text(since) + remark
    if began is None or now is None or began > now:
        return told
    return f"{told}, {duration_text(now - began)} before this run"


def _clock_text(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration_text(length: timedelta) -> str:
    """`4 h 50 min`; the seconds are told only where there is nothing else to tell."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    if not minutes:
        return f"{seconds} s"
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


# Subjects and places


def object_text(subject: ObjectRef) -> str:
    """As `drift-audit explain` takes it: `AWSMachine/fleet/eu-1-md-0-abc`."""
    return "/".join(part for part in (subject.kind, subject.namespace, subject.name) if part)


def resource_text(resource: ResourceKey) -> str:
    return f"{resource.type} {resource.id} in {resource.scope}"


def subject_text(finding: Finding) -> str:
    """The object that a finding is about, else the resource, else the cluster."""
    if finding.object is not None:
        return object_text(finding.object)
    if finding.resource is not None:
        return resource_text(finding.resource)
    return str(finding.cluster or finding.management_cluster)


def declared_text(declared: DeclaredAt) -> str:
    """`platform/fleet//clusters/eu-1.yaml:41`, and "near" before a line that is only the nearest known one."""
    line = f":{declared.line}" if declared.line else ""
    near = "" if declared.exact else "near "
    return f"{near}{repo_name(declared.repo)}//{declared.file}{line}"


def repo_name(repo: str) -> str:
    """The last two parts of a repository's address; the JSON report has the whole."""
    path = shown_repo(repo).rpartition("://")[2].replace(":", "/").rstrip("/").removesuffix(".git")
    return "/".join(path.split("/")[-2:])


def place_of(finding: Finding, view: View) -> str:
    """Where one of the three values stands."""
    match view:
        case View.GIT:
            return declared_text(finding.declared_at) if finding.declared_at else ""
        case View.CAPI:
            return object_text(finding.object) if finding.object else ""
        case View.CLOUD:
            return resource_text(finding.resource) if finding.resource else ""
        case View.WORKLOAD | View.HISTORY | View.EVIDENCE:
            return ""


def affected(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """(cluster, subject), each pair once, the subjects of one cluster together."""
    by_cluster: dict[str, dict[str, None]] = {}
    for finding in findings:
        by_cluster.setdefault(str(finding.cluster or finding.management_cluster), {})[_named(finding)] = None
    return [(cluster, subject) for cluster, subjects in by_cluster.items() for subject in subjects]


def _named(finding: Finding) -> str:
    """The subject, and the resource where it is another: `AWSMachine/fleet/a (i-0a1b)`."""
    both = finding.object is not None and finding.resource is not None
    return subject_text(finding) + (f" ({finding.resource.id})" if both and finding.resource else "")


# Who


def actor_text(actor: Actor) -> str:
    """`kubectl-edit (kubectl edit), between … and …, evidence grade B (managedFields)`."""
    who = actor.who or "unknown"
    named = f"{who} ({actor.how})" if actor.how and actor.how != who else who
    proof = f"evidence grade {actor.grade}"
    if not actor.who and actor.reason:
        return f"unknown, because {actor.reason}"
    told = ", ".join([named, between_text(actor.between), f"{proof} ({actor.source})" if actor.source else proof])
    return f"{told}; {actor.reason}" if actor.reason else told


def authors_text(findings: Iterable[Finding]) -> str:
    """Who wrote the first declaration that has an author: `line by Alice, 2026-01-15 09:00:00 UTC, commit 3f9a…`."""
    for place in (finding.declared_at for finding in findings if finding.declared_at is not None):
        if place.line_commit is not None:
            return f"line by {_commit_text(place.line_commit)}"
        if place.file_commit is not None:
            return f"file last changed by {_commit_text(place.file_commit)}"
    return ""


def _commit_text(commit: Commit) -> str:
    return f"{commit.author or 'an unnamed author'}, {moment_text(commit.date)}, commit {commit.id[:12]}"


def actors_text(findings: Sequence[Finding]) -> str:
    """The actor of the first finding that has one, and how many others acted; empty when nobody is known."""
    told = dict.fromkeys(finding.actor for finding in findings if finding.actor is not None)
    actors = [actor for actor in told if actor.who] or list(told)
    if not actors:
        return ""
    others = len({(actor.who, actor.how) for actor in actors}) - 1
    return actor_text(actors[0]) + (f", and {counted(others, 'other')}" if others else "")
