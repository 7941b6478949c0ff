"""What a finding about a cloud resource tells a person to do."""

from __future__ import annotations

import pytest

from drift_audit.classify.cloud_findings import cloud_findings
from drift_audit.interfaces import Correlation
from drift_audit.model.values import Present
from tests.unit.classify.cases import cloud_context, fact, machine, row

DECLARED, FOUND = Present("m5.large"), Present("m5.4xlarge")


@pytest.mark.parametrize("immutable", [True, False])
def test_nobody_is_told_to_put_back_what_the_cloud_never_changes(immutable: bool) -> None:
    fixed = row(immutable=immutable, changeable=False)

    (found,) = cloud_findings([(fact(DECLARED, FOUND, fixed), "")], Correlation(), cloud_context(machine()))

    assert found.next_steps[0] == "replace the Machine: this cannot be changed on a running instance"
    assert not any("back" in step for step in found.next_steps)


def test_what_can_be_changed_in_the_cloud_can_be_put_back() -> None:
    (found,) = cloud_findings(
        [(fact(DECLARED, FOUND, row(immutable=True)), "")], Correlation(), cloud_context(machine())
    )

    assert found.next_steps[0].startswith("put instance ")
    assert found.next_steps[0].endswith("back, or replace the Machine")


def test_a_row_may_say_itself_what_to_do() -> None:
    own = row(next_steps=("aws ec2 describe-subnets --region {region} --subnet-ids {id}",))
    asked = fact(DECLARED, FOUND, own)

    (found,) = cloud_findings([(asked, "")], Correlation(), cloud_context(machine()))

    resource = asked.link.resource
    assert found.next_steps == (f"aws ec2 describe-subnets --region {resource.region} --subnet-ids {resource.id}",)
