"""How two values of a field are compared, and what of them differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.keys import canonical_json, format_path
from drift_audit.model.values import ABSENT, Json, Observed, Present, dig, mapping, sequence, text
from drift_audit_azure.arm_ids import resource_id
from drift_audit_azure.ownership import tag
from drift_audit_azure.parts import Comparer, Part, declared_path
from drift_audit_azure.subject import Subject

Equal = Callable[[Json, Json], bool]


def _exact(wanted: Json, actual: Json) -> bool:
    """Equal with their types: `True` is no `1`."""
    return canonical_json(wanted) == canonical_json(actual)


def _same_set(wanted: Json, actual: Json) -> bool:
    return {canonical_json(item) for item in sequence(wanted)} == {canonical_json(item) for item in sequence(actual)}


def _same_number(wanted: Json, actual: Json) -> bool:
    try:
        return Decimal(str(wanted)) == Decimal(str(actual))
    except InvalidOperation:
        return _exact(wanted, actual)


def _any_case(wanted: Json, actual: Json) -> bool:
    return text(wanted).casefold() == text(actual).casefold()


def _same_id(wanted: Json, actual: Json) -> bool:
    """ARM ids have no case; a providerID says the same with a scheme in front."""
    left, right = resource_id(wanted), resource_id(actual)
    return left == right if left and right else _any_case(wanted, actual)


def _holds_all(wanted: Json, actual: Json) -> bool:
    return {canonical_json(item) for item in sequence(wanted)} <= {canonical_json(item) for item in sequence(actual)}


def _whole(equal: Equal) -> Comparer:
    """The comparer of a field that is one value."""

    def compare(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
        if isinstance(wanted, Present) and isinstance(actual, Present):
            if equal(wanted.value, actual.value):
                return
        elif type(wanted) is type(actual):
            return
        yield Part(path=row.path, capi=wanted, cloud=actual, capi_path=declared_path(row))

    return compare


def _power(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """A machine that does not run: worst where it holds a part of the control plane."""
    if wanted != actual:
        control_plane = subject.machine is not None and subject.machine.role == "control-plane"
        severity = Severity.CRITICAL if control_plane else None
        yield Part(path=row.path, capi=wanted, cloud=actual, severity=severity)


def _tags(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every wanted tag that is missing or has another value. Further tags are nobody's business here."""
    has = {key: text(value) for key, value in mapping(actual.value if isinstance(actual, Present) else None).items()}
    declared = declared_path(row)
    for key, value in sorted(mapping(wanted.value if isinstance(wanted, Present) else None).items()):
        found = tag(has, key)
        if found != value:
            yield Part(
                path=format_path((*row.path.split("."), key)),
                capi=Present(value),
                cloud=ABSENT if found is None else Present(found),
                capi_path=(*declared, key) if key in mapping(subject.object.at(*declared)) else declared,
                item=key,
            )


def _named_items(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Two lists of objects with a `name`: each wanted one that is missing, and each of its fields that differs.

    Of a field that the wanted item does not have, nothing is said.
    """
    has = {text(dig(item, "name")).casefold(): mapping(item) for item in _items(actual)}
    for item in map(mapping, _items(wanted)):
        name = text(item.get("name"))
        found = has.get(name.casefold())
        if found is None:
            yield Part(
                path=f"{row.path}[{name}]", capi=Present(item), cloud=ABSENT, capi_path=declared_path(row), item=name
            )
            continue
        for field, value in item.items():
            if not _equal_text(value, found.get(field)):
                yield Part(
                    path=f"{row.path}[{name}].{field}",
                    capi=Present(value),
                    cloud=ABSENT if found.get(field) is None else Present(found.get(field)),
                    capi_path=declared_path(row),
                    item=name,
                )


def _rules(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Rules of a security group by name: missing, changed, and those that nobody declares."""
    found = {text(dig(item, "name")).casefold(): mapping(item) for item in _items(actual)}
    declared = {text(dig(item, "name")).casefold(): mapping(item) for item in _items(wanted)}
    for name in sorted({*found, *declared}):
        want, has = declared.get(name), found.get(name)
        if want is not None and has is not None and all(map(_equal_text, want.values(), has.values())):
            continue
        shown = text((want or has or {}).get("name"))
        yield Part(
            path=f"{row.path}[{shown}]",
            capi=ABSENT if want is None else Present(_rule_in_words(want)),
            cloud=ABSENT if has is None else Present(_rule_in_words(has)),
            capi_path=declared_path(row) if want is not None else (),
            item=_kind_of_change(want, has),
            severity=None if want is not None or _lets_in(has) else Severity.HIGH,
        )


def _kind_of_change(want: Json, has: Json) -> str:
    """`missing`, `moved` (another destination port), or `changed`: CAPZ treats each in its own way."""
    if has is None:
        return "missing"
    return "moved" if want is not None and dig(want, "to-ports") != dig(has, "to-ports") else "changed"


def _lets_in(rule: Json) -> bool:
    return text(dig(rule, "access")) == "Allow" and text(dig(rule, "direction")) == "Inbound"


def _rule_in_words(rule: Json) -> str:
    """`Inbound Allow Tcp from * to * port 22, priority 2200`."""
    words = {
        name: dig(rule, name) for name in ("direction", "access", "protocol", "from", "to", "to-ports", "priority")
    }
    ports = f" from port {dig(rule, 'from-ports')}" if dig(rule, "from-ports") not in ("*", "", None) else ""
    told = "{direction} {access} {protocol} from {from} to {to} port {to-ports}, priority {priority}"
    return told.format_map(words) + ports


def _identities(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """An identity that is gone breaks the machine; one more is only told."""
    ids, has = set(map(text, _items(wanted))), set(map(text, _items(actual)))
    for identifier in sorted(ids - has):
        yield Part(
            path=f"{row.path}[{identifier}]", capi=Present(identifier), cloud=ABSENT, capi_path=declared_path(row)
        )
    for identifier in sorted(has - ids):
        yield Part(
            path=f"{row.path}[{identifier}]",
            capi=ABSENT,
            cloud=Present(identifier),
            capi_path=declared_path(row),
            item="extra",
            severity=Severity.MEDIUM,
            note="an identity that nobody declares: CAPZ does not notice it",
        )


def _items(side: Observed) -> list[Json]:
    return list(sequence(side.value)) if isinstance(side, Present) else []


def _equal_text(wanted: Json, actual: Json) -> bool:
    if isinstance(wanted, str) and isinstance(actual, str):
        return wanted.casefold() == actual.casefold()
    return canonical_json(wanted) == canonical_json(actual)


COMPARERS: Mapping[str, Comparer] = {
    "exact": _whole(_exact),
    "set": _whole(_same_set),
    "number": _whole(_same_number),
    "any-case": _whole(_any_case),
    "arm-id": _whole(_same_id),
    "holds-all": _whole(_holds_all),
    "identities": _identities,
    "named-items": _named_items,
    "power": _power,
    "rules": _rules,
    "tags": _tags,
}
"""By the name that a field-map row uses."""
