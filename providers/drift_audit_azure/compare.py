"""Field-map rows against linked pairs: a fact for everything that differs or that nobody can know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from drift_audit.interfaces import Fact, Link
from drift_audit.model.fields import FieldRow
from drift_audit.model.keys import CloudScope
from drift_audit.model.values import ABSENT, Observed, Present, Unknown
from drift_audit.model.views import CloudScopeView
from drift_audit.provider_kit.paths import path_reader
from drift_audit_azure.comparers import COMPARERS
from drift_audit_azure.family import Condition, Expectation, Observation
from drift_audit_azure.fleet import Fleet
from drift_audit_azure.parts import Comparer, Part, declared_path
from drift_audit_azure.reactions import row_for
from drift_audit_azure.subject import Subject
from drift_audit_azure.values import CONDITIONS, EXPECTATIONS, OBSERVATIONS


def compare_links(
    rows: Sequence[FieldRow],
    fleet: Fleet,
    clouds: Sequence[CloudScopeView],
    links: Sequence[Link],
    *,
    equal_too: bool = False,
) -> Iterator[Fact]:
    """Facts of all rows on all links. Pairs that are being deleted have none."""
    by_scope = {cloud.scope: cloud for cloud in clouds}
    by_pair: dict[tuple[str, str], list[_Check]] = defaultdict(list)
    for row in rows:
        by_pair[row.kind, row.resource].append(_check(row))
    for link in links:
        applying = by_pair.get((link.object.kind, link.resource.type), ())
        subject = _subject(link, fleet, by_scope) if applying else None
        if subject is None or _leaving(subject):
            continue
        for check in applying:
            facts = _facts(subject, check)
            if facts or equal_too:
                yield from facts or _equal(subject, check)


def _subject(link: Link, fleet: Fleet, clouds: Mapping[CloudScope, CloudScopeView]) -> Subject | None:
    """`None` for a link whose object or resource is not in these views (any more): that is a matter of correlation."""
    cluster = fleet.clusters.get(link.cluster)
    view = fleet.view(link.management_cluster)
    found = view.objects.get(link.object) if view is not None else None
    cloud = clouds.get(link.resource.scope)
    resource = cloud.resources.get((link.resource.type, link.resource.id)) if cloud is not None else None
    if cluster is None or found is None or cloud is None or resource is None:
        return None
    machine = fleet.machines.get((link.management_cluster, link.object))
    return Subject(link=link, object=found, resource=resource, cluster=cluster, machine=machine, cloud=cloud)


def _leaving(subject: Subject) -> bool:
    """True while CAPZ takes the resource apart itself."""
    return subject.machine.deleting if subject.machine is not None else subject.cluster.deleting


def _facts(subject: Subject, check: _Check) -> Sequence[Fact]:
    if check.skips is not None and check.skips(subject):
        return ()
    wanted = check.wanted(subject)
    if wanted is None:
        return ()
    actual = check.actual(subject)
    return [
        Fact(
            link=subject.link if part.object is None else replace(subject.link, object=part.object),
            row=row_for(subject, check.row, part),
            path=part.path,
            capi=part.capi,
            cloud=part.cloud,
            capi_path=part.capi_path,
            severity=part.severity,
            note=part.note,
        )
        for part in _parts(subject, check, wanted, actual)
    ]


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
    value_of = path_reader(row.cloud[0])

    def actual(subject: Subject) -> Observed:
        value = value_of(subject.resource.attributes)
        return ABSENT if value is None else Present(value)

    return actual
