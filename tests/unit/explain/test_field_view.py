"""The fields of `explain`: what differs stands out, and each fact of a cloud names its resource."""

from __future__ import annotations

from typing import Any

from drift_audit.explain.field_view import field_lines
from drift_audit.model.comparison import FieldStory
from drift_audit.model.findings import Verdict
from drift_audit.model.values import ABSENT, Present
from tests.builders import finding, resource_key

ONE, OTHER = (str(resource_key("subnet", id)) for id in ("subnet-1", "subnet-2"))
RULE = "aws.subnet.public"


def fact(resource: str = ONE, rule: str = RULE, cloud: Any = True) -> FieldStory:
    return FieldStory(
        path="isPublic", git=ABSENT, capi=Present(False), cloud=Present(cloud), outcome=rule, resource=resource
    )


def found(**changes: Any) -> Any:
    return finding(**{"path": "isPublic", "rule": RULE, "resource": resource_key("subnet", "subnet-1"), **changes})


def test_what_differs_stands_first_and_is_marked() -> None:
    fields = [FieldStory(path=name, git=Present(1), capi=Present(2)) for name in ("spec.a", "spec.b")]

    lines = list(field_lines(fields, [finding(path="spec.b")]))

    assert lines[1] == "Fields: 2, 1 with a finding"
    assert [line for line in lines if "spec." in line] == ["≠ spec.b", "  spec.a"]


def test_a_fact_of_a_cloud_stands_at_its_resource_and_only_a_finding_of_the_same_row_marks_it() -> None:
    stories = [fact(), fact(OTHER), fact(rule="aws.subnet.public-adopted")]

    assert list(field_lines(stories, [found()])) == [
        "",
        f"{ONE}: 2 compared, 1 with a finding",
        "≠ isPublic  aws.subnet.public",
        "    cluster      false",
        "    cloud        true",
        "  isPublic  true  aws.subnet.public-adopted",
        "",
        f"{OTHER}: 1 compared",
        "  isPublic  true  aws.subnet.public",
    ]


def test_what_nobody_could_decide_is_marked_as_that() -> None:
    lines = list(field_lines([fact()], [found(verdict=Verdict.UNDETERMINED)]))

    assert lines[1] == f"{ONE}: 1 compared, 1 undecided"
    assert lines[2].startswith("? isPublic")
