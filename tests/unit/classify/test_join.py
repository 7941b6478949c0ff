"""An edit in the cluster and the cloud that therefore differs from it are one story."""

from __future__ import annotations

import pytest

from drift_audit.classify.join import join_edits
from drift_audit.model.findings import Finding, Severity, Verdict
from drift_audit.model.values import ABSENT, Observed, Present
from tests.builders import finding, object_ref, resource_key, shown_values, unknown
from tests.unit.classify.cases import fact, machine

HUGE, LARGE, OTHER = Present("m5.4xlarge"), Present("m5.large"), Present("t3.small")


def edit(path: str = "spec.instanceType", **changes: object) -> Finding:
    """Somebody set the AWSMachine to m5.4xlarge."""
    return finding(
        rule="git.derived",
        verdict=Verdict.EDITED_IN_CLUSTER,
        severity=Severity.MEDIUM,
        object=object_ref(name=machine().name),
        resource=None,
        path=path,
        values=shown_values("m5.large", "m5.4xlarge", unknown("no counterpart")),
        reaction="nothing will repair this",
        **changes,
    )


def test_the_git_finding_takes_the_value_of_the_cloud() -> None:
    joined = join_edits([edit()], [fact(HUGE, LARGE)])

    (found,) = joined.findings
    assert joined.facts == []
    assert (found.verdict, found.values.cloud.value) == (Verdict.EDITED_IN_CLUSTER, "m5.large")
    assert found.resource == resource_key()
    assert found.reaction == "never sent to the cloud; nothing will repair this"
    assert found.id == edit().id


def test_a_third_value_in_the_cloud_is_a_conflict() -> None:
    (found,) = join_edits([edit()], [fact(HUGE, OTHER)]).findings

    assert (found.verdict, found.severity) == (Verdict.CONFLICT, Severity.HIGH)


def test_a_second_resource_with_the_same_field_stays_a_finding_of_its_own() -> None:
    joined = join_edits([edit()], [fact(HUGE, LARGE), fact(HUGE, LARGE)])

    assert len(joined.facts) == 1


@pytest.mark.parametrize(
    ("path", "capi", "cloud", "explained"),
    [
        ("spec.ingressRules", ABSENT, Present("tcp 22"), True),
        ("spec.ingressRules[0]", Present("tcp 22"), ABSENT, True),
        ("spec", Present("tcp 22"), ABSENT, True),
        ("spec.ingressRules", Present("tcp 22"), Present("tcp 23"), False),
        ("spec.ingressRulesToo", ABSENT, Present("tcp 22"), False),
        ("spec.other", ABSENT, Present("tcp 22"), False),
    ],
)
def test_a_single_value_of_an_edited_list_shares_its_cause(
    path: str, capi: Observed, cloud: Observed, explained: bool
) -> None:
    one_rule = fact(capi, cloud, path="ingress[tcp 22]", capi_path=("spec", "ingressRules"))

    joined = join_edits([edit(path)], [one_rule])

    assert [cause for _, cause in joined.facts] == [edit(path).id if explained else ""]


@pytest.mark.parametrize("verdict", [Verdict.HAZARD, Verdict.UNMANAGED, Verdict.MISSING])
def test_only_an_edit_explains_a_difference(verdict: Verdict) -> None:
    joined = join_edits([edit(), finding(path="spec.x", verdict=verdict)][1:], [fact(HUGE, LARGE)])

    assert [cause for _, cause in joined.facts] == [""]


def test_an_edit_of_another_object_explains_nothing() -> None:
    joined = join_edits(
        [finding(path="spec.instanceType", resource=None, object=object_ref(name="b"))], [fact(HUGE, LARGE)]
    )

    assert [cause for _, cause in joined.facts] == [""]
