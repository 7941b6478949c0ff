"""That Git agrees with the object is said only where Git was read and does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drift_audit.classify.cloud_findings import cloud_findings
from drift_audit.interfaces import Correlation
from drift_audit.model.findings import Finding, FindingKind, ValueState, Verdict
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import JsonObject, Present, Unknown
from tests.unit.classify.cases import cloud_context, fact, machine, row

BOTH = (Present("m5.large"), Present("m5.4xlarge"))


def judged(live: CapiObject, *, declared: bool = True, git_is_read: bool = True) -> Finding:
    context = cloud_context(live)
    if not declared:
        git = {name: replace(one, origins={}, git_is_read=git_is_read) for name, one in context.git.items()}
        context = replace(context, git=git)
    (found,) = cloud_findings([(fact(*BOTH), "")], Correlation(), context)
    return found


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (True, "Git and the object agree, and the cloud differs."),
        (False, "The object and the cloud differ; no declaration in Git was found."),
    ],
)
def test_what_git_says_is_told_as_it_was_read(declared: bool, told: str) -> None:
    found = judged(machine(), declared=declared)

    assert found.verdict is Verdict.EDITED_IN_CLOUD
    assert found.evidence[0] == told


def test_a_declaration_that_may_stand_in_what_was_not_read_is_not_called_absent() -> None:
    found = judged(machine(), declared=False, git_is_read=False)

    assert found.values.git.reason == "not all of Git could be read, and what was read does not declare it"
    assert found.evidence[0].startswith("The object and the cloud differ; what Git says is unknown: not all of Git")


@pytest.mark.parametrize("kind", [FindingKind.HEALTH, FindingKind.HAZARD])
def test_trouble_is_no_edit(kind: FindingKind) -> None:
    trouble = fact(Present([]), Present(["InsufficientInstanceCapacity"]), row(finding=kind))

    (found,) = cloud_findings([(trouble, "")], Correlation(), cloud_context(machine()))

    assert (found.kind, found.verdict) == (kind, Verdict.HAZARD)


def test_trouble_that_nobody_could_read_is_undetermined() -> None:
    trouble = fact(Present([]), Unknown("denied"), row(finding=FindingKind.HEALTH))

    (found,) = cloud_findings([(trouble, "")], Correlation(), cloud_context(machine()))

    assert found.verdict is Verdict.UNDETERMINED
    assert found.title == f"{trouble.row.path} of the {trouble.row.resource} could not be compared"


def test_a_default_is_told_as_one_and_never_put_into_git() -> None:
    """The row says what it means that the object does not set the field; Git does not set it either."""
    defaulted = replace(
        fact(Present("enabled"), Present("disabled"), row(default="enabled", path="monitoring")),
        path="monitoring",
        capi_path=("spec", "additionalTags", "monitoring"),
    )

    (found,) = cloud_findings([(defaulted, "")], Correlation(), cloud_context(machine()))

    assert found.values.git.state is ValueState.ABSENT
    assert found.values.capi.value == "enabled"
    assert found.values.capi.reason == "the default: the object does not set it"
    assert found.evidence[0] == "The object and the cloud differ, and Git does not declare the field."


def test_a_value_that_is_set_to_the_default_is_no_default() -> None:
    spec: JsonObject = {"instanceType": "m5.large", "additionalTags": {"monitoring": "enabled"}}
    live = replace(machine(), raw={**machine().raw, "spec": spec})
    written = replace(
        fact(Present("enabled"), Present("disabled"), row(default="enabled", path="monitoring")),
        path="monitoring",
        capi_path=("spec", "additionalTags", "monitoring"),
    )

    (found,) = cloud_findings([(written, "")], Correlation(), cloud_context(live))

    assert (found.values.capi.value, found.values.capi.reason) == ("enabled", "")
