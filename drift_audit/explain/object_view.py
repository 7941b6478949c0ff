"""All that is known of one object, for `drift-audit explain`: values, writers, declaration, findings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from drift_audit.errors import UsageError
from drift_audit.explain.declared_view import declaration_lines, unread_of_git
from drift_audit.explain.field_view import field_lines
from drift_audit.explain.stuck_view import NOTHING_STUCK, Outlook, stuck_lines, tells_of_health
from drift_audit.model.comparison import FieldStory
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Actor,
    Between,
    Commit,
    DeclaredAt,
    Finding,
    ShownValue,
    ShownValues,
    ValueState,
)
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.pairing import Origin
from drift_audit.model.result import AuditResult
from drift_audit.model.values import mapping, sequence, text
from drift_audit.model.views import ClusterView, Views


@dataclass(frozen=True, slots=True)
class Stories:
    """What is told of each object besides the views and the result, by management cluster and key."""

    fields: Mapping[tuple[str, ObjectKey], Sequence[FieldStory]]
    outlooks: Mapping[tuple[str, ObjectKey], Outlook] = field(default_factory=dict)
    origins: Mapping[tuple[str, ObjectKey], Origin] = field(default_factory=dict)
    """What a controller made the object from."""

    def outlook(self, cluster: str, key: ObjectKey) -> Outlook:
        return self.outlooks.get((cluster, key), Outlook())

    def of(self, cluster: str, key: ObjectKey) -> Sequence[FieldStory]:
        return self.fields.get((cluster, key), ())


_MOST_DIFFERENCES = 20


def describe_object(views: Views, result: AuditResult, stories: Stories, kind: str, namespace: str, name: str) -> str:
    """The text of `drift-audit explain KIND/NAMESPACE/NAME`; raises `UsageError` when nothing has that name."""
    found = list(_matches(views, kind, namespace, name))
    if not found:
        raise UsageError(_unknown(views, kind, namespace, name))
    told = (_describe(views, result, cluster, key, stories) for cluster, key in found)
    return _harmless("\n\n".join("\n".join(lines) for lines in told)) + "\n"


def _harmless(told: str) -> str:
    """Without control sequences and direction marks: names and messages are other people's text."""
    return "".join(sign if sign.isprintable() or sign == "\n" else f"\\x{ord(sign):02x}" for sign in told)


def _matches(views: Views, kind: str, namespace: str, name: str) -> Iterator[tuple[str, ObjectKey]]:
    for view in views.clusters:
        keys = set(view.objects)
        for source in views.git:
            if source.management_cluster == view.management_cluster and source.head:
                keys |= {declaration.key for declaration in source.head.declarations}
        for key in sorted(keys):
            if (key.kind.lower(), key.namespace, key.name) == (kind.lower(), namespace, name):
                yield view.management_cluster, key


def _unknown(views: Views, kind: str, namespace: str, name: str) -> str:
    doubt = _why_unseen(views, kind)
    if doubt:
        return f"{kind} {namespace}/{name} was not seen, but that says nothing: {doubt}"
    kinds = {key.kind for view in views.clusters for key in view.objects}
    if kind.lower() not in {known.lower() for known in kinds}:
        return f"no object of kind {kind!r} was read; kinds of this fleet: {', '.join(sorted(kinds)) or 'none'}"
    wanted = kind.lower()
    near = sorted(
        str(key) for view in views.clusters for key in view.objects if key.kind.lower() == wanted and name in key.name
    )
    hint = f"; did you mean {', '.join(near[:5])}?" if near else ""
    return f"no {kind} {namespace}/{name} is in any view of this audit{hint}"


def _why_unseen(views: Views, kind: str) -> str:
    """Why the object may well exist; empty when its kind was read completely, or is not known at all."""
    for view in views.clusters:
        for listing in view.kinds.values():
            if listing.kind.lower() == kind.lower() and not listing.complete:
                return listing.reason or "its kind was not read completely"
        if not view.kinds and view.gaps:
            return view.gaps[0].reason
    return ""


def _describe(views: Views, result: AuditResult, cluster: str, key: ObjectKey, stories: Stories) -> Iterator[str]:
    view = next(view for view in views.clusters if view.management_cluster == cluster)
    live = view.objects.get(key)
    yield f"{key}  in management cluster {cluster}"
    unread = unread_of_git(views.git, result.coverage.gaps, cluster)
    yield from declaration_lines(views, cluster, key, stories.origins.get((cluster, key)), unread)
    yield from _live_lines(view, key, live)
    told_stuck = False
    if live is not None:
        yield ""
        stuck = list(stuck_lines(result, cluster, key, stories.outlook(cluster, key)))
        told_stuck = not stuck[0].startswith(NOTHING_STUCK)
        yield from stuck
    about = (finding for finding in result.findings if _is_about(finding, cluster, key))
    findings = [finding for finding in about if live is None or not tells_of_health(finding)]
    fields = stories.of(cluster, key)
    yield ""
    word = "Further findings" if told_stuck else "Findings"
    yield f"{word}: {len(findings) or 'none'}" + (" in what could be read" if unread else "")
    yield from (f"  not read     {line}" for line in unread)
    for finding in findings:
        yield from _finding_lines(finding)
    yield from field_lines(fields, findings)


