"""Findings with one explanation are one cause, by the destination of a change and not by the way there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.explain.causes import group_into_causes
from drift_audit.model.findings import ChainLink, Finding, FindingKind, Severity, Verdict
from drift_audit_reports.ranking import overview_of
from tests.builders import (
    ABSENT,
    actor,
    cluster_key,
    declared_at,
    finding,
    object_ref,
    present,
    resource_key,
    result,
    shown_values,
    suppression,
    unknown,
)


def edited(name: str, before: str = "v1.33.0", after: str = "v1.34.0", **changes: Any) -> Finding:
    """Somebody wrote the version of a MachineDeployment."""
    defaults: dict[str, Any] = {
        "rule": "git.changed",
        "verdict": Verdict.EDITED_IN_CLUSTER,
        "object": object_ref("MachineDeployment", name),
        "resource": None,
        "path": "spec.template.spec.version",
        "values": shown_values(before, after, unknown("no counterpart")),
        "actor": actor("kubectl-edit"),
    }
    return finding(**{**defaults, **changes})


def grouped(*findings: Finding) -> list[set[str]]:
    """The names of the objects of each cause."""
    causes, explained = group_into_causes(findings)
    assert {found.cause for found in explained if not found.suppressed} == {cause.id for cause in causes}
    names = {found.id: found.object.name if found.object else str(found.resource) for found in findings}
    return [{names[member] for member in cause.findings} for cause in causes]


def test_the_same_value_written_to_many_objects_is_one_cause_whatever_was_there_before() -> None:
    assert grouped(edited("a"), edited("b", before="v1.32.7"), edited("c")) == [{"a", "b", "c"}]


@pytest.mark.parametrize(
    "other",
    [
        edited("b", after="v1.35.0"),
        edited("b", path="spec.replicas"),
        edited("b", actor=actor("k9s")),
        edited("b", actor=None),
        edited("b", object=object_ref("KubeadmControlPlane", "b")),
        edited("b", rule="git.extra"),
    ],
)
def test_another_value_field_kind_rule_or_writer_is_another_cause(other: Finding) -> None:
    assert len(grouped(edited("a"), other)) == 2


def test_true_and_one_are_not_the_same_destination() -> None:
    values = [shown_values(None, present(value), ABSENT) for value in (True, 1, "1", None)]

    assert len(grouped(*(edited(str(index), values=each) for index, each in enumerate(values)))) == 4


def test_an_edit_in_the_cloud_is_grouped_by_the_value_in_the_cloud() -> None:
    one = finding(object=object_ref(name="a"), resource=resource_key(id="i-1"))
    two = finding(object=object_ref(name="b"), resource=resource_key(id="i-2"))
    three = replace(two, id="3", object=object_ref(name="c"), values=shown_values("m5.large", "m5.large", "t3.nano"))

    assert sorted(map(len, grouped(one, two, three))) == [1, 2]


def test_one_unapplied_commit_is_one_cause_whatever_it_changes() -> None:
    waiting: dict[str, Any] = {
        "verdict": Verdict.NOT_APPLIED,
        "since": "2026-11-20T01:00:00Z",
        "declared_at": declared_at(),
    }
    later = {**waiting, "since": "2026-11-20T02:00:00Z"}

    found = grouped(edited("a", **waiting), edited("b", path="spec.replicas", **waiting), edited("c", **later))

    assert sorted(map(len, found)) == [1, 2]


def test_what_is_missing_is_a_cause_of_its_own_each_time() -> None:
    gone: dict[str, Any] = {"verdict": Verdict.MISSING, "kind": FindingKind.MISSING, "rule": "aws.instance.missing"}

    assert len(grouped(edited("a", **gone), edited("b", **gone))) == 2


def test_what_many_objects_name_is_missing_once() -> None:
    image = resource_key("image", "ami-1")
    first = finding(id="first", verdict=Verdict.MISSING, kind=FindingKind.MISSING, resource=image)
    second = replace(first, id="second", object=object_ref("AWSMachineTemplate", "another"))

    causes, _ = group_into_causes((first, second))

    assert [cause.findings for cause in causes] == [("first", "second")]


def test_leftovers_of_one_cluster_are_one_cause() -> None:
    left: dict[str, Any] = {
        "verdict": Verdict.ORPHAN,
        "kind": FindingKind.ORPHAN,
        "rule": "aws.instance.orphan",
        "object": None,
    }

    def orphan(number: int, claim: str) -> Finding:
        shown = replace(present(f"i-{number}"), reason=claim)
        values = shown_values(unknown(""), ABSENT, shown)
        return edited("", **left, id=str(number), resource=resource_key(id=f"i-{number}"), values=values)

    assert sorted(map(len, grouped(orphan(1, "claims eu-1"), orphan(2, "claims eu-1"), orphan(3, "claims eu-2")))) == [
        1,
        2,
    ]


def test_unmanaged_objects_of_one_cluster_are_one_cause() -> None:
    rule: dict[str, Any] = {"verdict": Verdict.UNMANAGED, "kind": FindingKind.UNMANAGED, "rule": "git.unmanaged"}

    found = grouped(
        edited("a", **rule),
        edited("b", **rule),
        edited("c", **rule, cluster=cluster_key("eu-2")),
        edited("d", **rule, cluster=None),
        edited("e", **rule, cluster=None),
    )

    assert sorted(map(len, found)) == [1, 1, 1, 2]


def test_a_consequence_joins_the_finding_that_explains_it() -> None:
    edit = edited("a")
    consequence = finding(cause=edit.id, resource=resource_key(id="i-9"), severity=Severity.LOW)

    causes, explained = group_into_causes([consequence, edit])

    assert len(causes) == 1
    assert set(causes[0].findings) == {edit.id, consequence.id}
    assert causes[0].title == edit.title
    assert {found.cause for found in explained} == {causes[0].id}


def test_a_suppressed_finding_has_no_cause() -> None:
    causes, explained = group_into_causes([edited("a", suppressed=suppression())])

    assert causes == ()
    assert explained[0].cause == ""


def test_the_worst_comes_first_and_the_order_of_findings_does_not_matter() -> None:
    findings = [edited("a", severity=Severity.LOW), edited("b", path="spec.x", severity=Severity.CRITICAL)]

    forwards, backwards = (group_into_causes(each)[0] for each in (findings, findings[::-1]))

    assert [cause.severity for cause in forwards] == [Severity.CRITICAL, Severity.LOW]
    assert [cause.id for cause in forwards] == [cause.id for cause in backwards]


def put_back(name: str, number: int, value: str = "m5.4xlarge") -> Finding:
    return finding(
        object=object_ref(name=name),
        resource=resource_key(id=f"i-{number}"),
        values=shown_values("m5.large", "m5.large", value),
        next_steps=(f"put instance i-{number} back", "write it to Git"),
    )


def test_next_steps_of_several_resources_speak_of_each() -> None:
    (cause,), _ = group_into_causes([put_back("b", 2), put_back("a", 1), put_back("c", 3)])

    assert cause.next_steps == ("put each of the 3 resources back", "write it to Git")


def test_a_command_for_the_first_object_is_to_be_repeated_for_the_others() -> None:
    members = [edited(name, next_steps=(f"kubectl get machinedeployment {name}",)) for name in "ba"]

    (cause,), _ = group_into_causes(members)

    assert cause.next_steps == ("kubectl get machinedeployment a (and likewise for 1 more)",)


def test_the_finding_that_speaks_for_all_is_the_one_that_is_shown_first() -> None:
    members = [edited("a", before="v1.30.0"), edited("b"), edited("c")]

    (cause,), explained = group_into_causes(
        [replace(one, next_steps=(one.object.name,)) for one in members if one.object]
    )
    (ranked,) = overview_of(result([(cause, explained)])).causes

    assert cause.next_steps[0].startswith("b")
    shown = ranked.variants[0].example.object
    assert shown is not None and shown.name == "b"


def test_many_changes_of_one_unapplied_commit_are_counted_in_the_title() -> None:
    waiting: dict[str, Any] = {
        "verdict": Verdict.NOT_APPLIED,
        "since": "2026-11-20T01:00:00Z",
        "declared_at": declared_at(),
    }
    same = [edited("a", **waiting), edited("b", **waiting)]
    other = edited("c", path="spec.replicas", title="MachineDeployment spec.replicas is committed", **waiting)

    (alike,), (mixed,) = (group_into_causes(each)[0] for each in (same, [*same, other]))

    assert alike.title == same[0].title
    assert mixed.title == "3 changes are committed and not applied"


def stuck(name: str, **changes: Any) -> Finding:
    """A Machine that something keeps from running."""
    defaults: dict[str, Any] = {
        "kind": FindingKind.STUCK,
        "verdict": Verdict.STUCK,
        "rule": "stuck.MACH-QUOTA",
        "variant": "VcpuLimitExceeded",
        "title": "The quota is used up",
        "object": object_ref("AWSMachine", name),
        "resource": None,
        "path": "",
        "chain": (
            ChainLink(layer="machine infrastructure", object=f"AWSMachine/fleet/{name}", fact="no vCPU", evidence=""),
        ),
        "evidence": (f"condition of {name}",),
        "next_steps": (f"kubectl describe awsmachine {name}",),
    }
    return finding(**{**defaults, **changes})


def test_forty_machines_with_one_cause_are_one_cause_with_a_count() -> None:
    (cause,), _ = group_into_causes([stuck(f"m{number:02}") for number in range(40)])

    assert (cause.kind, len(cause.findings), cause.explanation) == (FindingKind.STUCK, 40, "no vCPU")
    assert cause.next_steps == ("kubectl describe awsmachine m00 (and likewise for 39 more)",)


@pytest.mark.parametrize(
    "other",
    [
        stuck("b", variant="InstanceLimitExceeded"),
        stuck("b", rule="stuck.MACH-CAPACITY"),
        stuck("b", management_cluster="stage"),
        stuck("b", object=object_ref("Machine", "b")),
    ],
)
def test_another_variant_signature_fleet_or_kind_is_another_cause(other: Finding) -> None:
    assert len(grouped(stuck("a"), other)) == 2


def test_what_is_stuck_because_of_an_edit_raises_its_severity_and_is_told_in_its_title() -> None:
    edit = edited("a", severity=Severity.LOW)
    first, second = stuck("b", cause=edit.id), stuck("c", cause=edit.id, severity=Severity.CRITICAL)

    (cause,), _ = group_into_causes([first, edit, second])

    assert set(cause.findings) == {edit.id, first.id, second.id}
    assert (cause.severity, cause.kind) == (Severity.CRITICAL, FindingKind.DRIFT)
    assert cause.title == f"{edit.title}; because of it: The quota is used up"
    assert cause.next_steps == (*edit.next_steps, "kubectl describe awsmachine c")


def test_a_consequence_of_a_consequence_joins_what_began_it() -> None:
    edit = edited("a")
    first = stuck("b", cause=edit.id)
    second = finding(id="f" * 16, verdict=Verdict.NOT_RECONCILED, cause=first.id)

    causes, explained = group_into_causes([second, first, edit])

    assert len(causes) == 1
    assert {found.cause for found in explained} == {causes[0].id}


def test_findings_that_explain_each_other_in_a_circle_are_still_told() -> None:
    one, two = edited("a", id="1" * 16, cause="2" * 16), edited("b", id="2" * 16, cause="1" * 16)

    causes, _ = group_into_causes([one, two])

    assert sorted(member for cause in causes for member in cause.findings) == ["1" * 16, "2" * 16]
