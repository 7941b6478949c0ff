"""How two values of a field are compared, and what of them differs: the ways that every provider may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from drift_audit.model.fields import FieldRow
from drift_audit.model.keys import canonical_json, format_path
from drift_audit.model.values import ABSENT, Json, Observed, Present, mapping, sequence, text
from drift_audit.provider_kit.parts import Comparer, Part, declared_path

Equal = Callable[[Json, Json], bool]


def exact(wanted: Json, actual: Json) -> bool:
    """Equal with their types: `True` is no `1`."""
    if type(wanted) is type(actual) and isinstance(wanted, (str, int)):
        return wanted == actual
    return canonical_json(wanted) == canonical_json(actual)


def same_set(wanted: Json, actual: Json) -> bool:
    return {canonical_json(item) for item in sequence(wanted)} == {canonical_json(item) for item in sequence(actual)}


def same_number(wanted: Json, actual: Json) -> bool:
    """`"30"` and `30` are one size: Google writes 64-bit numbers as texts."""
    try:
        return Decimal(str(wanted)) == Decimal(str(actual))
    except InvalidOperation:
        return exact(wanted, actual)


def last_segment(wanted: Json, actual: Json) -> bool:
    """A name against a name, a path or a link that ends in it."""
    return text(wanted).rpartition("/")[2] == text(actual).rpartition("/")[2]


def whole(equal: Equal) -> Comparer:
    """The comparer of a field that is one value."""

    def compare(subject: Any, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
        if isinstance(wanted, Present) and isinstance(actual, Present):
            if equal(wanted.value, actual.value):
                return
        elif type(wanted) is type(actual):
            return
        yield Part(path=row.path, capi=wanted, cloud=actual, capi_path=declared_path(row))

    return compare


def entries(subject: Any, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every wanted entry of a map that is missing or has another value. Further entries are nobody's business here."""
    has = _entries(actual)
    for key, value in sorted(_entries(wanted).items()):
        if not exact(value, has.get(key)):
            yield Part(
                path=format_path((*row.path.split("."), key)),
                capi=Present(value),
                cloud=Present(has[key]) if key in has else ABSENT,
                capi_path=declared_path(row),
            )


def items(subject: Any, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every item of a set that only one side has."""
    asked, given = _texts(wanted), _texts(actual)
    for item in sorted(asked ^ given):
        yield Part(
            path=format_path((*row.path.split("."), item)),
            capi=Present(item) if item in asked else ABSENT,
            cloud=Present(item) if item in given else ABSENT,
            capi_path=declared_path(row) if item in asked else (),
        )


def lacking(subject: Any, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every wanted item that is not there. Further items are nobody's business here."""
    return (part for part in items(subject, row, wanted, actual) if part.cloud == ABSENT)


def same_entries(subject: Any, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every entry of a map that is not on both sides with the same value."""
    asked, given = _entries(wanted), _entries(actual)
    for key in sorted(asked.keys() | given.keys()):
        if key not in asked or key not in given or not exact(asked[key], given[key]):
            yield Part(
                path=format_path((*row.path.split("."), key)),
                capi=Present(asked[key]) if key in asked else ABSENT,
                cloud=Present(given[key]) if key in given else ABSENT,
                capi_path=declared_path(row) if key in asked else (),
            )


def _entries(side: Observed) -> Mapping[str, Json]:
    return mapping(side.value) if isinstance(side, Present) else {}


def _texts(side: Observed) -> frozenset[str]:
    found = sequence(side.value) if isinstance(side, Present) else ()
    return frozenset(map(str, found))


COMPARERS: Mapping[str, Comparer] = {
    "exact": whole(exact),
    "set": whole(same_set),
    "number": whole(same_number),
    "last-segment": whole(last_segment),
    "entries": entries,
    "same-entries": same_entries,
    "items": items,
    "lacking": lacking,
}
"""By the name that a field-map row uses."""
