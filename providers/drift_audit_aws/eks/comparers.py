"""What of EKS differs, told once for each thing that a person would put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.keys import canonical_json, format_path
from drift_audit.model.values import ABSENT, Json, Observed, Present, dig, mapping, observed, sequence, text
from drift_audit_aws.comparers import COMPARERS as ANY
from drift_audit_aws.eks.cluster_shown import rights_of
from drift_audit_aws.eks.facts import parts_of, pool_of, status_of
from drift_audit_aws.eks.readers import name_of
from drift_audit_aws.eks.versions import number
from drift_audit_aws.parts import Comparer, Part, declared_path
from drift_audit_aws.resource_types import ACCESS_ENTRY
from drift_audit_aws.subject import Subject

_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
"""EKS goes this way and never back."""
_EVERYBODY = ({"0.0.0.0/0"}, {"0.0.0.0/0", "::/0"})
_MIGHTY = ("AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy")
_REPLICAS = ("spec", "replicas")


def _value(found: Observed) -> Json:
    return found.value if isinstance(found, Present) else None


def _only(chosen: Callable[[Json, Json], bool]) -> Comparer:
    """The comparison of one value, of which the row tells one direction only."""

    def compare(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
        if chosen(_value(wanted), _value(actual)):
            yield from ANY["exact"](subject, row, wanted, actual)

    return compare


def _mode(name: Json) -> int:
    return _MODES.index(text(name)) if name in _MODES else -1


def _cidrs(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """An empty list and both spellings of everybody are one (publicAccessCIDRsEqual)."""
    wants, has = set(map(text, sequence(_value(wanted)))), set(map(text, sequence(_value(actual))))
    if wants == has or ((not wants or wants in _EVERYBODY) and (not has or has in _EVERYBODY)):
        return
    shown = wanted if wants else Present(["0.0.0.0/0"])
    opened = bool(has & {"0.0.0.0/0", "::/0"}) or not has
    for part in ANY["set"](subject, row, shown, actual):
        yield replace(part, severity=None if opened or has - wants else Severity.HIGH)


def _each(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Each entry of a mapping that is missing, too many, or other."""
    wants, has = mapping(_value(wanted)), mapping(_value(actual))
    declared = declared_path(row)
    for name in sorted({*wants, *has}):
        if canonical_json(wants.get(name)) != canonical_json(has.get(name)):
            named = name in mapping(subject.object.at(*declared)) if declared else False
            yield Part(
                path=format_path((*row.path.split("."), name)),
                capi=observed(wants.get(name)),
                cloud=observed(has.get(name)),
                capi_path=(*declared, name) if named else declared,
                item=name,
            )


def _items(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Each item that should not be there."""
    for item in map(text, sequence(_value(actual))):
        yield Part(path=f"{row.path}[{item}]", capi=ABSENT, cloud=Present(item), item=item)


def _further(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """What is there beyond the declared; what was declared later never gets there, and need not."""
    known = set(map(text, sequence(_value(wanted))))
    found = [each for each in sequence(_value(actual)) if text(each) not in known]
    for part in _items(subject, row, wanted, Present(found)):
        yield replace(part, capi_path=declared_path(row))


def _entries(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """The same of access entries, with what each of them may do."""
    known = parts_of(subject, ACCESS_ENTRY)
    for part in _items(subject, row, wanted, actual):
        entry = known.get(part.item)
        rights = [text(each) for each in rights_of(entry)] if entry is not None else []
        mighty = any(each in _MIGHTY or each == "system:masters" for each in rights)
        yield replace(
            part,
            severity=None if mighty else Severity.HIGH,
            note=f"may do: {', '.join(rights)}" if rights else "no policy and no group yet",
        )


def _issues(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """The troubles together: they have one cause, and one resource."""
    issues = map(mapping, sequence(dig(subject.resource.attributes, "health", "issues")))
    told = [text(each.get("message")) for each in issues]
    for part in ANY["exact"](subject, row, wanted, actual):
        status = f"status {status_of(subject.resource)}"
        yield replace(part, note="; ".join(filter(None, (status, *told))))


def _size(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """As a fact about the MachinePool: that is where it is declared."""
    owner = pool_of(subject)
    for part in ANY["exact"](subject, row, wanted, actual):
        yield replace(part, object=owner.key if owner is not None else None, capi_path=_REPLICAS)


def _part(comparer: str, field: str, key: str) -> Comparer:
    """The comparison of something in a list of the control plane, under the name of its entry."""

    def compare(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
        name = name_of(subject.resource.key.id)
        tail = row.path.rpartition("[].")[2]
        for part in ANY[comparer](subject, row, wanted, actual):
            yield replace(part, path=f"spec.{field}[{key}={name}].{tail}", capi_path=("spec", field), item=name)

    return compare


COMPARERS: Mapping[str, Comparer] = {
    "access-entries": _entries,
    "addon-field": _part("exact", "addons", "name"),
    "each-entry": _each,
    "eks-issues": _issues,
    "eks-items": _items,
    "entry-field": _part("exact", "accessEntries", "principalARN"),
    "further-items": _further,
    "group-desired-size": _size,
    "missing-only": _only(lambda wanted, actual: actual is None),
    "mode-ahead": _only(lambda wanted, actual: _mode(actual) > _mode(wanted)),
    "mode-behind": _only(lambda wanted, actual: _mode(actual) < _mode(wanted)),
    "present-only": _only(lambda wanted, actual: actual is not None),
    "public-cidrs": _cidrs,
    "version-ahead": _only(lambda wanted, actual: number(actual) > number(wanted)),
    "version-behind": _only(lambda wanted, actual: number(actual) < number(wanted)),
}
