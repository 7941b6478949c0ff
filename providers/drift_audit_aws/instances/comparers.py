"""What of an instance differs: its state, and the security groups of each of its network interfaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.values import Observed, Present, Unknown, mapping, sequence, text
from drift_audit_aws.comparers import COMPARERS as ANY
from drift_audit_aws.instances.interfaces import primary_interface, untold_interfaces
from drift_audit_aws.parts import Comparer, Part, declared_path
from drift_audit_aws.subject import Subject


def _state(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """An instance that does not run, with EC2's own reason."""
    for part in ANY["exact"](subject, row, wanted, actual):
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
    primary = text((primary_interface(subject) or {}).get("NetworkInterfaceId"))
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


COMPARERS: Mapping[str, Comparer] = {"state": _state, "interfaces": _interfaces}
