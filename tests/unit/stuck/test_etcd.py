"""etcd as KCP tells of it, member by member."""

from __future__ import annotations

import pytest

from drift_audit.model.findings import Certainty, FindingKind
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    condition,
    control_plane,
    fleet_with,
    infra_machine,
    judged,
    log,
    machine,
    machine_set,
    rules,
)

RBAC = (
    "unable to upgrade connection: Forbidden (user=kube-apiserver-kubelet-client, verb=create, resource=nodes, "
    "subresource(s)=[proxy])"
)
LOST = (
    "* 1 of 3 etcd members is healthy, at least 2 healthy member required for etcd quorum\n"
    "* There are no Machines with healthy control plane components, at least 1 required"
)
AT_RISK = "* 2 of 3 etcd members are healthy, at least 2 healthy member required for etcd quorum"


def _member(
    message: str, *, reason: str = "NotHealthy", status: bool | str = False, since: float = 30, severity: str = ""
) -> CapiObject:
    return machine(
        condition("Ready"),
        condition("EtcdMemberHealthy", status, reason, message, since=since, severity=severity),
        name="one-cp-1",
        owner=control_plane(),
    )


@pytest.mark.parametrize(
    ("sick", "rule", "variant"),
    [
        pytest.param(_member("Etcd reports alarms: NOSPACE"), "CP-ETCD-ALARM", "NOSPACE", id="alarm"),
        pytest.param(
            _member("Etcd reports alarms: NOSPACE", reason="EtcdMemberUnhealthy", severity="Error"),
            "CP-ETCD-ALARM",
            "NOSPACE",
            id="alarm v1beta1",
        ),
        pytest.param(
            _member("Etcd doesn't have an etcd member for Node one-cp-1"), "CP-ETCD-MEMBER", "", id="no member"
        ),
        pytest.param(
            _member("Missing etcd member", reason="EtcdMemberUnhealthy", severity="Error"),
            "CP-ETCD-MEMBER",
            "",
            id="no member v1beta1",
        ),
        pytest.param(_member("Waiting for learner etcd member to be promoted"), "CP-ETCD-LEARNER", "", id="learner"),
        pytest.param(
            _member(
                "Failed to connect to etcd: context deadline exceeded", reason="InspectionFailed", status="Unknown"
            ),
            "CP-ETCD-UNREACHABLE",
            "",
            id="no connection",
        ),
        pytest.param(
            _member(f"Failed to connect to etcd: {RBAC}", reason="InspectionFailed", status="Unknown"),
            "CP-KUBELET-CLIENT-RBAC",
            "",
            id="rbac",
        ),
    ],
)
def test_what_is_wrong_with_a_member_is_told_of_its_machine(sick: CapiObject, rule: str, variant: str) -> None:
    echo = "* Machine one-cp-1:\n  * EtcdMemberHealthy: Etcd reports alarms: NOSPACE"
    above = control_plane(condition("EtcdClusterHealthy", False, "NotHealthy", echo, since=30))

    found = judged(*fleet_with(sick, above))

    assert [(finding.rule, finding.variant) for finding in found] == [(f"stuck.{rule}", variant)]
    assert found[0].object is not None and found[0].object.kind == "Machine"
    assert "KubeadmControlPlane/fleet/one-cp" in found[0].affected


@pytest.mark.parametrize(
    "well_enough",
    [
        pytest.param(
            _member("Waiting for learner etcd member to be promoted", since=4), id="a learner that catches up"
        ),
        pytest.param(_member("Etcd reports alarms: NOSPACE", since=1), id="a minute ago"),
        pytest.param(
            _member("Failed to connect to etcd: dial tcp", reason="InspectionFailed", status="Unknown", since=1),
            id="one failed look",
        ),
    ],
)
def test_members_that_may_be_so_for_a_while_are_silent(well_enough: CapiObject) -> None:
    assert judged(*fleet_with(well_enough)) == []


def test_the_log_of_kcp_agrees_with_the_condition() -> None:
    sick = _member("Etcd reports alarms: NOSPACE")

    found = judged(*fleet_with(sick), logs=[log(control_plane(), "Etcd reports alarms: NOSPACE")])

    assert found[0].certainty is Certainty.HIGH


