"""What of a security group differs: one part for each rule that is extra, missing, or only described differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.values import ABSENT, Observed, Present, sequence
from drift_audit_aws.parts import Comparer, Part
from drift_audit_aws.security_groups.expected_rules import DECLARED_BY_ROLE
from drift_audit_aws.security_groups.roles import group_role
from drift_audit_aws.security_groups.rules import (
    RuleDifference,
    differences,
    opens_to_everyone,
    rule_of,
    shown,
    shown_fully,
)
from drift_audit_aws.subject import Subject


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
    declared = wanted.declared if wanted is not None else DECLARED_BY_ROLE.get(group_role(subject), ())
    group = f"security group of role {group_role(subject)}"
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


COMPARERS: Mapping[str, Comparer] = {"rules": _rules}
