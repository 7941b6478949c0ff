"""Field-map rows against linked pairs: a fact for everything that differs or that nobody can know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from drift_audit.interfaces import Fact, Link
from drift_audit.model.fields import FieldRow
from drift_audit.model.keys import CloudScope
from drift_audit.model.values import Observed, Present, Unknown
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.comparers import COMPARERS, Part, declared_path
from drift_audit_aws.conditions import CONDITIONS
from drift_audit_aws.expectations import EXPECTATIONS
from drift_audit_aws.fleet import Fleet
from drift_audit_aws.observations import OBSERVATIONS
from drift_audit_aws.paths import cloud_value, value_at
from drift_audit_aws.reactions import row_for
from drift_audit_aws.subject import CloudIndex, Subject


def compare_links(
    rows: Sequence[FieldRow],
    fleet: Fleet,
    clouds: Sequence[CloudScopeView],
    links: Sequence[Link],
    *,
    equal_too: bool = False,
) -> Iterator[Fact]:
    """Facts of all rows on all links. Pairs that are being deleted, or that an Auto Scaling group keeps, have none."""
    by_scope = {cloud.scope: CloudIndex(cloud) for cloud in clouds}
    by_pair: dict[tuple[str, str], list[FieldRow]] = defaultdict(list)
    for row in rows:
        by_pair[row.kind, row.resource].append(row)
    for link in links:
        applying = by_pair.get((link.object.kind, link.resource.type), ())
        subject = _subject(link, fleet, by_scope) if applying else None
        if subject is None or _leaving(subject):
            continue
        for row in applying:
            facts = list(_facts(subject, row))
            yield from facts or (_equal(subject, row) if equal_too else ())


def _subject(link: Link, fleet: Fleet, clouds: Mapping[CloudScope, CloudIndex]) -> Subject | None:
    """`None` for a link whose object or resource is not in these views (any more): that is a matter of correlation."""
    machine = fleet.machines.get((link.management_cluster, link.object))
    cluster = fleet.clusters.get(link.cluster)
    index = clouds.get(link.resource.scope)
    resource = index.view.resources.get((link.resource.type, link.resource.id)) if index is not None else None
    if cluster is None or index is None or resource is None:
        return None
    return Subject(
        link=link,
        object=machine.object if machine is not None else cluster.infra,
        resource=resource,
        cluster=cluster,
        machine=machine,
        index=index,
    )


def _leaving(subject: Subject) -> bool:
    """True while CAPA takes the resource apart itself, or where the launch template decides instead of the object."""
    if subject.machine is not None:
        return subject.machine.deleting or subject.machine.in_pool
    return subject.cluster.deleting


def _facts(subject: Subject, row: FieldRow) -> Iterator[Fact]:
    if row.skip_when and CONDITIONS[row.skip_when](subject):
        return
    wanted = _wanted(subject, row)
    if wanted is None:
        return
    actual = _actual(subject, row)
    for part in _parts(subject, row, wanted, actual):
        yield Fact(
            link=subject.link,
            row=row_for(subject, row, part),
            path=part.path,
            capi=part.capi,
            cloud=part.cloud,
            capi_path=part.capi_path,
            severity=part.severity,
            note=part.note,
        )


def _equal(subject: Subject, row: FieldRow) -> Iterator[Fact]:
    """The fact that the row found nothing: for a reader who asks what was compared."""
    skipped = bool(row.skip_when) and CONDITIONS[row.skip_when](subject)
    wanted = None if skipped else _wanted(subject, row)
    if wanted is not None:
        yield Fact(
            link=subject.link,
            row=row,
            path=row.path,
            capi=wanted,
            cloud=_actual(subject, row),
            capi_path=declared_path(row),
        )


def _parts(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    if isinstance(wanted, Unknown) or isinstance(actual, Unknown):
        yield Part(path=row.path, capi=wanted, cloud=actual, capi_path=declared_path(row))
        return
    yield from COMPARERS[row.comparer](subject, row, wanted, actual)


def _wanted(subject: Subject, row: FieldRow) -> Observed | None:
    """What the object asks for; `None` when it asks for nothing."""
    if row.expect:
        return EXPECTATIONS[row.expect](subject)
    value = value_at(subject.object.raw, row.capi[0])
    if value is None:
        value = row.default
    return None if value is None else Present(value)


def _actual(subject: Subject, row: FieldRow) -> Observed:
    if row.observe:
        return OBSERVATIONS[row.observe](subject)
    return cloud_value(subject.resource.key.type, subject.resource.attributes, row.cloud[0])