def test_a_member_that_no_machine_has_is_told_of_the_control_plane() -> None:
    sick = control_plane(
        condition(
            "EtcdClusterHealthy",
            False,
            "NotHealthy",
            "* Etcd member one-cp-9 does not have a corresponding Machine",
            since=30,
        ),
        condition(
            "Available",
            False,
            "NotAvailable",
            "The list of etcd members does not match the list of Machines and Nodes",
            since=28,
        ),
    )

    found = judged(*fleet_with(sick))

    assert rules(found) == ["CP-ETCD-LIST"]
    assert "one-cp-9" in found[0].chain[0].fact


def test_a_member_whose_machine_is_still_joining_is_silent() -> None:
    joining = machine(
        condition("Ready", False, since=5), name="one-cp-1", owner=control_plane(), phase="Provisioned", entered=5
    )
    told = "* Etcd member one-cp-1 does not have a corresponding Machine"
    above = control_plane(condition("EtcdClusterHealthy", False, "NotHealthy", told, since=4))

    assert "CP-ETCD-LIST" not in rules(judged(*fleet_with(joining, above)))


def test_a_machine_without_a_member_says_more_than_the_list() -> None:
    above = control_plane(
        condition("Available", False, "NotAvailable", "The list of etcd members does not match", since=28)
    )

    found = judged(*fleet_with(_member("Etcd doesn't have an etcd member for Node one-cp-1"), above))

    assert rules(found) == ["CP-ETCD-MEMBER"]


@pytest.mark.parametrize("none", [False, True])
def test_a_lost_quorum_is_told_of_the_control_plane(none: bool) -> None:
    message = "* There are no healthy etcd member, at least 2 healthy member required for etcd quorum" if none else LOST
    sick = control_plane(condition("Available", False, "NotAvailable", message, since=30))

    found = judged(*fleet_with(sick))

    assert rules(found) == ["CP-QUORUM"]
    assert ("no etcd members" if none else "1 etcd members") in found[0].chain[0].fact


def test_members_that_do_not_answer_are_the_quorum_that_is_lost_and_not_causes_beside_it() -> None:
    told = "Failed to connect to etcd: failed to get etcd status: context deadline exceeded"
    silent = _member(told, reason="InspectionFailed", status="Unknown")
    lost = control_plane(condition("Available", False, "NotAvailable", LOST, since=30))
    holds = control_plane(condition("EtcdClusterHealthy", False, "NotHealthy", "* Machine one-cp-1: ...", since=30))

    found = judged(*fleet_with(lost, silent))

    assert rules(found) == ["CP-QUORUM"]
    assert "Machine/fleet/one-cp-1" in found[0].affected
    assert rules(judged(*fleet_with(holds, silent))) == ["CP-ETCD-UNREACHABLE"]


def test_instances_that_are_gone_come_before_the_quorum_that_they_cost() -> None:
    sick = control_plane(condition("Available", False, "NotAvailable", LOST, since=30))
    head = machine(condition("NodeHealthy", "Unknown", since=30), name="one-cp-1", owner=control_plane())
    gone = infra_machine(condition("InstanceReady", False, "InstanceTerminated", since=32, severity="Error"), of=head)

    assert rules(judged(*fleet_with(sick, head, gone))) == ["MACH-INSTANCE-GONE"]


def test_a_quorum_without_a_member_to_lose_is_unwell() -> None:
    members = condition("EtcdClusterHealthy", False, "NotHealthy", "* Machine one-cp-2: ...", since=30)

    found = judged(*fleet_with(control_plane(condition("Available", True, "Available", AT_RISK), members)))

    assert ("stuck.CP-QUORUM-RISK", FindingKind.HEALTH) in [(finding.rule, finding.kind) for finding in found]


def test_a_rollout_has_a_member_to_lose_or_a_machine_that_joins() -> None:
    members = condition("EtcdClusterHealthy", False, "NotHealthy", "* Machine one-cp-2: ...", since=30)
    enough = AT_RISK.replace("2 of 3", "3 of 4")
    busy = control_plane(condition("Available", True, "Available", AT_RISK), members)
    joining = machine(name="one-cp-1", owner=control_plane(), phase="Provisioned", entered=2)

    found = judged(*fleet_with(control_plane(condition("Available", True, "Available", enough), members)))
    assert "CP-QUORUM-RISK" not in rules(found)
    assert "CP-QUORUM-RISK" not in rules(judged(*fleet_with(busy, joining, machine_set())))
