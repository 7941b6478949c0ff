"""A step that asks who did it is answered where that is known."""

from __future__ import annotations

import pytest

from drift_audit.model.findings import Actor, Between, Grade
from drift_audit.model.steps import advised, asking

QUESTION = "Find out in CloudTrail who deleted it: event DeleteVpc, resource vpc-1."


def actor(
    who: str = "alice@example.com",
    how: str = "AWS console",
    actor_class: str = "console-human",
    grade: Grade = Grade.A,
    source: str = "CloudTrail",
) -> Actor:
    return Actor(
        who=who, how=how, actor_class=actor_class, between=Between(after="", before=""), source=source, grade=grade
    )


@pytest.mark.parametrize(
    ("known", "step"),
    [
        (None, QUESTION),
        (actor(who="", how="", grade=Grade.E), QUESTION),
        (actor(), "Ask alice@example.com (AWS console) why."),
        (actor(how="", grade=Grade.B), "Ask alice@example.com why."),
        (
            actor(who="terraform-prod", how="Terraform, role deployer", actor_class="iac"),
            "Find out why terraform-prod (Terraform, role deployer) did it.",
        ),
        (
            actor(grade=Grade.D),
            "Ask alice@example.com (AWS console), who may have done it; else find out in CloudTrail who deleted it: "
            "event DeleteVpc, resource vpc-1.",
        ),
        (actor(who="kubectl-edit", how="kubectl edit", actor_class="human", source="managedFields"), QUESTION),
    ],
)
def test_a_question_is_answered_as_far_as_the_actor_is_known(known: Actor | None, step: str) -> None:
    assert advised([asking(QUESTION), "Put it back."], known) == (step, "Put it back.")


def test_a_clause_stays_a_clause() -> None:
    assert advised([asking("find out who changed vpc vpc-1, and why")], actor()) == (
        "ask alice@example.com (AWS console) why",
    )
