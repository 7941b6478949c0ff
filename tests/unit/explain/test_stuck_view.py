"""`explain` of something stuck: the chain through the object, what proves it, and what "nothing is stuck" rests on."""

from __future__ import annotations

from typing import Any

from drift_audit.explain.causes import group_into_causes
from drift_audit.explain.stuck_view import Outlook, stuck_lines
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Certainty,
    ChainLink,
    Finding,
    FindingKind,
    ShownValues,
    Verdict,
)
from drift_audit.model.keys import ObjectKey
from tests.builders import finding, object_ref, result, suppression

CORE = "cluster.x-k8s.io"


def key(kind: str, name: str = "one", group: str = CORE) -> ObjectKey:
    return ObjectKey(group, kind, "fleet", name)


def hop(layer: str, object: str, fact: str) -> ChainLink:
    return ChainLink(layer=layer, object=object, fact=fact, evidence="condition Ready", since="2026-11-20T01:00:00Z")


def quota(name: str = "m1", **changes: Any) -> Finding:
    defaults: dict[str, Any] = {
        "kind": FindingKind.STUCK,
        "verdict": Verdict.STUCK,
        "rule": "stuck.MACH-QUOTA",
        "title": "The quota is used up",
        "object": object_ref("Machine", name, api_version=f"{CORE}/v1beta2"),
        "resource": None,
        "path": "",
        "values": ShownValues(git=NO_COUNTERPART, capi=NO_COUNTERPART, cloud=NO_COUNTERPART),
        "certainty": Certainty.HIGH,
        "reaction": "Nothing can be made until it is raised.",
        "chain": (
            hop("machine infrastructure", f"Machine/fleet/{name}", "no vCPU is free"),
            hop("consequence", "MachineDeployment/fleet/md", "Available is False"),
        ),
        "affected": ("KubeadmControlPlane/fleet/cp", "MachineDeployment/fleet/md"),
        "ruled_out": ("MACH-CAPACITY: others were made since",),
        "evidence": ("VcpuLimitExceeded", "0 of 640 vCPUs are free"),
        "next_steps": ("look at the quota", "ask for more"),
        "owner": "team-blue",
    }
    return finding(**{**defaults, **changes})


def told(about: ObjectKey, *findings: Finding, **outlook: Any) -> list[str]:
    causes, explained = group_into_causes(findings)
    audit = result([(one, [each for each in explained if each.cause == one.id]) for one in causes])
    return list(stuck_lines(audit, "prod", about, Outlook(**outlook)))


def test_the_whole_story_of_the_object_itself() -> None:
    assert told(key("Machine", "m1"), quota(id="0" * 16)) == [
        "Stuck: 1 cause",
        "",
        "  [high] The quota is used up",
        "    id           0000000000000000  (stuck.MACH-QUOTA, stuck, confirmed)",
        "    here         on this object",
        "    because      machine infrastructure · Machine/fleet/m1: no vCPU is free, since 2026-11-20T01:00:00Z"
        "  [condition Ready]",
        "                 ↳ MachineDeployment/fleet/md: Available is False, since 2026-11-20T01:00:00Z"
        "  [condition Ready]",
        "    proof        VcpuLimitExceeded",
        "                 0 of 640 vCPUs are free",
        "    proven       high: two independent sources agree",
        "    affects      2: KubeadmControlPlane/fleet/cp, MachineDeployment/fleet/md",
        "    ruled out    MACH-CAPACITY: others were made since",
        "    how          Nothing can be made until it is raised.",
        "    owner        team-blue",
        "    do           look at the quota",
        "                 ask for more",
    ]


def test_an_object_between_the_cause_and_the_alarm_shows_each_cause_once_with_its_count() -> None:
    lines = told(key("MachineDeployment", "md"), *(quota(f"m{number:02}") for number in range(12)))

    assert lines[0] == "Stuck: 1 cause"
    assert "    here         this object stands on the way from it to the alarm" in lines
    assert sum(line.startswith("    likewise     on 11 more: Machine/fleet/m") for line in lines) == 1


def test_the_steps_are_those_of_the_object_that_was_asked_for() -> None:
    """Not once more for the first of all that are stuck for the same reason."""
    findings = [quota(name, next_steps=(f"describe {name}", "ask for more")) for name in ("m1", "m2", "m3")]

    lines = told(key("Machine", "m2"), *findings)

    assert lines[lines.index("    do           describe m2") :] == [
        "    do           describe m2",
        "                 ask for more",
    ]


def test_what_is_below_a_cluster_that_looks_well_is_found() -> None:
    lower = frozenset({key("Machine", "m1")})

    assert "    here         below this object" in told(key("Cluster"), quota(), below=lower)
    assert told(key("Cluster"), quota())[0] == "Stuck: nothing"


def test_a_victim_is_told_what_it_waits_for() -> None:
    assert "    here         this object waits for it" in told(key("KubeadmControlPlane", "cp"), quota())


def test_the_same_name_in_another_group_or_fleet_is_another_object() -> None:
    assert told(key("Machine", "m1", "other.io"), quota(chain=()))[0] == "Stuck: nothing"
    assert told(key("Machine", "m1"), quota(management_cluster="stage"))[0] == "Stuck: nothing"


def test_what_somebody_accepted_is_still_told() -> None:
    audit = result(findings=[quota(suppressed=suppression())])

    lines = list(stuck_lines(audit, "prod", key("Machine", "m1"), Outlook()))

    assert any("suppressed by known-bastion" in line for line in lines)


def test_nothing_stuck_says_what_was_looked_at() -> None:
    assert told(key("Machine", "m1"), below=frozenset({key("KubeadmConfig", "m1")})) == [
        "Stuck: nothing",
        "  looked at    phase, conditions, deletion, pause and failure fields of Machine/fleet/m1"
        " and of 1 object below it",
        "  found        all of it is as it should be; events, logs and clouds are asked about what is not",
    ]


def test_what_still_has_time_and_what_was_not_read_is_never_called_well() -> None:
    lines = told(key("Cluster"), pending=["Machine/fleet/m1: phase Pending"], unread=["Machine: HTTP 403"])

    assert lines[0] == "Stuck: nothing in what could be read"
    assert "  in its time  Machine/fleet/m1: phase Pending" in lines
    assert "  not read     Machine: HTTP 403" in lines
    assert not any("as it should be" in line for line in lines)


def test_a_kind_whose_conditions_nobody_judges_is_not_called_well() -> None:
    lines = told(key("Secret", "m1", ""))

    assert not any("as it should be" in line for line in lines)
    assert any("nothing of its own" in line for line in lines)
