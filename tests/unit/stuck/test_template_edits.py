"""Templates that were edited in place."""

from __future__ import annotations

from typing import Any

from drift_audit.model.findings import FindingKind, Verdict
from drift_audit.model.objects import CapiObject
from tests.unit.stuck.stage import AWS, BOOTSTRAP, fleet_with, infra_machine, judged, machine, made, rules


def _template(generation: int = 2, kind: str = "AWSMachineTemplate", of: str = AWS, **spec: Any) -> CapiObject:
    live = made(of, kind, "one-md-0", spec={"template": {"spec": spec}})
    live.raw["metadata"]["generation"] = generation  # type: ignore[index]
    return live


def _cut(kind: str = "AWSMachine", of: str = AWS, **spec: Any) -> CapiObject:
    annotations = {"cluster.x-k8s.io/cloned-from-name": "one-md-0"}
    ready = {"ready": True}
    return made(of, kind, "one-md-0-abc-1", owner=machine(), spec=spec, status=ready, annotations=annotations)


def test_machines_that_were_cut_before_the_edit_are_told_with_the_field_and_without_values() -> None:
    found = judged(
        *fleet_with(_template(instanceType="m5.xlarge"), _cut(instanceType="m5.large", providerID="aws:///a/i-1"))
    )

    assert rules(found) == ["DRIFT-TEMPLATE-INPLACE"]
    assert (found[0].kind, found[0].verdict) == (FindingKind.HAZARD, Verdict.HAZARD)
    assert found[0].path == "spec.template.spec.instanceType"
    assert "instanceType, in one-md-0-abc-1" in found[0].chain[0].fact
    assert "m5" not in found[0].chain[0].fact


def test_an_untouched_template_and_one_whose_machines_agree_are_silent() -> None:
    assert judged(*fleet_with(_template(1, instanceType="m5.xlarge"), _cut(instanceType="m5.large"))) == []
    assert judged(*fleet_with(_template(instanceType="m5.large"), _cut(instanceType="m5.large"))) == []


def test_what_a_provider_fills_in_and_what_was_cut_from_another_template_is_no_edit() -> None:
    other = infra_machine(spec={"instanceType": "m5.large"})

    assert judged(*fleet_with(_template(instanceType="m5.xlarge"), other)) == []
    assert judged(*fleet_with(_template(ami={"id": "ami-1"}), _cut(instanceType="m5.large"))) == []


def test_what_the_bootstrap_controller_completes_is_no_edit() -> None:
    template = _template(
        kind="KubeadmConfigTemplate", of=BOOTSTRAP, joinConfiguration={"controlPlane": {"port": 1}}, verbosity=2
    )
    config = _cut("KubeadmConfig", BOOTSTRAP, joinConfiguration={"controlPlane": {"port": 2}}, verbosity=2)

    assert judged(*fleet_with(template, config)) == []
