"""How two values of a field are compared, and what of them differs.

A comparer gets both sides where both are known, and gives one `Part` per thing that differs: one for a plain
field, one per tag, per rule, per network interface. Equal sides give nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.keys import canonical_json, format_path
from drift_audit.model.values import ABSENT, Json, Observed, Present, Unknown, mapping, sequence, text
from drift_audit_aws.expected_rules import DECLARED_BY_ROLE
from drift_audit_aws.exposure import severity_of_change
from drift_audit_aws.observations import untold_interfaces
from drift_audit_aws.paths import steps
from drift_audit_aws.rules import RuleDifference, differences, opens_to_everyone, rule_of, shown, shown_fully
from drift_audit_aws.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that differs, or that cannot be known."""

    path: str
    capi: Observed
    cloud: Observed
    capi_path: tuple[str, ...] = ()
    item: str = ""
    """The tag key or the interface id, where a row has several items."""
    severity: Severity | None = None
    note: str = ""


Comparer = Callable[[Subject, FieldRow, Observed, Observed], Iterator[Part]]
Equal = Callable[[Json, Json], bool]


def declared_path(row: FieldRow) -> tuple[str, ...]:
    """The spec field that declares the row's value; empty for what no spec field holds."""
    found = steps(row.capi[0]) if row.capi else ()
    return found if found[:1] == ("spec",) else ()


def _exact(wanted: Json, actual: Json) -> bool:
    """Equal with their types: `True` is no `1`."""
    if isinstance(wanted, str) and isinstance(actual, str):
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
            severity=severity_of_change(row, wanted, actual),
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


def _state(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """An instance that does not run, with EC2's own reason."""
    for part in _whole(_exact)(subject, row, wanted, actual):
        control_plane = subject.machine is not None and subject.machine.role == "control-plane"
        yield replace(
            part,
            severity=Severity.CRITICAL if control_plane else None,
            note=text(subject.resource.attributes.get("StateTransitionReason")),
        )


def _interfaces(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every network interface whose set of groups differs."""
    ids = [text(item) for item in sequence(wanted.value if isinstance(wanted, Present) else ())]
    names = subject.group_names
    primary = text((subject.primary_interface() or {}).get("NetworkInterfaceId"))
    for interface, groups in sorted(mapping(actual.value if isinstance(actual, Present) else None).items()):
        has = [text(group) for group in sequence(groups)]
        extra, missing = sorted({*has} - {*ids}), sorted({*ids} - {*has})
        if not extra and not missing:
            continue
        said = [(word, ", ".join(names.get(group, group) for group in some)) for word, some in _words(extra, missing)]
        yield Part(
            path=row.path if interface == primary else f"{row.path}[{interface}]",
            capi=wanted,
            cloud=Present(has),
            capi_path=declared_path(row),
            item=interface,
            severity=row.severity if extra else Severity.HIGH,
            note="; ".join(f"{word} {groups}" for word, groups in said),
        )
    for interface in untold_interfaces(subject):
        yield Part(
            path=f"{row.path}[{interface}]",
            capi=wanted,
            cloud=Unknown("the tags of network interfaces could not be listed"),
            capi_path=declared_path(row),
        )


def _words(extra: list[str], missing: list[str]) -> list[tuple[str, list[str]]]:
    return [(word, some) for word, some in (("extra:", extra), ("missing:", missing)) if some]


def _rules(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every rule that is extra, missing, or only described differently."""
    wants = [rule_of(item) for item in sequence(wanted.value if isinstance(wanted, Present) else ())]
    has = [rule_of(item) for item in sequence(actual.value if isinstance(actual, Present) else ())]
    for difference in differences(wants, has):
        yield _rule_part(subject, row, difference)


def _rule_part(subject: Subject, row: FieldRow, difference: RuleDifference) -> Part:
    names = subject.group_names
    direction = "to" if row.path == "egress" else "from"
    path = f"{row.path}[{shown(difference.rule, names, direction)}]"
    wanted, actual = difference.wanted, difference.actual
    declared = wanted.declared if wanted is not None else DECLARED_BY_ROLE.get(subject.group_role, ())
    group = f"security group of role {subject.group_role}"
    if wanted is not None and actual is not None:
        return Part(
            path=f"{path}.description",
            capi=Present(wanted.description),
            cloud=Present(actual.description),
            capi_path=declared,
            severity=Severity.LOW,
            note=group,
        )
    opened = opens_to_everyone(actual) if actual is not None and direction == "from" else ""
    return Part(
        path=path,
        capi=ABSENT if wanted is None else Present(shown_fully(wanted, names, direction)),
        cloud=ABSENT if actual is None else Present(shown_fully(actual, names, direction)),
        capi_path=declared if direction == "from" else (),
        severity=Severity.CRITICAL if opened else None,
        note=f"{group}; opens {opened} to the whole internet" if opened else group,
    )


COMPARERS: Mapping[str, Comparer] = {
    "exact": _whole(_exact),
    "set": _whole(_same_set),
    "number": _whole(_same_number),
    "arn-name": _whole(_last_segment),
    "any-case": _whole(_any_case),
    "one-of": _whole(_one_of),
    "state": _state,
    "tags": _tags,
    "interfaces": _interfaces,
    "rules": _rules,
}
"""By the name that a field-map row uses."""
