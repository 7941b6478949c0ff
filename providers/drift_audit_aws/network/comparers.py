"""What of the network differs, one part for each item: a route, a CIDR, a rule."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import replace

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.values import ABSENT, Json, Observed, Present, mapping, text
from drift_audit_aws.comparers import COMPARERS as ANY
from drift_audit_aws.parts import Comparer, Part
from drift_audit_aws.subject import Subject


def _items_missing(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every wanted item that is not there."""
    has = _items(actual)
    for item, value in sorted(_items(wanted).items()):
        if item not in has:
            yield _part(row, item, Present(value), ABSENT)


def _items_extra(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every item that is there and not wanted."""
    wants = _items(wanted)
    for item, value in sorted(_items(actual).items()):
        if item not in wants:
            yield _part(row, item, ABSENT, Present(value))


def _items_changed(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every item that is on both sides with another value."""
    has = _items(actual)
    for item, value in sorted(_items(wanted).items()):
        if item in has and has[item] != value:
            yield _part(row, item, Present(value), Present(has[item]))


def _items_wanted(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every wanted item that is missing or has another value."""
    yield from _items_missing(subject, row, wanted, actual)
    yield from _items_changed(subject, row, wanted, actual)


def _turn(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """A subnet that turned; one that became private cuts its nodes off, one that became public lays them open."""
    for part in ANY["exact"](subject, row, wanted, actual):
        closed = isinstance(actual, Present) and actual.value in (False, "private")
        yield Part(path=part.path, capi=part.capi, cloud=part.cloud, severity=Severity.HIGH if closed else None)


def _part(row: FieldRow, item: str, capi: Observed, cloud: Observed) -> Part:
    """Without a path in the declaration: none of these items is one plain field there."""
    return Part(path=f"{row.path}[{item}]", capi=capi, cloud=cloud, item=item)


def _items(value: Observed) -> Mapping[str, Json]:
    return mapping(value.value) if isinstance(value, Present) else {}


def _cidr(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """One block, however it is spelled: `10.0.0.5/16` is `10.0.0.0/16`."""
    spelled = [Present(canonical(text(side.value))) if isinstance(side, Present) else side for side in (wanted, actual)]
    for part in ANY["exact"](subject, row, *spelled):
        yield replace(part, capi=wanted, cloud=actual)


def canonical(block: str) -> str:
    """The block as AWS stores it; anything else unchanged."""
    try:
        return str(ipaddress.ip_network(block, strict=False))
    except ValueError:
        return block


def _at_least(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """A number below the one that is needed; none left at all is worse."""
    needs = wanted.value if isinstance(wanted, Present) else None
    has = actual.value if isinstance(actual, Present) else None
    if isinstance(needs, int) and isinstance(has, int) and has < needs:
        yield Part(
            path=row.path,
            capi=Present(f"at least {needs}"),
            cloud=actual,
            severity=None if has else Severity.CRITICAL,
        )


COMPARERS: Mapping[str, Comparer] = {
    "at-least": _at_least,
    "cidr": _cidr,
    "items-changed": _items_changed,
    "items-extra": _items_extra,
    "items-missing": _items_missing,
    "items-wanted": _items_wanted,
    "turn": _turn,
}