def _live_lines(view: ClusterView, key: ObjectKey, live: CapiObject | None) -> Iterator[str]:
    if live is None:
        complete = view.listed(key.group, key.kind)
        yield f"  live         {'absent' if complete else 'unknown: the kind was not read completely'}"
        return
    yield f"  live         {live.api_version}, created {live.created_at}, generation {live.metadata.get('generation')}"
    for owner in live.owners:
        yield f"  owner        {owner.kind}/{owner.name}{' (controller)' if owner.controller else ''}"
    for entry in map(mapping, sequence(live.metadata.get("managedFields"))):
        subresource = text(entry.get("subresource"))
        yield (
            f"  writer       {text(entry.get('manager'))}  {text(entry.get('operation'))}"
            f"{f' ({subresource})' if subresource else ''}  {text(entry.get('time')) or 'at an unknown time'}"
        )
    for condition in map(mapping, sequence(live.status.get("conditions"))):
        if condition.get("status") != "True":
            yield (
                f"  condition    {text(condition.get('type'))}={text(condition.get('status'))} "
                f"{text(condition.get('reason'))} {text(condition.get('message'))}".rstrip()
            )


def _is_about(finding: Finding, cluster: str, key: ObjectKey) -> bool:
    target = finding.object
    return (
        target is not None
        and finding.management_cluster == cluster
        and (target.kind, target.namespace, target.name) == (key.kind, key.namespace, key.name)
    )


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield ""
    yield f"  [{finding.severity}] {finding.title}"
    hidden = f", suppressed by {finding.suppressed.rule}" if finding.suppressed is not None else ""
    yield f"    id           {finding.id}  ({finding.rule}, {finding.verdict}, {finding.confidence}{hidden})"
    if finding.suppressed is not None:
        by = finding.suppressed
        yield f"    suppressed   until {by.expires} by {by.rule} of {by.owner}: {by.reason}"
    if finding.path:
        yield f"    field        {finding.path}"
    place = finding.declared_at
    yield from _value_lines(finding)
    if place:
        yield from _listed("author", _authors(place))
    yield from _listed("difference", _inside(finding.values))
    if finding.actor:
        yield f"    by           {_actor(finding.actor)}"
    if finding.owner:
        yield f"    owner        {finding.owner}"
    yield from _listed("evidence", finding.evidence)
    if finding.reaction:
        yield f"    then         {finding.reaction}"
    yield from _listed("do", finding.next_steps)


def _value_lines(finding: Finding) -> Iterator[str]:
    """The values that there are: a view that has no such field is left out."""
    place = finding.declared_at
    beside = (
        f"  at {place.file}:{place.line}" if place else "",
        "",
        f"  {finding.resource}" if finding.resource else "",
    )
    shown = (finding.values.git, finding.values.capi, finding.values.cloud)
    for label, value, where in zip(("git", "cluster", "cloud"), shown, beside, strict=True):
        if value != NO_COUNTERPART or where:
            yield f"    {label:<12} {_value(value)}{where}"


def _actor(actor: Actor) -> str:
    if not actor.who:
        return f"unknown, because {actor.reason}" if actor.reason else "unknown"
    window = _window(actor.between)
    return f"{actor.who} ({actor.how}), {window}, grade {actor.grade}" + (f"; {actor.reason}" * bool(actor.reason))


def _window(between: Between) -> str:
    """As wide as it was measured: a moment, two ends, or one."""
    if between.after and between.after == between.before:
        return f"at {between.after}"
    if between.after and between.before:
        return f"between {between.after} and {between.before}"
    if between.after:
        return f"after {between.after}"
    return f"before {between.before}" if between.before else "at an unknown time"


def _authors(place: DeclaredAt) -> Iterator[str]:
    """Who wrote the line, and who changed the file last where that was another commit."""
    if place.line_commit is not None:
        yield f"line by {_commit(place.line_commit)}"
    if place.file_commit is not None and place.file_commit != place.line_commit:
        yield f"file last changed by {_commit(place.file_commit)}"


def _commit(commit: Commit) -> str:
    return f"{commit.author or 'an unnamed author'} at {commit.date or 'an unknown time'}, commit {commit.id}"


def _inside(values: ShownValues) -> list[str]:
    """What differs inside two lists or maps, one line each; nothing for plain values, which show it themselves."""
    from deepdiff import DeepDiff

    sides = [side.value for side in (values.git, values.capi, values.cloud) if side.state is ValueState.PRESENT]
    composite = [side for side in sides if isinstance(side, (list, dict))]
    if len(composite) < 2:
        return []
    return str(DeepDiff(composite[0], composite[-1]).pretty()).splitlines()[:_MOST_DIFFERENCES]


def _listed(label: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"    {label:<12} {line}"


def _value(value: ShownValue) -> str:
    match value.state:
        case ValueState.PRESENT:
            return json.dumps(value.value, ensure_ascii=False)
        case ValueState.ABSENT:
            return "(absent)"
        case ValueState.UNKNOWN:
            return f"unknown: {value.reason}"
