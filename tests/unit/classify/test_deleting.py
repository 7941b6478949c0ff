"""A declared object that somebody deletes is a finding while its finalizers still hold it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.classify.git_findings import git_findings
from drift_audit.model.findings import Confidence, Finding, Severity, Verdict
from drift_audit.model.pairing import Membership, ObjectPair
from tests.builders import capi_object
from tests.unit.classify.cases import DELIVERY, compared, git_context, pair

SINCE = "2026-11-20T11:50:02Z"


def deleted(kind: str = "MachineDeployment", finalizers: tuple[str, ...] = ("capi/one",), **changes: Any) -> ObjectPair:
    metadata = {"deletionTimestamp": SINCE, "finalizers": list(finalizers)}
    return pair(kind, live=capi_object(kind, "eu-1-md-0", metadata=metadata), **changes)


def judged(which: ObjectPair, *, sure: bool = True) -> list[Finding]:
    return list(git_findings([compared(which)], git_context(which, sure=sure)))


def test_a_declared_object_that_is_being_deleted_is_drift() -> None:
    (found,) = judged(deleted(finalizers=("capi/one", "foregroundDeletion")))

    assert (found.rule, found.verdict, found.confidence) == (
        "git.deleting",
        Verdict.EDITED_IN_CLUSTER,
        Confidence.CONFIRMED,
    )
    assert found.title == "MachineDeployment is declared in Git and is being deleted in the cluster"
    assert found.since == SINCE
    assert found.declared_at is not None
    assert any("capi/one, foregroundDeletion" in fact for fact in found.evidence)
    assert found.reaction == f"{DELIVERY} creates it anew once it is gone"


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("Cluster", Severity.HIGH),
        ("AWSCluster", Severity.HIGH),
        ("KubeadmControlPlane", Severity.HIGH),
        ("MachineDeployment", Severity.HIGH),
        ("MachinePool", Severity.HIGH),
        ("AWSMachineTemplate", Severity.MEDIUM),
        ("AWSClusterTemplate", Severity.MEDIUM),
        ("MachineHealthCheck", Severity.MEDIUM),
    ],
)
def test_what_goes_with_it_decides_the_severity(kind: str, severity: Severity) -> None:
    (found,) = judged(deleted(kind))

    assert found.severity is severity


def test_nothing_creates_it_anew_while_the_delivery_is_suspended() -> None:
    (found,) = judged(deleted(delivery=replace(DELIVERY, suspended=True)))

    assert found.reaction == f"nothing will create it anew: {DELIVERY} is suspended"


def test_a_deletion_that_was_read_once_is_potential() -> None:
    (found,) = judged(deleted(), sure=False)

    assert found.confidence is Confidence.POTENTIAL


def test_a_derived_object_that_is_being_deleted_is_silent() -> None:
    assert judged(deleted("Machine", membership=Membership.DERIVED, head=None, applied=None)) == []


def test_what_git_removed_is_told_as_that_only() -> None:
    (found,) = judged(deleted(membership=Membership.PENDING_DELETE, head=None))

    assert found.rule == "git.object-pending-removal"
