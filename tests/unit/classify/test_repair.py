"""What happens next if nobody acts, and what to do: never more than the GitOps tool really does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.classify.git_findings import git_findings
from drift_audit.model.comparison import LeafComparison, LeafOutcome
from drift_audit.model.delivery import IgnoreRule
from drift_audit.model.findings import Finding
from drift_audit.model.pairing import Membership, ObjectPair
from drift_audit.model.values import Present, Unknown
from tests.builders import actor, capi_object, declaration
from tests.unit.classify.cases import DELIVERY, compared, git_context, leaf, pair

ARGO = replace(DELIVERY, tool="Argo CD")


def judged(which: ObjectPair, *leaves: LeafComparison) -> Finding:
    (found,) = git_findings([compared(which, *leaves)], git_context(which))
    return found


def changed(*path: str, **more: Any) -> LeafComparison:
    return leaf(LeafOutcome.CHANGED_OOB, *path, head=Present(2), live=Present(5), **more)


@pytest.mark.parametrize(
    ("field", "name", "value", "told"),
    [
        ("annotations", "reconcile", "disabled", "annotated reconcile: disabled"),
        ("labels", "reconcile", "disabled", "labelled reconcile: disabled"),
        ("annotations", "ssa", "Ignore", "annotated ssa: Ignore"),
    ],
)
@pytest.mark.parametrize("side", ["live", "head"])
def test_flux_repairs_nothing_that_is_excluded(field: str, name: str, value: str, told: str, side: str) -> None:
    marks = {field: {f"kustomize.toolkit.fluxcd.io/{name}": value}}
    marked = capi_object("MachineDeployment", "eu-1-md-0", metadata=marks)
    which = pair(live=marked) if side == "live" else pair(head=replace(declaration(), raw=marked.raw))

    found = judged(which, changed())

    assert found.reaction == f"nothing will repair this: Flux does not apply this object while it is {told}"
    assert not any("let the GitOps tool" in step for step in found.next_steps)


def test_argo_does_not_care_for_the_marks_of_flux() -> None:
    marks = {"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}
    which = pair(live=capi_object("MachineDeployment", "eu-1-md-0", metadata=marks), delivery=ARGO)

    assert judged(which, changed()).reaction == f"{ARGO} puts it back within 10 min"


REPLICAS = IgnoreRule(kind="MachineDeployment", pointers=("/spec/replicas",))


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (REPLICAS, "nothing will repair this: Argo CD ignores differences at /spec/replicas"),
        (replace(REPLICAS, pointers=("/spec",)), "nothing will repair this: Argo CD ignores differences at /spec"),
        (
            IgnoreRule(managers=("kubectl-edit",)),
            "nothing will repair this: Argo CD ignores what kubectl-edit writes",
        ),
        (
            IgnoreRule(expressions=(".spec.replicas",)),
            "perhaps nothing will repair this: Argo CD may ignore this difference (.spec.replicas)",
        ),
        (
            replace(REPLICAS, condition="labelSelector a=b"),
            "perhaps nothing will repair this: Argo CD ignores differences at /spec/replicas "
            "(of objects that match labelSelector a=b)",
        ),
    ],
)
def test_what_the_tool_ignores_it_does_not_put_back(rule: IgnoreRule, told: str) -> None:
    which = pair(delivery=replace(ARGO, ignores=(rule,)))

    found = judged(which, changed(actor=actor()))

    assert found.reaction == told
    assert not any("let the GitOps tool" in step for step in found.next_steps)


@pytest.mark.parametrize(
    "rule",
    [
        replace(REPLICAS, kind="MachinePool"),
        replace(REPLICAS, name="eu-1"),
        replace(REPLICAS, name="(["),
        replace(REPLICAS, pointers=("/spec/replicas/x", "/spec/rep")),
    ],
)
def test_a_rule_about_something_else_changes_nothing(rule: IgnoreRule) -> None:
    which = pair(delivery=replace(ARGO, ignores=(rule,)))

    assert "puts it back" in judged(which, changed()).reaction


def test_a_pointer_names_keys_that_hold_a_slash() -> None:
    rule = IgnoreRule(pointers=("/metadata/annotations/a.b~1c",))
    which = pair(delivery=replace(DELIVERY, ignores=(rule,)))

    assert "ignores" in judged(which, changed("metadata", "annotations", "a.b/c")).reaction


def test_an_extra_field_must_be_removed_by_hand() -> None:
    extra = leaf(LeafOutcome.EXTRA_OOB, live=Present(5), actor=actor("k9s", "k9s"))

    (*_, last) = judged(pair(), extra).next_steps

    assert "remove the field from the object" in last
    assert "apply again" not in last


def test_flux_removes_extra_fields_of_kubectl() -> None:
    (*_, last) = judged(pair(), leaf(LeafOutcome.EXTRA_OOB, live=Present(5), actor=actor())).next_steps

    assert "let the GitOps tool apply again" in last


def test_nobody_is_told_to_commit_a_secret() -> None:
    found = judged(pair("Secret"), changed("data", "password"))

    assert not any("commit" in step or "declare" in step for step in found.next_steps)
    assert any("encrypted" in step for step in found.next_steps)


def test_a_templated_value_is_not_to_be_replaced_by_a_literal() -> None:
    opaque = leaf(LeafOutcome.POSSIBLE_OOB, head=Unknown("templated"), live=Present(5), actor=actor())

    assert not any("commit" in step for step in judged(pair(), opaque).next_steps)


def test_a_commit_that_waits_for_a_suspended_tool_waits_to_be_resumed() -> None:
    resume = "resume it: flux resume kustomization fleet -n flux-system"
    which = pair(delivery=replace(DELIVERY, suspended=True, resume=resume))

    assert judged(which, leaf(LeafOutcome.PENDING_APPLY, head=Present(5))).next_steps == (resume,)
    assert judged(replace(which, membership=Membership.PENDING_CREATE, live=None)).next_steps == (resume,)


def test_what_may_never_have_been_there_is_not_called_deleted() -> None:
    which = pair(membership=Membership.MISSING_LIVE, live=None)

    unknown = judged(replace(which, head_is_applied=None))
    known = judged(which)

    assert unknown.next_steps == ("find out whether it was deleted or never applied",)
    assert "delet" not in unknown.title
    assert known.next_steps == ("find out who deleted it before the GitOps tool creates it anew",)
    assert "The revision that was applied last declares it." in known.evidence
