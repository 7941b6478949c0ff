"""Who made a difference in the cloud: graded by what the record carries, and never more than it carries.

- a value that the change shows, alone: A; among others: B; a field without a value: B and C; only the resource: D
- nobody without a candidate, with the reason why the history names none
- only findings that say that somebody changed the cloud get an answer
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from drift_audit.explain.attribution import attribute
from drift_audit.interfaces import Candidate
from drift_audit.model.changes import ChangeEvent, ChangeLog, Fit
from drift_audit.model.findings import Actor, Finding, FindingKind, Grade, Verdict
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.history.free import free_candidates
from tests.builders import actor, finding, resource_key
from tests.unit.aws.builders import instance
from tests.unit.aws.rows import row_of

KEY = resource_key()
LOG = ChangeLog(
    source="CloudTrail",
    region="eu-west-1",
    asked_from="2026-11-19T12:00:00Z",
    complete_from="2026-11-19T12:00:00Z",
    complete_until="2026-11-20T11:45:00Z",
)


def edited(**changes: Any) -> Finding:
    return replace(finding(verdict=Verdict.EDITED_IN_CLOUD, resource=KEY), actor=None, since="", **changes)


def change(who: str, at: str, fit: Fit = Fit.VALUE, **more: Any) -> Candidate:
    event = ChangeEvent(
        id=f"{who}-{at}",
        at=f"2026-11-20T{at}:00Z",
        action="ec2:ModifyInstanceAttribute",
        who=who,
        how="AWS console",
        actor_class="console-human",
        **more,
    )
    return Candidate(change=event, fit=fit, source="CloudTrail")


def told(candidates: Sequence[Candidate], *logs: ChangeLog, about: Finding | None = None) -> Finding:
    one = about or edited()
    view = CloudScopeView(scope=KEY.scope, identity=KEY.account, resources={}, history=logs or (LOG,))
    (found,) = attribute([one], [view], {one.id: candidates})
    return found


def actor_of(found: Finding) -> Actor:
    assert found.actor is not None
    return found.actor


@pytest.mark.parametrize(
    ("candidates", "who", "grade"),
    [
        ([change("alice", "10:00")], "alice", Grade.A),
        ([change("alice", "10:00", Fit.FIELD)], "alice", Grade.B),
        ([change("alice", "10:00", Fit.SUBJECT)], "alice", Grade.D),
        ([change("bob", "11:00"), change("alice", "10:00")], "bob", Grade.B),
        ([change("alice", "11:00"), change("alice", "10:00")], "alice", Grade.A),
        ([change("bob", "11:00", Fit.FIELD), change("alice", "10:00", Fit.FIELD)], "bob", Grade.C),
        ([change("bob", "11:00", Fit.FIELD), change("alice", "10:00")], "alice", Grade.B),
        ([change("bob", "09:00", Fit.FIELD), change("alice", "10:00")], "alice", Grade.A),
        ([change("bob", "11:00", Fit.SUBJECT), change("alice", "10:00")], "alice", Grade.A),
    ],
)
def test_the_best_proof_names_the_actor_and_rivals_lower_the_grade(
    candidates: list[Candidate], who: str, grade: Grade
) -> None:
    found = actor_of(told(candidates))

    assert (found.who, found.grade) == (who, grade)
    assert bool(found.reason) == (grade is Grade.D or (grade in (Grade.B, Grade.C) and len(candidates) > 1))


def test_the_order_in_which_candidates_come_does_not_matter() -> None:
    candidates = [change("bob", "11:00"), change("alice", "10:00"), change("carol", "10:30", Fit.FIELD)]

    assert told(candidates).actor == told(candidates[::-1]).actor


def test_several_changes_of_the_field_open_the_window_over_all_of_them() -> None:
    found = told([change("bob", "11:00", Fit.FIELD), change("alice", "10:00", Fit.FIELD)])

    between = actor_of(found).between
    assert (between.after, between.before) == ("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z")
    assert found.since == "2026-11-20T11:00:00Z"


def test_the_evidence_names_the_event_under_which_it_is_found_again() -> None:
    found = told([change("alice", "10:00", origin="203.0.113.7")])

    assert found.evidence[-1] == (
        "CloudTrail: ec2:ModifyInstanceAttribute by alice, AWS console, at 2026-11-20T10:00:00Z from 203.0.113.7 "
        "(event alice-10:00)"
    )


def test_a_refused_attempt_is_evidence_and_no_author() -> None:
    found = told([change("mallory", "10:00", refused="UnauthorizedOperation")])

    assert actor_of(found).who == ""
    assert found.evidence[-1].endswith("was refused: UnauthorizedOperation")


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (LOG, "CloudTrail of eu-west-1 has no change that can have made it between"),
        (replace(LOG, unreadable=3), "among 3 records that could not be read"),
        (replace(LOG, reason="the budget ended after 12000 changes"), "the budget ended after 12000 changes"),
        (
            replace(LOG, complete_from="", complete_until="", reason="cloudtrail:LookupEvents is not allowed"),
            "CloudTrail of eu-west-1 was not read: cloudtrail:LookupEvents is not allowed",
        ),
    ],
)
def test_nobody_is_named_without_a_candidate_and_the_reason_is_said(log: ChangeLog, reason: str) -> None:
    found = actor_of(told([], log))

    assert (found.who, found.actor_class, found.grade) == ("", "unknown", Grade.E)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        ("2026-11-01T00:00:00Z", "and CloudTrail of eu-west-1 was read from 2026-11-19T12:00:00Z on"),
        ("2026-11-20T11:59:00Z", "CloudTrail may not have delivered what is younger than 2026-11-20T11:45:00Z"),
    ],
)
def test_a_beginning_outside_of_the_history_is_the_reason(since: str, reason: str) -> None:
    assert reason in actor_of(told([], about=replace(edited(), since=since))).reason


@pytest.mark.parametrize(
    ("verdict", "kind", "owed"),
    [
        (Verdict.EDITED_IN_CLOUD, FindingKind.DRIFT, True),
        (Verdict.CONFLICT, FindingKind.DRIFT, True),
        (Verdict.MISSING, FindingKind.MISSING, True),
        (Verdict.ORPHAN, FindingKind.ORPHAN, True),
        (Verdict.NOT_RECONCILED, FindingKind.DRIFT, False),
        (Verdict.RECONCILING, FindingKind.DRIFT, False),
        (Verdict.UNDETERMINED, FindingKind.DRIFT, False),
    ],
)
def test_an_answer_is_owed_where_the_verdict_says_that_somebody_changed_the_cloud(
    verdict: Verdict, kind: FindingKind, owed: bool
) -> None:
    found = told([], about=replace(edited(), verdict=verdict, kind=kind))

    assert (found.actor is not None) == owed


def test_a_finding_without_a_history_or_with_an_actor_stays_as_it_is() -> None:
    known = replace(edited(), actor=actor("kubectl-edit"))
    view = CloudScopeView(scope=KEY.scope, identity=KEY.account, resources={})

    assert attribute([edited()], [view], {}) == [edited()]
    assert told([change("alice", "10:00")], about=known) == known


@pytest.mark.parametrize(
    ("code", "who", "grade"),
    [
        ("Client.UserInitiatedShutdown", "a user of the account", Grade.D),
        ("Client.InstanceInitiatedShutdown", "the machine itself", Grade.A),
        ("Server.SpotInstanceShutdown", "EC2 Spot", Grade.A),
        ("Server.ScheduledStop", "EC2", Grade.A),
    ],
)
def test_what_ec2_says_of_a_stop_is_used_without_a_history(code: str, who: str, grade: Grade) -> None:
    stopped = instance(
        "i-0aaaaaaaa",
        state="stopped",
        StateReason={"Code": code},
        StateTransitionReason="User initiated (2026-11-20 10:00:00 GMT)",
    )

    free = list(free_candidates(stopped, row_of("aws.instance.state")))
    found = actor_of(told(free))

    assert (found.who, found.grade, found.source) == (who, grade, "EC2 StateTransitionReason")
    assert found.between.before == "2026-11-20T10:00:00Z"


def test_a_named_stop_in_the_history_is_better_than_an_unnamed_one_of_ec2() -> None:
    stopped = instance(
        "i-0aaaaaaaa",
        state="stopped",
        StateReason={"Code": "Client.UserInitiatedShutdown"},
        StateTransitionReason="User initiated (2026-11-20 10:00:00 GMT)",
    )

    free = list(free_candidates(stopped, row_of("aws.instance.state")))

    assert actor_of(told([*free, change("alice", "10:00")])).who == "alice"


@pytest.mark.parametrize("reason", ["", "User initiated", "User initiated (yesterday)", "(2026-99-99 10:00:00 GMT)"])
def test_a_stop_that_ec2_does_not_date_tells_nothing(reason: str) -> None:
    odd = instance("i-0aaaaaaaa", StateReason={"Code": "Server.ScheduledStop"}, StateTransitionReason=reason)

    assert list(free_candidates(odd, row_of("aws.instance.state"))) == []
