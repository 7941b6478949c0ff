"""Who is meant to apply an object, and how sure it is what was applied."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drift_audit.config.settings import ManagerRule
from drift_audit.model.comparison import LeafOutcome as Is
from drift_audit.model.keys import FieldPath, SetItem
from tests.unit.compare.sides import API, T1, T2, T3, applied, declared, entry, live_object
from tests.unit.compare.views import compared, delivery, told

FIELD: FieldPath = ("spec", "field")
OTHER: FieldPath = ("spec", "other")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
ANNOTATION: FieldPath = ("metadata", "annotations", LAST_APPLIED)
GIT = declared({"field": "v"})


def live(*entries: Any, value: str = "x", **metadata: Any) -> Any:
    return live_object({"field": value}, entries, **metadata)


# Who applies


def test_the_configured_applier_is_believed() -> None:
    by_pipeline = live(entry("our-pipeline", FIELD))

    assert told(compared(GIT, by_pipeline, applier="our-pipeline/Update")) == {"spec.field": Is.APPLIED_DIFFERENT}
    assert told(compared(GIT, by_pipeline, applier="our-pipeline")) == {"spec.field": Is.APPLIED_DIFFERENT}
    assert told(compared(GIT, by_pipeline, applier="our-pipeline/Apply")) == {"spec.field": Is.CHANGED_OOB}


def test_a_manager_whose_name_holds_a_slash_can_be_configured() -> None:
    by_sveltos = live(entry("application/apply-patch", FIELD, operation="Apply"))

    assert told(compared(GIT, by_sveltos, applier="application/apply-patch/Apply")) == {
        "spec.field": Is.APPLIED_DIFFERENT
    }


def test_the_applier_of_the_delivery_applies() -> None:
    owned = live(entry("argocd-controller", FIELD))

    assert told(compared(GIT, owned, delivery=delivery(applier="argocd-controller"))) == {
        "spec.field": Is.APPLIED_DIFFERENT
    }


def test_a_pipeline_that_runs_kubectl_apply_is_recognised_by_what_it_owns() -> None:
    git = declared({"field": "v", "other": 1, "more": 2})
    pipeline = entry("kubectl-client-side-apply", OTHER, ("spec", "more"), time=T1)
    live_side = live_object(
        {"field": "x", "other": 1, "more": 2}, [pipeline, entry("kubectl", FIELD, operation="Apply")]
    )

    comparison = compared(git, live_side)

    assert told(comparison) == {"spec.field": Is.CHANGED_OOB}
    (leaf,) = comparison.leaves
    assert leaf.actor is not None
    assert (leaf.actor.who, leaf.actor.between.after) == ("kubectl", T1)


def test_beside_a_gitops_tool_kubectl_apply_is_a_person() -> None:
    by_hand = live(applied(OTHER), entry("kubectl-client-side-apply", FIELD))

    assert told(compared(GIT, by_hand)) == {"spec.field": Is.CHANGED_OOB}


def test_an_edit_never_passes_for_a_pipeline() -> None:
    assert told(compared(GIT, live(entry("kubectl-edit", FIELD)))) == {"spec.field": Is.CHANGED_OOB}


def test_a_rule_of_the_user_makes_a_manager_the_applier() -> None:
    robot = live(entry("deploy-robot", FIELD))

    assert told(compared(GIT, robot, rules=[ManagerRule(match="deploy-.*", manager_class="gitops")])) == {
        "spec.field": Is.APPLIED_DIFFERENT
    }


# What was applied


def noted(spec: dict[str, Any], *entries: Any, value: str = "x", api_version: str = API, raw: str = "") -> Any:
    written = raw or json.dumps({"apiVersion": api_version, "kind": "Thing", "metadata": {"name": "one"}, "spec": spec})
    return live(*entries, value=value, annotations={LAST_APPLIED: written})


def test_what_client_side_apply_noted_is_what_was_applied() -> None:
    """Git's head says v, the tool says that it applied x: the head is not applied yet."""
    owner = entry("argocd-controller", FIELD, ANNOTATION)

    assert told(compared(GIT, noted({"field": "x"}, owner), head_is_applied=None)) == {"spec.field": Is.PENDING_APPLY}


def test_a_field_that_was_never_applied_was_not_removed() -> None:
    owner = entry("argocd-controller", OTHER, ANNOTATION)
    held = live_object({"other": 1}, [owner], annotations=noted({"other": 1}, owner).raw["metadata"]["annotations"])

    assert told(compared(declared({"field": "v", "other": 1}), held, head_is_applied=None)) == {
        "spec.field": Is.PENDING_APPLY
    }
    assert told(compared(declared({"field": "v", "other": 1}), held, head_is_applied=True)) == {
        "spec.field": Is.REMOVED
    }


def test_it_fills_in_where_the_applied_revision_is_known_but_not_its_content() -> None:
    owner = entry("argocd-controller", OTHER, ANNOTATION)
    edited = noted({"field": "v"}, owner, entry("kubectl-edit", FIELD))

    assert told(compared(GIT, edited, applied=None, head_is_applied=False)) == {"spec.field": Is.CHANGED_OOB}


