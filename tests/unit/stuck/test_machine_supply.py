"""Machines that the management cluster cannot make."""

from __future__ import annotations

import pytest

from drift_audit.model.findings import Certainty, FindingKind
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import (
    AWS,
    condition,
    control_plane,
    deployment,
    event,
    fleet_with,
    infra_machine,
    judged,
    machine_set,
    made,
    rules,
)

TEMPLATES = (("infrastructure.cluster.x-k8s.io", "AWSMachineTemplate"),)
BLOCKED = "Scaling up from 2 to 3 replicas is blocked because:\n* AWSMachineTemplate does not exist"
WOULD_BE = "Scaling up would be blocked because AWSMachineTemplate does not exist"


def _made_from(template: str, *conditions: dict[str, object], replicas: int = 3) -> CapiObject:
    reference = {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "AWSMachineTemplate", "name": template}
    return machine_set(*conditions, spec={"replicas": replicas, "template": {"spec": {"infrastructureRef": reference}}})


def _deployment_of(template: str) -> CapiObject:
    reference = {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "AWSMachineTemplate", "name": template}
    return deployment(spec={"template": {"spec": {"infrastructureRef": reference}}})


@pytest.mark.parametrize(
    "sick",
    [
        pytest.param(_made_from("gone", condition("ScalingUp", True, "ScalingUp", BLOCKED, since=30)), id="v1beta2"),
        pytest.param(
            _made_from(
                "gone",
                condition(
                    "MachinesCreated",
                    False,
                    "InfrastructureTemplateCloningFailed",
                    "failed to retrieve AWSMachineTemplate fleet/gone: "
                    'AWSMachineTemplate.infrastructure.cluster.x-k8s.io "gone" not found',
                    since=30,
                    severity="Error",
                ),
            ),
            id="v1beta1",
        ),
    ],
)
def test_a_template_that_is_gone_is_named_and_looked_for(sick: CapiObject) -> None:
    found = judged(*fleet_with(sick, _deployment_of("gone")), listed=TEMPLATES)

    assert rules(found) == ["MACH-TEMPLATE-GONE"]
    assert found[0].variant == "AWSMachineTemplate gone does not exist"
    assert found[0].path == "spec.template.spec.infrastructureRef.name"
    assert found[0].certainty is Certainty.HIGH


def test_a_control_plane_without_its_template_cannot_grow() -> None:
    sick = control_plane(condition("ScalingUp", True, "ScalingUp", BLOCKED, since=30))
    template = made(AWS, "AWSMachineTemplate", "one-cp")

    assert rules(judged(*fleet_with(sick, without=[template.key]), listed=TEMPLATES)) == ["MACH-TEMPLATE-GONE"]


def test_templates_that_were_not_read_are_not_called_gone_but_what_the_controller_says_counts() -> None:
    quiet = _made_from("gone", condition("MachinesReady"))
    told = _made_from("gone", condition("ScalingUp", True, "ScalingUp", BLOCKED, since=30))

    assert judged(*fleet_with(quiet, _deployment_of("gone"))) == []
    found = judged(*fleet_with(told, _deployment_of("gone")))
    assert rules(found) == ["MACH-TEMPLATE-GONE"]
    assert found[0].certainty is Certainty.MEDIUM


def test_a_template_that_is_back_speaks_against_what_the_controller_says() -> None:
    told = _made_from("one-md-0", condition("ScalingUp", True, "ScalingUp", BLOCKED, since=30))

    found = judged(*fleet_with(told), listed=TEMPLATES)

    assert found[0].evidence[-1].startswith("against it: ")


def test_a_template_that_the_next_machine_needs_is_a_hazard_while_all_runs() -> None:
    well = _made_from(
        "gone", condition("MachinesReady"), condition("ScalingUp", False, "NotScalingUp", WOULD_BE, since=600)
    )

    found = judged(*fleet_with(well, _deployment_of("gone")), listed=TEMPLATES)

    assert [(finding.rule, finding.kind) for finding in found] == [("stuck.MACH-TEMPLATE-MISSING", FindingKind.HAZARD)]


@pytest.mark.parametrize(
    ("old", "owner"),
    [
        pytest.param(_made_from("gone", condition("MachinesReady"), replicas=0), _deployment_of("gone"), id="empty"),
        pytest.param(_made_from("gone", condition("MachinesReady")), _deployment_of("one-md-0"), id="on its way out"),
    ],
)
def test_old_machine_sets_need_no_template(old: CapiObject, owner: CapiObject) -> None:
    assert judged(*fleet_with(old, owner), listed=TEMPLATES) == []


def test_scaling_that_is_not_blocked_is_silent() -> None:
    growing = machine_set(condition("ScalingUp", True, "ScalingUp", "Scaling up from 2 to 3 replicas", since=5))

    assert judged(*fleet_with(growing), listed=TEMPLATES) == []


def test_a_refused_machine_is_told_with_the_refusal() -> None:
    told = 'admission webhook "validation.machine.cluster.x-k8s.io" denied the request: spec.version: Forbidden'
    sick = machine_set(
        condition("MachinesCreated", False, "MachineCreationFailed", told, since=30, severity="Error"),
    )

    found = judged(*fleet_with(sick))

    assert [(finding.rule, finding.variant) for finding in found] == [
        ("stuck.MACH-CREATE-FAILED", "MachineCreationFailed")
    ]


def test_a_control_plane_that_cannot_grow_tells_it_by_an_event_while_it_wants_to() -> None:
    growing = control_plane(condition("ScalingUp", True, "ScalingUp", "Scaling up from 2 to 3 replicas", since=30))
    told = "Failed to create additional control plane Machine for cluster fleet/one: quota exceeded"

    assert rules(judged(*fleet_with(growing), events=[event(growing, "FailedScaleUp", told)])) == ["MACH-CREATE-FAILED"]
    sated = control_plane(condition("Available"), condition("Other", False, since=1))
    assert judged(*fleet_with(sated), events=[event(sated, "FailedScaleUp", told)]) == []


@pytest.mark.parametrize("reason", ["PoolExhausted", "PoolNotReady", "AllocationFailed"])
def test_a_claim_that_gets_no_address_is_named_with_its_pool(reason: str) -> None:
    claim = made(
        "ipam.cluster.x-k8s.io/v1beta2",
        "IPAddressClaim",
        "one-md-0-abc-1",
        owner=infra_machine(),
        spec={"poolRef": {"kind": "InClusterIPPool", "name": "pool"}},
        conditions=(condition("Ready", False, reason, since=30),),
    )

    found = judged(*fleet_with(claim))

    assert [(finding.rule, finding.variant) for finding in found] == [
        ("stuck.MACH-IPAM", f"{reason} InClusterIPPool pool")
    ]


def test_a_claim_of_which_nothing_is_said_yet_is_in_time() -> None:
    claim = made(
        "ipam.cluster.x-k8s.io/v1beta2",
        "IPAddressClaim",
        "x",
        conditions=(condition("Ready", False, "Pending", since=3),),
    )

    assert judged(*fleet_with(claim)) == []
