"""Who is asked about limits: providers that can be, about live clusters that are suspect, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from drift_audit.collect.in_time import Allowance
from drift_audit.collect.limits import Limits
from drift_audit.collect.masking import Masker
from drift_audit.interfaces import CloudProvider, ScopeRequest
from drift_audit.model.health import Answer, Feasible, Question, Suspicion, Topic
from drift_audit.model.keys import CloudScope, ObjectKey
from drift_audit.model.views import CloudScopeView, ClusterView, View, Views
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsSettings

SCOPE = CloudScope("acme", "1", "here")
KEY = ObjectKey("infrastructure.cluster.x-k8s.io", "AcmeMachine", "fleet", "m")
SUSPICION = Suspicion(objects={"prod": frozenset({KEY})})


class Acme(AwsProvider):
    """A provider that answers by itself."""

    name = "acme"

    def __init__(self, breaks: str = "") -> None:
        super().__init__(AwsSettings())
        self.breaks = breaks
        self.asked: list[Question] = []

    def questions(
        self, suspicion: Suspicion, clusters: Sequence[ClusterView], clouds: Sequence[CloudScopeView]
    ) -> Sequence[Question]:
        if self.breaks == "questions":
            raise ValueError("a bug")
        return [
            Question(topic=Topic.QUOTA, scope=SCOPE, management_cluster=name, object=key)
            for name, keys in suspicion.objects.items()
            for key in keys
        ]

    def ask(self, request: ScopeRequest, view: CloudScopeView, questions: Sequence[Question]) -> CloudScopeView:
        if self.breaks == "ask":
            raise ValueError("a bug")
        self.asked += questions
        told = Answer(question=questions[0], feasible=Feasible.IMPOSSIBLE, fact="console: password=hunter2secret")
        return replace(view, answers=(told,))


def asked(provider: CloudProvider, suspicion: Suspicion = SUSPICION, **changes: Any) -> Views:
    views = Views(clouds=(CloudScopeView(scope=SCOPE, identity="1", resources={}),))
    limits = Limits(
        providers={provider.name: provider},
        requests=lambda: [ScopeRequest(scope=SCOPE, clusters=())],
        masker=Masker("key"),
        progress=lambda step: None,
        allowance=Allowance(10),
        longest=10,
    )
    return replace(limits, **changes).asked(views, (), suspicion)


def test_answers_stand_in_the_view_of_their_scope_without_secrets() -> None:
    [cloud] = asked(Acme()).clouds

    assert [answer.feasible for answer in cloud.answers] == [Feasible.IMPOSSIBLE]
    assert cloud.answers[0].fact.startswith("<masked: ")


def test_nobody_is_asked_while_nobody_is_suspect() -> None:
    provider = Acme()

    views = asked(provider, Suspicion())

    assert provider.asked == []
    assert views.clouds[0].answers == ()


@pytest.mark.parametrize("place", ["questions", "ask"])
def test_a_bug_of_a_provider_costs_its_answers_and_nothing_else(place: str) -> None:
    views = asked(Acme(breaks=place))

    [gap] = views.all_gaps()
    assert gap.view is View.EVIDENCE
    assert "ValueError" in gap.reason


def test_time_that_is_over_is_a_gap() -> None:
    views = asked(Acme(), allowance=Allowance(0))

    assert [gap.view for gap in views.all_gaps()] == [View.EVIDENCE]


def test_suspects_of_a_replayed_management_cluster_are_left_out() -> None:
    found = SUSPICION.only({"other"})

    assert not found
    assert SUSPICION.only({"prod"}) == SUSPICION