@pytest.mark.parametrize(
    "reason",
    [
        noted({"field": "x"}, entry("argocd-controller", FIELD), entry("kubectl-client-side-apply", ANNOTATION)),
        noted(
            {"field": "x"}, entry("argocd-controller", FIELD, ANNOTATION), entry("kubectl", OTHER, operation="Apply")
        ),
        noted(
            {"field": "x"}, entry("argocd-controller", ANNOTATION), entry("argocd-controller", FIELD, operation="Apply")
        ),
        noted({"field": "x"}, entry("argocd-controller", FIELD, ANNOTATION), api_version="example.cluster.x-k8s.io/v2"),
        noted({}, entry("argocd-controller", FIELD, ANNOTATION), raw="<masked: 12 bytes, 3f9a1c>"),
        noted({}, entry("argocd-controller", FIELD, ANNOTATION), raw="[]"),
        noted({}, entry("argocd-controller", FIELD, ANNOTATION), raw="[" * 100_000),
    ],
    ids=["written by another", "rewritten for kubectl", "server-side since", "other version", "masked", "list", "deep"],
)
def test_a_note_that_proves_nothing_is_passed_over(reason: Any) -> None:
    assert told(compared(GIT, reason, head_is_applied=None)) == {"spec.field": Is.APPLIED_DIFFERENT}


# Doubts


def test_an_unknown_revision_and_a_newer_head_make_a_removal_doubtful() -> None:
    held = live_object({"other": 1}, [applied(OTHER, time=T2)])
    git = declared({"field": "v", "other": 1})

    def outcome(**known: Any) -> Any:
        return told(compared(git, held, **known))["spec.field"]

    assert outcome(head_is_applied=None, head_committed_at=T3) is Is.PENDING_APPLY
    assert outcome(head_is_applied=None, head_committed_at=T1) is Is.REMOVED
    assert outcome(head_is_applied=True, head_committed_at=T3) is Is.REMOVED


def test_an_unknown_revision_and_a_newer_head_leave_edits_as_they_are() -> None:
    edited = live(applied(OTHER, time=T2), entry("kubectl-edit", FIELD, time=T2))

    assert told(compared(GIT, edited, head_is_applied=None, head_committed_at=T3)) == {"spec.field": Is.CHANGED_OOB}


def test_what_the_applier_still_owns_waits_for_a_newer_head() -> None:
    owned = live_object({"field": "x", "other": 1}, [applied(FIELD, OTHER, time=T2)])

    assert told(compared(GIT, owned, head_is_applied=None, head_committed_at=T3)) == {
        "spec.field": Is.PENDING_APPLY,
        "spec.other": Is.PENDING_PRUNE_FIELD,
    }


def test_a_tool_that_patches_what_it_applies_is_not_in_conflict_with_git() -> None:
    """Flux `spec.patches` change, add and drop fields between Git and the cluster."""
    git = declared({"field": "v", "gone": 1, "edited": 1})
    held = live_object(
        {"field": "x", "added": 1, "edited": 2},
        [applied(FIELD, ("spec", "added")), entry("kubectl-edit", ("spec", "edited"))],
    )

    comparison = compared(git, held, delivery=delivery(rewrites="spec.patches of Kustomization/a/b"))

    assert told(comparison) == {"spec.gone": Is.POSSIBLE_OOB, "spec.edited": Is.CHANGED_OOB}
    assert comparison.opaque == 2


# The whole way


def test_an_object_without_a_declaration_or_without_a_live_side_has_no_leaves() -> None:
    assert compared(GIT, None).leaves == ()
    assert compared(None, live(entry("kubectl-edit", FIELD))).leaves == ()


def test_an_object_nested_beyond_measure_is_said_to_be_unknown() -> None:
    deep: Any = "x"
    for _ in range(3000):
        deep = {"a": deep}
    held = live_object({}, [applied()])
    held = type(held)(
        api_version=held.api_version,
        kind=held.kind,
        namespace=held.namespace,
        name=held.name,
        raw={**held.raw, "spec": {"field": deep}},
    )

    comparison = compared(GIT, held)

    assert told(comparison) == {"spec": Is.POSSIBLE_OOB}
    assert "too deeply" in comparison.leaves[0].note


def test_a_person_who_borrows_the_appliers_name_is_not_the_applier() -> None:
    borrowed = live(
        entry("argocd-controller", OTHER, operation="Apply", time=T1), entry("argocd-controller", FIELD, time=T2)
    )
    migrated = live(
        entry("argocd-controller", OTHER, operation="Apply", time=T2), entry("argocd-controller", FIELD, time=T1)
    )

    by = delivery(applier="argocd-controller")

    comparison = compared(GIT, borrowed, delivery=by)
    assert told(comparison) == {"spec.field": Is.CHANGED_OOB}
    actor = comparison.leaves[0].actor
    assert actor is not None
    assert (actor.actor_class, actor.grade) == ("unknown", "D")
    assert told(compared(GIT, migrated, delivery=by)) == {"spec.field": Is.APPLIED_DIFFERENT}


def test_a_finalizer_under_the_appliers_name_is_its_own_bookkeeping() -> None:
    """kustomize-controller puts one on the Kustomizations that it applies from Git like everything else."""
    finalizer = ("metadata", "finalizers", SetItem.of("finalizers.fluxcd.io"))
    held = live_object(
        {"field": "v"},
        [applied(FIELD, time=T1), entry("kustomize-controller", finalizer, time=T2)],
        finalizers=["finalizers.fluxcd.io"],
    )

    assert told(compared(GIT, held, delivery=delivery())) == {}
