"""Field-map rows against linked pairs: a fact for everything that differs or that nobody can know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from drift_audit.interfaces import Fact, Link
from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.keys import CloudScope
from drift_audit.model.values import Observed, Present, Unknown
from drift_audit.model.views import CloudScopeView
from drift_audit.provider_kit.paths import cloud_value, path_reader
from drift_audit_aws.families import (
    ALWAYS_SENT,
    COMPARERS,
    CONDITIONS,
    EXPECTATIONS,
    JUDGEMENTS,
    OBSERVATIONS,
    SILENCERS,
)
from drift_audit_aws.family import Condition, Expectation, Observation
from drift_audit_aws.fleet import Fleet
from drift_audit_aws.kinds import kinds_of_rows
from drift_audit_aws.parts import Comparer, Part, declared_path
from drift_audit_aws.reactions import row_for
from drift_audit_aws.subject import CloudIndex, Subject, index_scopes


def compare_links(
    rows: Sequence[FieldRow],
    fleet: Fleet,
    clouds: Sequence[CloudScopeView],
    links: Sequence[Link],
    *,
    equal_too: bool = False,
) -> Iterator[Fact]:
    """Facts of all rows on all links. Pairs that are being deleted have none."""
    by_scope = index_scopes(clouds)
    by_pair: dict[tuple[str, str], list[_Check]] = defaultdict(list)
    for row in rows:
        by_pair[row.kind, row.resource].append(_check(row))
    for link in links:
        kinds = kinds_of_rows(link.object.kind)
        applying = [check for kind in kinds for check in by_pair.get((kind, link.resource.type), ())]
        subject = _subject(link, fleet, by_scope) if applying else None
        if subject is None or _leaving(subject):
            continue
        for check in applying:
            facts = _facts(subject, check)
            # Asked where something is to be said only: on a healthy fleet that is nowhere.
            if (facts or equal_too) and not any(silences(subject, check.row) for silences in SILENCERS):
                yield from facts or _equal(subject, check)


def _subject(link: Link, fleet: Fleet, clouds: Mapping[CloudScope, CloudIndex]) -> Subject | None:
    """`None` for a link whose object or resource is not in these views (any more): that is a matter of correlation."""
    cluster = fleet.clusters.get(link.cluster)
    view = fleet.view(link.management_cluster)
    found = view.objects.get(link.object) if view is not None else None
    index = clouds.get(link.resource.scope)
    resource = index.view.resources.get((link.resource.type, link.resource.id)) if index is not None else None
    if cluster is None or found is None or index is None or resource is None:
        return None
    return Subject(
        link=link,
        object=found,
        resource=resource,
        cluster=cluster,
        machine=fleet.machines.get((link.management_cluster, link.object)),
        pool=fleet.pools.get((link.management_cluster, link.object)),
        index=index,
        fleet=fleet,
    )


def _leaving(subject: Subject) -> bool:
    """True while CAPA takes the resource apart itself."""
    if subject.machine is not None:
        return subject.machine.deleting
    if subject.pool is not None:
        return subject.pool.deleting
    return subject.object.deleting or subject.cluster.deleting


def _facts(subject: Subject, check: _Check) -> Sequence[Fact]:
    if check.skips is not None and check.skips(subject):
        return ()
    wanted = check.wanted(subject)
    if wanted is None:
        return ()
    actual = check.actual(subject)
    if _same_text(wanted, actual):
        return ()
    return [
        Fact(
            link=subject.link if part.object is None else replace(subject.link, object=part.object),
            row=row_for(subject, check.row, part),
            path=part.path,
            capi=part.capi,
            cloud=part.cloud,
            capi_path=part.capi_path,
            severity=part.severity or _judged(check.row, part),
            note=part.note,
        )
        for part in _parts(subject, check, wanted, actual)
    ]


def _same_text(wanted: Observed, actual: Observed) -> bool:
    """True for what no comparer can find different; most of a fleet ends here."""
    return (
        isinstance(wanted, Present)
        and isinstance(actual, Present)
        and isinstance(wanted.value, str)
        and wanted.value == actual.value
    )


def _judged(row: FieldRow, part: Part) -> Severity | None:
    """The severity of this very change, where the row's field has degrees."""
    judge = JUDGEMENTS.get(row.cloud[0]) if row.cloud else None
    if judge is None or not isinstance(part.capi, Present) or not isinstance(part.cloud, Present):
        return None
    return judge(part.capi.value, part.cloud.value)


def _equal(subject: Subject, check: _Check) -> Iterator[Fact]:
    """The fact that the row found nothing: for a reader who asks what was compared."""
    skipped = check.skips is not None and check.skips(subject)
    wanted = None if skipped else check.wanted(subject)
    if wanted is not None:
        yield Fact(
            link=subject.link,
            row=check.row,
            path=check.row.path,
            capi=wanted,
            cloud=check.actual(subject),
            capi_path=declared_path(check.row),
        )


def _parts(subject: Subject, check: _Check, wanted: Observed, actual: Observed) -> Iterator[Part]:
    if isinstance(wanted, Unknown) or isinstance(actual, Unknown):
        return iter((Part(path=check.row.path, capi=wanted, cloud=actual, capi_path=declared_path(check.row)),))
    return check.comparer(subject, check.row, wanted, actual)


@dataclass(frozen=True, slots=True)
class _Check:
    """A row with its functions looked up, once for all the pairs that it is about."""

    row: FieldRow
    skips: Condition | None
    wanted: Expectation
    """What the object asks for; `None` when it asks for nothing."""
    actual: Observation
    comparer: Comparer


def _check(row: FieldRow) -> _Check:
    return _Check(
        row=row,
        skips=CONDITIONS[row.skip_when] if row.skip_when else None,
        wanted=EXPECTATIONS[row.expect] if row.expect else _declared(row),
        actual=OBSERVATIONS[row.observe] if row.observe else _answered(row),
        comparer=COMPARERS[row.comparer],
    )


def _declared(row: FieldRow) -> Expectation:
    """The value of the spec field, or the row's default."""
    value_of = path_reader(row.capi[0])
    default = row.default

    def wanted(subject: Subject) -> Observed | None:
        value = value_of(subject.object.raw)
        if value is None:
            value = default
        return None if value is None else Present(value)

    return wanted


def _answered(row: FieldRow) -> Observation:
    always_sent, path = ALWAYS_SENT.get(row.resource, frozenset()), row.cloud[0]
    return lambda subject: cloud_value(always_sent, subject.resource.attributes, path)
