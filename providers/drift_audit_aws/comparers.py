"""How two values of a field are compared, and what of them differs: the ways that every family may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from drift_audit.model.fields import FieldRow
from drift_audit.model.keys import canonical_json, format_path
from drift_audit.model.values import ABSENT, Json, Observed, Present, mapping, sequence, text
from drift_audit_aws.parts import Comparer, Part, declared_path
from drift_audit_aws.subject import Subject

Equal = Callable[[Json, Json], bool]


def _exact(wanted: Json, actual: Json) -> bool:
    """Equal with their types: `True` is no `1`."""
    if type(wanted) is type(actual) and isinstance(wanted, (str, int)):
        return wanted == actual
    return canonical_json(wanted) == canonical_json(actual)


def _same_set(wanted: Json, actual: Json) -> bool:
    return {canonical_json(item) for item in sequence(wanted)} == {canonical_json(item) for item in sequence(actual)}


def _same_number(wanted: Json, actual: Json) -> bool:
    """`"0.1"` and `"0.100000"` are one price."""
    try:
        return Decimal(str(wanted)) == Decimal(str(actual))
    except InvalidOperation:
        return _exact(wanted, actual)


def _last_segment(wanted: Json, actual: Json) -> bool:
    """A name against a name, a path or an ARN that ends in it."""
    return text(wanted).rpartition("/")[2] == text(actual).rpartition("/")[2]


def _any_case(wanted: Json, actual: Json) -> bool:
    return text(wanted).casefold() == text(actual).casefold()


def _one_of(wanted: Json, actual: Json) -> bool:
    return any(_exact(item, actual) for item in sequence(wanted))


def _whole(equal: Equal) -> Comparer:
    """The comparer of a field that is one value."""

    def compare(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
        if isinstance(wanted, Present) and isinstance(actual, Present):
            if equal(wanted.value, actual.value):
                return
        elif type(wanted) is type(actual):
            return
        yield Part(
            path=row.path,
            capi=wanted,
            cloud=actual,
            capi_path=declared_path(row),
        )

    return compare


def _tags(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every wanted tag that is missing or has another value. Further tags are nobody's business here."""
    has = mapping(actual.value) if isinstance(actual, Present) else {}
    declared = declared_path(row)
    for key, value in sorted(mapping(wanted.value if isinstance(wanted, Present) else None).items()):
        if has.get(key) != value:
            yield Part(
                path=format_path((*row.path.split("."), key)),
                capi=Present(value),
                cloud=Present(has[key]) if key in has else ABSENT,
                capi_path=(*declared, key) if key in mapping(subject.object.at(*declared)) else declared,
                item=key,
            )


COMPARERS: Mapping[str, Comparer] = {
    "exact": _whole(_exact),
    "set": _whole(_same_set),
    "number": _whole(_same_number),
    "arn-name": _whole(_last_segment),
    "any-case": _whole(_any_case),
    "one-of": _whole(_one_of),
    "tags": _tags,
}
"""By the name that a field-map row uses."""
