"""Which changes can have made a finding: those of its resource that write its field, and left it as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from drift_audit.interfaces import Candidate
from drift_audit.model.changes import ChangeEvent, Fit
from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Finding, FindingKind
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import mapping
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.history.events import EVENTS, SOURCES, Effect, EventRow
from drift_audit_aws.history.free import free_candidates
from drift_audit_aws.history.records import SOURCE, TAG_FIELDS
from drift_audit_aws.history.tokens import UNIQUE_ID, Token, tokens_in, tokens_of
from drift_audit_aws.history.values import Question, fields_of, wrote
from drift_audit_aws.ownership import CLOUD_PROVIDER_TAG_PREFIX, OWNED_TAG_PREFIX, ROLE_TAG
from drift_audit_aws.resource_types import SECURITY_GROUP

_OWNERSHIP = (OWNED_TAG_PREFIX, CLOUD_PROVIDER_TAG_PREFIX)


class ChangeIndex:
    """The changes of one scope by what they changed."""

    def __init__(self, view: CloudScopeView) -> None:
        self.view = view
        self._by_token: dict[Token, list[ChangeEvent]] = defaultdict(list)
        for event in (event for log in view.history for event in log.events):
            for each in tokens_in(event):
                self._by_token[each].append(event)
        self.group_names = {
            resource.key.id: resource.tags[ROLE_TAG]
            for (kind, _), resource in view.resources.items()
            if kind == SECURITY_GROUP and ROLE_TAG in resource.tags
        }

    def resource(self, key: ResourceKey) -> CloudResource | None:
        return self.view.resources.get((key.type, key.id))

    def changes(self, tokens: Iterable[Token]) -> list[ChangeEvent]:
        """Each change of one of these once, newest first."""
        found = {event.id: event for each in tokens for event in self._by_token.get(each, ())}
        return sorted(found.values(), key=lambda event: (event.at, event.id), reverse=True)


def candidates_of(
    findings: Iterable[Finding], rows: Sequence[FieldRow], clouds: Iterable[CloudScopeView]
) -> Mapping[str, Sequence[Candidate]]:
    """By id of the finding, its candidates, newest first; see `ChangeHistory.candidates`."""
    indexes: dict[CloudScope, ChangeIndex] = {cloud.scope: ChangeIndex(cloud) for cloud in clouds}
    by_id = {row.id: row for row in rows}
    found: dict[str, Sequence[Candidate]] = {}
    for finding in findings:
        index = indexes.get(finding.resource.scope) if finding.resource else None
        if index is not None and finding.resource is not None:
            found[finding.id] = tuple(_candidates(finding, finding.resource, by_id.get(finding.rule), index))
    return found


def _candidates(finding: Finding, key: ResourceKey, row: FieldRow | None, index: ChangeIndex) -> Iterator[Candidate]:
    resource = index.resource(key)
    asked = Question.of(finding, index.group_names)
    for event in index.changes(_tokens(key, resource, asked)):
        fit = _fit(event, finding, row, asked)
        if fit is not None:
            yield Candidate(change=event, fit=fit, source=SOURCE)
    if resource is not None:
        yield from free_candidates(resource, row)


def _tokens(key: ResourceKey, resource: CloudResource | None, asked: Question) -> set[Token]:
    if UNIQUE_ID.match(asked.item):
        return {("", asked.item), *({("", key.id)} if resource is None else ())}
    if resource is not None:
        return set(tokens_of(resource))
    return {("", key.id), *((service, key.id) for service in SOURCES.values())}


def _fit(event: ChangeEvent, finding: Finding, row: FieldRow | None, asked: Question) -> Fit | None:
    """How well the change fits the finding; `None` when it cannot have made it."""
    told = EVENTS.get(event.action)
    match finding.kind:
        case FindingKind.MISSING:
            return Fit.VALUE if told is not None and told.effect is Effect.DESTROY else None
        case FindingKind.ORPHAN:
            return _fit_of_orphan(event, told)
    if event.controller:
        return None
    if told is None:
        return Fit.SUBJECT
    if told.effect in (Effect.CREATE, Effect.DESTROY):
        return None
    return _fit_of_field(event, told, row, asked)


def _fit_of_orphan(event: ChangeEvent, told: EventRow | None) -> Fit | None:
    """Whoever made it, the controller too; or who put a cluster's tag on it."""
    if told is not None and told.effect is Effect.CREATE:
        return Fit.VALUE
    claimed = any(key.startswith(_OWNERSHIP) for name in TAG_FIELDS for key in mapping(event.writes.get(name)))
    tagged = told is not None and told.effect is Effect.ADD and claimed
    return Fit.FIELD if tagged and not event.controller else None


def _fit_of_field(event: ChangeEvent, told: EventRow, row: FieldRow | None, asked: Question) -> Fit | None:
    written = fields_of(event.writes, row)
    if not written:
        # Where no call of the table writes such a field, any change of the resource may have.
        return None if any(fields_of(each.writes, row) for each in EVENTS.values()) else Fit.SUBJECT
    answers = [wrote(event, name, told.effect, asked) for name in written]
    if any(answers):
        return Fit.VALUE
    return Fit.FIELD if None in answers else None
