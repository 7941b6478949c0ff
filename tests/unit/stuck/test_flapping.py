"""What several audits saw one after the other: a condition that turns, and since when a finding is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from drift_audit.clock import stamp
from drift_audit.config.settings import StuckThresholds
from drift_audit.model.findings import FindingKind
from drift_audit.model.history import NOTHING, ConditionSeen, FindingSeen, Past
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import ClusterView, KindListing, Views
from drift_audit.stuck.findings import stuck_findings
from drift_audit.stuck.history import FORGOTTEN, MOST_TURNS, watched, with_findings, with_first_seen
from tests.builders import finding
from tests.unit.stuck.stage import CLUSTER, MANAGEMENT, NOW, condition, fleet_with, machine, rules


def _turned(status: bool, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        **condition("NodeReady", status, "NodeReady" if status else "NodeNotReady", **more),
        "lastTransitionTime": stamp(at),
    }


def _view(*objects: CapiObject, listed: bool = True) -> ClusterView:
    listing = KindListing(
        group="cluster.x-k8s.io",
        kind="Machine",
        plural="machines",
        version="v1beta2",
        served=(),
        namespaced=True,
        complete=listed,
    )
    return ClusterView(
        management_cluster=MANAGEMENT,
        server_version="",
        objects={live.key: live for live in objects},
        kinds={("cluster.x-k8s.io", "Machine"): listing},
    )


def _audits(*seen: tuple[float, bool, float], older: bool = False) -> Past:
    """The memory after audits: each at so many minutes before now, saw this status, of so many minutes before now."""
    past = NOTHING
    for at, status, since in seen:
        severity = {"severity": "" if status else "Error"} if older else {}
        told = _turned(status, NOW - timedelta(minutes=since), **severity)
        if older and status:
            told["reason"] = ""
        past = watched(past, [_view(machine(told))], NOW - timedelta(minutes=at))
    return past


def _turns(past: Past) -> list[int]:
    return [len(seen.turns) for seen in past.conditions]


def _found(past: Past, *objects: CapiObject, now: datetime = NOW) -> list[str]:
    view = _view(*fleet_with(*objects))
    cluster_of = {MANAGEMENT: dict.fromkeys(view.objects, CLUSTER)}
    return rules(stuck_findings(Views(clusters=(view,)), cluster_of, StuckThresholds(), now, past=past))


OFTEN = [(55 - 5 * number, number % 2 == 1, 56 - 5 * number) for number in range(8)]
"""Every five minutes an audit, and each time the other status."""


def test_nothing_is_remembered_of_what_is_well() -> None:
    assert watched(NOTHING, [_view(*fleet_with())], NOW) == NOTHING


def test_each_change_of_status_is_a_turn() -> None:
    past = _audits((30, False, 31), (20, True, 21), (10, False, 11))

    assert _turns(past) == [2]
    assert past.conditions[0].first == stamp(NOW - timedelta(minutes=30))


def test_the_same_status_of_a_later_time_is_two_turns() -> None:
    assert _turns(_audits((30, False, 31), (20, False, 22))) == [2]


def test_a_v1beta1_condition_with_a_new_message_has_not_turned() -> None:
    assert _turns(_audits((30, False, 31), (20, False, 22), older=True)) == [0]
    assert _turns(_audits((30, False, 31), (20, True, 22), (10, False, 11), older=True)) == [2]


def test_nothing_has_turned_where_nothing_changed() -> None:
    assert _turns(_audits((30, False, 31), (20, False, 31), (10, False, 31))) == [0]


def test_more_than_five_turns_in_an_hour_are_a_finding_also_where_it_is_well_now() -> None:
    past = _audits(*OFTEN)
    view = _view(*fleet_with(machine(condition("Ready"), _turned(True, NOW - timedelta(minutes=21)))))
    cluster_of = {MANAGEMENT: dict.fromkeys(view.objects, CLUSTER)}

    found = stuck_findings(Views(clusters=(view,)), cluster_of, StuckThresholds(), NOW, past=past)

    assert rules(found) == ["FLAPPING"]
    assert (found[0].kind, found[0].variant) == (FindingKind.HEALTH, "NodeReady")
    assert "NodeReady has turned at least 7 times within an hour" in found[0].chain[0].fact
    assert found[0].since == stamp(NOW - timedelta(minutes=55))


def test_five_turns_are_none_and_an_hour_later_they_are_forgotten() -> None:
    well = machine(condition("Ready"), condition("NodeReady"))

    assert _found(_audits(*OFTEN[:6]), well) == []
    assert _found(_audits(*OFTEN), well, now=NOW + timedelta(minutes=50)) == []


def test_an_object_that_was_made_anew_begins_anew() -> None:
    anew = machine(condition("Ready"), condition("NodeReady"))
    anew.raw["metadata"]["uid"] = "another"  # type: ignore[index]

    assert _found(_audits(*OFTEN), anew) == []


def test_turns_are_bounded_and_what_is_well_for_an_hour_is_let_go() -> None:
    often = [(59 - number, number % 2 == 1, 59.5 - number) for number in range(58)]
    past = _audits(*often)

    assert _turns(past) == [MOST_TURNS]
    later = NOW + timedelta(hours=2)
    assert watched(past, [_view(machine(condition("NodeReady")))], later).conditions == ()


def test_what_was_not_read_is_kept_for_an_hour_and_what_is_gone_is_not() -> None:
    past = _audits(*OFTEN)

    assert watched(past, [_view(listed=False)], NOW).conditions == past.conditions
    assert watched(past, [], NOW).conditions == past.conditions
    assert watched(past, [_view(listed=True)], NOW).conditions == ()
    assert watched(past, [_view(listed=False)], NOW + timedelta(hours=2)).conditions == ()


def test_an_unreadable_time_is_no_turn_of_this_hour() -> None:
    odd = ConditionSeen(
        management_cluster=MANAGEMENT,
        object=machine().key,
        uid=machine().uid,
        type="NodeReady",
        status="False",
        since="x",
        first="x",
        turns=("x",) * 9,
        last="x",
    )

    assert _found(Past(conditions=(odd,)), machine(condition("Ready"), condition("NodeReady"))) == []


def _first(past: Past, *ids: str, now: datetime = NOW) -> Sequence[str]:
    return [each.first_seen for each in with_first_seen(past, [finding(id=name) for name in ids], now)]


def test_a_finding_is_known_since_an_audit_first_saw_it() -> None:
    earlier = NOW - timedelta(hours=3)
    past = with_findings(NOTHING, [finding(id="a")], earlier)

    assert _first(past, "a", "b") == [stamp(earlier), stamp(NOW)]
    kept = with_findings(past, [finding(id="b")], NOW)
    assert {seen.id: seen.first for seen in kept.findings} == {"a": stamp(earlier), "b": stamp(NOW)}


def test_a_finding_that_nobody_saw_for_a_week_begins_anew() -> None:
    long_ago = NOW - FORGOTTEN - timedelta(days=1)
    past = Past(findings=(FindingSeen("a", stamp(long_ago), stamp(long_ago)),))

    assert _first(past, "a") == [stamp(NOW)]
    assert with_findings(past, [], NOW).findings == ()
