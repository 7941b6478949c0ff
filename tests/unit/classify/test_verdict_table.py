"""The verdict table of the design, row by row: Git against the cluster, and the cluster against the cloud."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.classify.cloud_findings import cloud_findings
from drift_audit.classify.git_findings import git_findings
from drift_audit.classify.leaf_rules import LEAF_RULES
from drift_audit.interfaces import Absence, Correlation, Leftover, Undecided
from drift_audit.model.comparison import SILENT, LeafOutcome
from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import Confidence, Finding, FindingKind, Severity, ValueState, Verdict
from drift_audit.model.objects import CapiObject
from drift_audit.model.pairing import Membership
from drift_audit.model.values import ABSENT, Present, Unknown
from tests.builders import actor, capi_object, cluster_key, declaration, resource_key
from tests.unit.classify.cases import (
    DELIVERY,
    cloud_context,
    compared,
    fact,
    git_context,
    leaf,
    machine,
    pair,
    row,
)

LARGE, HUGE, OTHER = Present("m5.large"), Present("m5.4xlarge"), Present("t3.small")


# Git against the management cluster

GIT_ROWS: dict[LeafOutcome, tuple[Verdict, Confidence]] = {
    LeafOutcome.CHANGED_OOB: (Verdict.EDITED_IN_CLUSTER, Confidence.CONFIRMED),
    LeafOutcome.REMOVED: (Verdict.EDITED_IN_CLUSTER, Confidence.CONFIRMED),
    LeafOutcome.EXTRA_OOB: (Verdict.EDITED_IN_CLUSTER, Confidence.CONFIRMED),
    LeafOutcome.DERIVED_EDITED: (Verdict.EDITED_IN_CLUSTER, Confidence.CONFIRMED),
    LeafOutcome.CHANGED_UNATTRIBUTED: (Verdict.EDITED_IN_CLUSTER, Confidence.CONFIRMED),
    LeafOutcome.POSSIBLE_OOB: (Verdict.EDITED_IN_CLUSTER, Confidence.POTENTIAL),
    LeafOutcome.CONFLICTING_OOB: (Verdict.CONFLICT, Confidence.CONFIRMED),
    LeafOutcome.CHANGED_BY_CONTROLLER: (Verdict.ADOPTED, Confidence.CONFIRMED),
    LeafOutcome.CHANGED_EXPECTED: (Verdict.HAZARD, Confidence.CONFIRMED),
    LeafOutcome.PRUNED_UNKNOWN: (Verdict.HAZARD, Confidence.CONFIRMED),
    LeafOutcome.APPLIED_THEN_DROPPED: (Verdict.HAZARD, Confidence.POTENTIAL),
    LeafOutcome.PENDING_APPLY: (Verdict.NOT_APPLIED, Confidence.CONFIRMED),
    LeafOutcome.PENDING_PRUNE_FIELD: (Verdict.NOT_APPLIED, Confidence.CONFIRMED),
    LeafOutcome.HOTFIX_COMMITTED: (Verdict.NOT_APPLIED, Confidence.POTENTIAL),
    LeafOutcome.STALE_APPLIER: (Verdict.NOT_APPLIED, Confidence.POTENTIAL),
    LeafOutcome.APPLIED_DIFFERENT: (Verdict.NOT_APPLIED, Confidence.POTENTIAL),
}


def only(findings: Any) -> Finding:
    (found,) = findings
    assert isinstance(found, Finding)
    return found


def test_every_outcome_is_either_silent_or_a_row_of_this_table() -> None:
    assert set(LeafOutcome) - SILENT == set(GIT_ROWS) == set(LEAF_RULES)


@pytest.mark.parametrize(("outcome", "expected"), GIT_ROWS.items(), ids=str)
def test_an_outcome_has_its_verdict_and_confidence(outcome: LeafOutcome, expected: tuple[Verdict, Confidence]) -> None:
    which = pair()

    found = only(git_findings([compared(which, leaf(outcome, head=Present(2), live=Present(5)))], git_context(which)))

    assert (found.verdict, found.confidence) == expected
    assert (found.values.git.value, found.values.capi.value) in ((2, 5), (None, 5))
    assert found.path == "spec.replicas"
    assert found.evidence and found.next_steps and found.reaction


@pytest.mark.parametrize("outcome", sorted(SILENT))
def test_a_silent_outcome_is_no_finding(outcome: LeafOutcome) -> None:
    which = pair()

    assert list(git_findings([compared(which, leaf(outcome))], git_context(which))) == []


def test_what_was_read_once_is_only_potential() -> None:
    which = pair()

    found = only(git_findings([compared(which, leaf(LeafOutcome.CHANGED_OOB))], git_context(which, sure=False)))

    assert found.confidence is Confidence.POTENTIAL


def test_what_several_places_declare_is_only_potential() -> None:
    which = pair(rivals=(declaration(spec={"replicas": 9}),))

    found = only(git_findings([compared(which, leaf(LeafOutcome.PENDING_APPLY))], git_context(which)))

    assert found.confidence is Confidence.POTENTIAL


def test_the_applier_that_wrote_something_else_than_an_older_head_is_confirmed() -> None:
    which = pair(head_is_applied=False)

    found = only(git_findings([compared(which, leaf(LeafOutcome.APPLIED_DIFFERENT))], git_context(which)))

    assert (found.confidence, found.severity) == (Confidence.CONFIRMED, Severity.MEDIUM)


@pytest.mark.parametrize("note", ["type only", "order only"])
def test_a_difference_of_form_is_low(note: str) -> None:
    which = pair()
    formal = leaf(LeafOutcome.CHANGED_OOB, "spec", "paused", note=note)

    assert only(git_findings([compared(which, formal)], git_context(which))).severity is Severity.LOW


def test_the_id_is_about_the_subject_and_never_about_values_or_people() -> None:
    which = pair()
    once = leaf(LeafOutcome.CHANGED_OOB, head=Present(2), live=Present(5), actor=actor("kubectl-edit"))
    again = leaf(LeafOutcome.CHANGED_OOB, head=Present(3), live=Present(9), actor=actor("k9s"))

    ids = {only(git_findings([compared(which, each)], git_context(which))).id for each in (once, again)}

    assert len(ids) == 1


@pytest.mark.parametrize(
    ("membership", "verdict", "kind"),
    [
        (Membership.MISSING_LIVE, Verdict.MISSING, FindingKind.MISSING),
        (Membership.PENDING_CREATE, Verdict.NOT_APPLIED, FindingKind.DRIFT),
        (Membership.PENDING_DELETE, Verdict.NOT_APPLIED, FindingKind.DRIFT),
        (Membership.UNMANAGED, Verdict.UNMANAGED, FindingKind.UNMANAGED),
        (Membership.LEFT_BEHIND, Verdict.UNMANAGED, FindingKind.UNMANAGED),
    ],
)
def test_a_membership_has_its_verdict(membership: Membership, verdict: Verdict, kind: FindingKind) -> None:
    which = pair(membership=membership)

    found = only(git_findings([compared(which)], git_context(which)))

    assert (found.verdict, found.kind, found.confidence) == (verdict, kind, Confidence.CONFIRMED)


@pytest.mark.parametrize("membership", [Membership.PAIRED, Membership.DERIVED, Membership.UNREADABLE])
def test_other_memberships_are_no_findings(membership: Membership) -> None:
    which = pair(membership=membership)

    assert list(git_findings([compared(which)], git_context(which))) == []


def test_an_object_that_is_removed_from_git_and_gone_is_no_finding() -> None:
    which = pair(membership=Membership.PENDING_DELETE, head=None, live=None)

    assert list(git_findings([compared(which)], git_context(which))) == []


def test_why_an_object_cannot_be_there_comes_first() -> None:
    which = pair(
        membership=Membership.MISSING_LIVE, live=None, note="the management cluster serves no kind Gizmo in v1"
    )

    found = only(git_findings([compared(which)], git_context(which)))

    assert found.evidence[0] == which.note
    assert "cannot be applied" in found.next_steps[0]


# The management cluster against the cloud


def judged(live: CapiObject, *pairs: Any, git: str = "m5.large", sure: bool = True, explained: str = "") -> Finding:
    context = cloud_context(live, git=git, sure=sure)
    return only(cloud_findings([(each, explained) for each in pairs], Correlation(), context))


def test_a_cloud_that_differs_without_any_excuse_was_edited() -> None:
    found = judged(machine(), fact(LARGE, HUGE))

    assert (found.verdict, found.confidence) == (Verdict.EDITED_IN_CLOUD, Confidence.CONFIRMED)
    assert [value.value for value in (found.values.git, found.values.capi, found.values.cloud)] == [
        "m5.large",
        "m5.large",
        "m5.4xlarge",
    ]
    assert found.declared_at is not None
    assert "nothing will repair this" in found.reaction


@pytest.mark.parametrize("sides", [(Unknown("no permission"), HUGE), (LARGE, Unknown("no permission"))])
def test_an_unknown_value_is_undetermined(sides: tuple[Any, Any]) -> None:
    found = judged(machine(), fact(*sides))

    assert (found.verdict, found.confidence) == (Verdict.UNDETERMINED, Confidence.POTENTIAL)
    assert found.severity is Severity.INFO
    assert "no permission" in found.evidence


def test_a_spec_that_the_controller_has_not_seen_is_not_reconciled() -> None:
    live = machine(
        metadata={"creationTimestamp": "2026-11-01T00:00:00Z", "generation": 3},
        status={"ready": True, "observedGeneration": 2},
    )

    found = judged(live, fact(LARGE, HUGE, row(ReactionKind.REVERTED)))

    assert found.verdict is Verdict.NOT_RECONCILED
    assert "within 10 min" in found.reaction


def test_a_failing_controller_has_not_reconciled() -> None:
    condition = {"type": "InstanceReady", "status": "False", "severity": "Error", "reason": "InstanceProvisionFailed"}
    live = machine(status={"ready": True, "conditions": [condition]})

    assert judged(live, fact(LARGE, HUGE, row(ReactionKind.REVERTED))).verdict is Verdict.NOT_RECONCILED
    assert judged(live, fact(LARGE, HUGE, row(ReactionKind.IGNORED))).verdict is Verdict.EDITED_IN_CLOUD


def test_a_difference_within_a_creation_is_reconciling_until_its_time_is_over() -> None:
    young = machine(metadata={"creationTimestamp": "2026-11-20T11:45:00Z"}, status={})
    old = machine(metadata={"creationTimestamp": "2026-11-20T11:15:00Z"}, status={})

    assert judged(young, fact(LARGE, HUGE)).verdict is Verdict.RECONCILING
    assert judged(young, fact(LARGE, HUGE)).confidence is Confidence.POTENTIAL
    assert judged(old, fact(LARGE, HUGE)).verdict is Verdict.EDITED_IN_CLOUD


def test_a_cluster_edit_that_never_reached_the_cloud_is_told_as_that() -> None:
    found = judged(machine("m5.4xlarge"), fact(HUGE, LARGE))

    assert found.verdict is Verdict.EDITED_IN_CLUSTER
    assert found.reaction.startswith("never sent")


def test_three_values_are_a_conflict_and_one_step_worse() -> None:
    found = judged(machine("m5.4xlarge"), fact(HUGE, OTHER))

    assert (found.verdict, found.severity) == (Verdict.CONFLICT, Severity.HIGH)


def test_a_machine_whose_rollout_is_pending_is_not_measured_by_its_next_template() -> None:
    live = machine("m5.4xlarge")
    context = cloud_context(live, git="m6i.large")
    git = context.git["prod"]
    origins = {key: replace(origin, rollout_pending=True) for key, origin in git.origins.items()}
    context = replace(context, git={"prod": replace(git, origins=origins)})

    found = only(cloud_findings([(fact(HUGE, OTHER), "")], Correlation(), context))

    assert found.verdict is Verdict.EDITED_IN_CLOUD
    assert "rollout is pending" in found.values.git.reason


def test_a_cloud_that_lags_behind_an_edit_of_the_cluster_is_not_reconciled() -> None:
    found = judged(machine(), fact(LARGE, ABSENT), explained="0123")

    assert (found.verdict, found.cause) == (Verdict.NOT_RECONCILED, "0123")


def test_a_resource_that_was_read_once_is_only_potential() -> None:
    assert judged(machine(), fact(LARGE, HUGE), sure=False).confidence is Confidence.POTENTIAL


def test_nothing_is_reverted_while_the_cluster_is_paused() -> None:
    cluster = capi_object("Cluster", "eu-1", spec={"paused": True})
    context = cloud_context(machine(), cluster)

    found = only(cloud_findings([(fact(LARGE, HUGE, row(ReactionKind.REVERTED)), "")], Correlation(), context))

    assert found.reaction == "nothing will repair this: Cluster/fleet/eu-1 has spec.paused"


def test_how_a_resource_does_is_a_matter_of_health_and_nobodys_edit() -> None:
    found = judged(
        machine(), fact(Present("healthy"), Present("unhealthy"), row(finding=FindingKind.HEALTH), capi_path=())
    )

    assert (found.kind, found.verdict, found.confidence) == (
        FindingKind.HEALTH,
        Verdict.HAZARD,
        Confidence.CONFIRMED,
    )
    assert "nobody edited" in found.next_steps[0]
    unread = judged(
        machine(), fact(Present("healthy"), Unknown("denied"), row(finding=FindingKind.HEALTH), capi_path=())
    )
    assert unread.verdict is Verdict.UNDETERMINED


def test_what_never_changes_on_a_clusters_resource_was_made_anew() -> None:
    cluster = capi_object("AWSCluster", "eu-1", api_version="infrastructure.cluster.x-k8s.io/v1beta2")
    link = replace(fact(LARGE, HUGE).link, object=cluster.key)

    found = judged(cluster, fact(LARGE, HUGE, row(changeable=False), link=link, capi_path=()))

    assert "who made" in found.next_steps[0]
    assert not any("Machine" in step for step in found.next_steps)


ABSENCE = Absence(
    link=fact(LARGE, HUGE).link,
    path="spec.providerID",
    detail="terminated",
    severity=Severity.HIGH,
    reaction="never replaced",
    next_steps=("look",),
)
LEFTOVER = Leftover(
    resource=resource_key(),
    cluster=cluster_key(),
    claimed="eu-1",
    why_sure="tag",
    severity=Severity.HIGH,
    next_steps=("look",),
)
UNDECIDED = Undecided(management_cluster="prod", object=machine().key, cluster=cluster_key(), reason="not listed")


@pytest.mark.parametrize(
    ("correlation", "sure", "verdict", "confidence"),
    [
        (Correlation(absences=(ABSENCE,)), True, Verdict.MISSING, Confidence.CONFIRMED),
        (Correlation(absences=(ABSENCE,)), False, Verdict.MISSING, Confidence.POTENTIAL),
        (
            Correlation(absences=(replace(ABSENCE, transitional=True),)),
            True,
            Verdict.RECONCILING,
            Confidence.POTENTIAL,
        ),
        (Correlation(leftovers=(LEFTOVER,)), True, Verdict.ORPHAN, Confidence.CONFIRMED),
        (Correlation(leftovers=(LEFTOVER,)), False, Verdict.ORPHAN, Confidence.POTENTIAL),
        (Correlation(leftovers=(replace(LEFTOVER, potential=True),)), True, Verdict.ORPHAN, Confidence.POTENTIAL),
        (Correlation(undecided=(UNDECIDED,)), True, Verdict.UNDETERMINED, Confidence.POTENTIAL),
    ],
)
def test_what_is_gone_left_over_or_undecided_has_its_verdict(
    correlation: Correlation, sure: bool, verdict: Verdict, confidence: Confidence
) -> None:
    found = only(cloud_findings([], correlation, cloud_context(machine(), sure=sure)))

    assert (found.verdict, found.confidence) == (verdict, confidence)
    assert found.values.cloud.state is not ValueState.PRESENT or verdict is Verdict.ORPHAN


def test_the_delivery_of_the_cases_repairs_in_time() -> None:
    which = pair()

    found = only(git_findings([compared(which, leaf(LeafOutcome.CHANGED_OOB))], git_context(which)))

    assert found.reaction == f"{DELIVERY} puts it back within 10 min"


def test_a_hazard_in_the_cloud_is_nobodys_edit() -> None:
    full = fact(Present("at least 409"), Present(3), row(ReactionKind.BREAKS, finding=FindingKind.HEALTH))

    found = only(cloud_findings([(full, "")], Correlation(), cloud_context(machine(), sure=True)))

    assert (found.verdict, found.kind) == (Verdict.HAZARD, FindingKind.HEALTH)
    assert found.confidence is Confidence.CONFIRMED
    assert "whoever brought it there" in found.evidence[0]


def test_a_hazard_that_nobody_could_read_is_undetermined() -> None:
    unread = fact(Present("at least 409"), Unknown("denied"), row(ReactionKind.BREAKS, finding=FindingKind.HEALTH))

    found = only(cloud_findings([(unread, "")], Correlation(), cloud_context(machine())))

    assert found.verdict is Verdict.UNDETERMINED
