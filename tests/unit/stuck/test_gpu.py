"""What agents on Nodes report, while kubelet and Machine look well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from drift_audit.config.settings import StuckThresholds
from drift_audit.model.findings import Certainty, FindingKind, Verdict
from drift_audit.model.health import Event
from drift_audit.model.objects import CapiObject
from drift_audit.model.views import Reach
from tests.unit.stuck.stage import CORE, condition, fleet_with, healthy_fleet, judged, machine, made, rules
from tests.unit.stuck.workload import node, node_event, workload

GPUS = {"nvidia.com/gpu.present": "true", "nvidia.com/gpu.count": "8"}
EIGHT: dict[str, Any] = {"capacity": {"nvidia.com/gpu": "8"}, "allocatable": {"nvidia.com/gpu": "8"}}
XID_79 = "NVRM: Xid (PCI:0000:3b:00): 79, pid=4711, GPU has fallen off the bus."
MHC = (("cluster.x-k8s.io", "MachineHealthCheck"),)


@pytest.mark.parametrize(
    ("seen", "events", "expected", "variant"),
    [
        pytest.param(
            node(
                condition("SysLogsXIDError", True, "SysLogsXIDErrorIsNotHealthy", XID_79, since=30),
                labels=GPUS,
                **EIGHT,
            ),
            (),
            "GPU-XID",
            "Xid 79",
            id="NVSentinel",
        ),
        pytest.param(
            node(condition("GPUMissing", True, "GPUMissing", "GPUs missing: 1 of 8", since=30), labels=GPUS, **EIGHT),
            (),
            "GPU-XID",
            "GPUMissing",
            id="AKS",
        ),
        pytest.param(
            node(condition("AcceleratedHardwareReady", False, "NvidiaXID79Error", "Xid 79", since=30)),
            (),
            "GPU-XID",
            "Xid 79",
            id="EKS: a condition that is bad when it is False",
        ),
        pytest.param(
            node(condition("XIDErrors", True, "XIDErrors", "XID error on GPU 3", since=30), **EIGHT),
            (),
            "GPU-XID",
            "XIDErrors",
            id="a number that is no Xid",
        ),
        pytest.param(
            node(labels=GPUS, **EIGHT), (node_event("GpuXid", XID_79),), "GPU-XID", "Xid 79", id="an event alone"
        ),
        pytest.param(
            node(condition("KernelDeadlock", True, "DockerHung", "task docker:7 blocked", since=30)),
            (),
            "NODE-PROBLEM",
            "KernelDeadlock",
            id="node-problem-detector",
        ),
        pytest.param(
            node(labels=GPUS, capacity={"nvidia.com/gpu": "8"}, allocatable={"nvidia.com/gpu": "7"}),
            (),
            "GPU-CAPACITY-DROP",
            "",
            id="one GPU held back",
        ),
        pytest.param(
            node(labels=GPUS, capacity={}, allocatable={}),
            (),
            "GPU-CAPACITY-DROP",
            "",
            id="a device plug-in that is gone",
        ),
    ],
)
def test_a_machine_that_looks_well_is_found_by_its_node(
    seen: CapiObject, events: Sequence[Event], expected: str, variant: str
) -> None:
    found = judged(*healthy_fleet(), workload=workload(seen, events=events))

    assert rules(found) == [expected]
    assert (found[0].kind, found[0].verdict) == (FindingKind.HEALTH, Verdict.UNHEALTHY)
    assert found[0].object is not None and found[0].object.name == "one-md-0-abc-1"
    assert found[0].variant == variant
    assert "one-md-0-abc-1" in found[0].chain[0].fact


@pytest.mark.parametrize(
    ("seen", "events"),
    [
        pytest.param(node(labels=GPUS, **EIGHT), (), id="all well"),
        pytest.param(
            node(condition("SysLogsXIDError", False, "SysLogsXIDErrorIsHealthy", since=30), labels=GPUS, **EIGHT),
            (),
            id="a condition that is bad when True, and False",
        ),
        pytest.param(node(condition("AcceleratedHardwareReady", True, since=30)), (), id="a good one that is True"),
        pytest.param(node(condition("GPUMissing", "Unknown", since=30), **EIGHT), (), id="an agent that does not know"),
        pytest.param(node(condition("GPUMissing", True, since=2), **EIGHT), (), id="two minutes of it"),
        pytest.param(
            node(condition("NetworkUnavailable", True, "NoRouteCreated", since=30)), (), id="the kubelet's own"
        ),
        pytest.param(node(condition("BackupWindow", True, since=30)), (), id="a condition that nobody configured"),
        pytest.param(
            node(labels=GPUS, **EIGHT),
            (node_event("GpuXid", XID_79.replace(": 79", ": 31")),),
            id="the fault of a program",
        ),
        pytest.param(
            node(labels=GPUS, age=5, capacity={}, allocatable={}), (), id="a Node whose device plug-in starts"
        ),
        pytest.param(
            node(labels={**GPUS, "nvidia.com/mig.strategy": "mixed"}, capacity={"nvidia.com/mig-1g.10gb": "56"}),
            (),
            id="GPUs that are cut in parts",
        ),
    ],
)
def test_a_node_that_is_well_is_silent(seen: CapiObject, events: Sequence[Event]) -> None:
    assert judged(*healthy_fleet(), workload=workload(seen, events=events)) == []


def test_agent_and_device_plugin_together_make_it_certain() -> None:
    fault = condition("GpuXidError", True, "Xid", XID_79, since=30)
    fewer: dict[str, Any] = {"capacity": {"nvidia.com/gpu": "8"}, "allocatable": {"nvidia.com/gpu": "7"}}

    found = judged(*healthy_fleet(), workload=workload(node(fault, **fewer)))

    assert [finding.certainty for finding in found if finding.rule == "stuck.GPU-XID"] == [Certainty.HIGH]


def test_names_of_conditions_are_configurable() -> None:
    fault = node(condition("TorusLinkDown", True, "Down", "port 3", since=30))
    thresholds = StuckThresholds(node_conditions=("toruslink*",))

    assert rules(judged(*healthy_fleet(), workload=workload(fault), thresholds=thresholds)) == ["NODE-PROBLEM"]
    assert judged(*healthy_fleet(), workload=workload(fault)) == []


def test_it_says_when_no_health_check_looks_at_it() -> None:
    fault = workload(node(condition("GpuXidError", True, "Xid", XID_79, since=30)))
    spec: dict[str, Any] = {
        "clusterName": "one",
        "selector": {"matchLabels": {"cluster.x-k8s.io/cluster-name": "one"}},
        "checks": {"unhealthyNodeConditions": [{"type": "GpuXidError", "status": "True", "timeoutSeconds": 300}]},
    }
    watching = made(CORE, "MachineHealthCheck", "gpu", spec=spec, conditions=(condition("RemediationAllowed"),))

    unread = judged(*healthy_fleet(), workload=fault)
    unwatched = judged(*healthy_fleet(), workload=fault, listed=MHC)
    watched = judged(*fleet_with(watching), workload=fault, listed=MHC)

    said = ["no MachineHealthCheck looks at it" in each[0].chain[0].fact for each in (unread, unwatched, watched)]
    assert said == [False, True, False]


def test_what_was_read_before_the_connection_broke_still_counts_and_a_machine_that_goes_does_not() -> None:
    fault = node(condition("GpuXidError", True, "Xid", XID_79, since=30))

    assert rules(judged(*healthy_fleet(), workload=workload(fault, reach=Reach.FAILING))) == ["GPU-XID"]
    assert judged(*fleet_with(machine(deleting=1)), workload=workload(fault)) == []


def test_nobody_says_since_when_a_gpu_is_missing() -> None:
    missing = node(labels=GPUS, capacity={}, allocatable={})

    assert [finding.since for finding in judged(*healthy_fleet(), workload=workload(missing))] == [""]
