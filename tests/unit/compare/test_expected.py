"""Changes that are somebody's job, and where their job ends."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.comparison import LeafOutcome as Is
from drift_audit.model.keys import FieldPath
from tests.unit.compare.sides import applied, declared, entry, found, live_object, outcomes, pair, the_leaf

REPLICAS: FieldPath = ("spec", "replicas")
MIN = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"
MAX = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"


def scaled(
    live: int, band: dict[str, str], manager: str = "cluster-autoscaler", subresource: str = "scale", **kinds: str
) -> dict[str, Is]:
    kind = kinds.get("kind", "MachineDeployment")
    made = pair(
        declared({"replicas": 3}, kind=kind, annotations=band),
        live_object(
            {"replicas": live},
            [applied(), entry(manager, REPLICAS, subresource=subresource)],
            kind=kind,
            annotations=band,
        ),
    )
    return found(made)


@pytest.mark.parametrize("live", [2, 7, 10])
@pytest.mark.parametrize("kind", ["MachineDeployment", "MachineSet", "MachinePool"])
def test_inside_the_band_the_autoscaler_decides(live: int, kind: str) -> None:
    assert scaled(live, {MIN: "2", MAX: "10"}, kind=kind) == {"spec.replicas": Is.CHANGED_EXPECTED}


@pytest.mark.parametrize("live", [1, 11])
def test_outside_the_band_it_does_not(live: int) -> None:
    assert scaled(live, {MIN: "2", MAX: "10"}) == {"spec.replicas": Is.CHANGED_BY_CONTROLLER}


@pytest.mark.parametrize(
    "band", [{}, {MIN: "2"}, {MAX: "9"}, {MIN: "two", MAX: "9"}, {MIN: "", MAX: "9"}, {MIN: "²", MAX: "9"}]
)
def test_without_both_numbers_no_autoscaler_is_in_charge(band: dict[str, str]) -> None:
    assert scaled(7, band) == {"spec.replicas": Is.CHANGED_BY_CONTROLLER}


def test_whoever_scales_inside_the_band_does_what_git_allows() -> None:
    assert scaled(7, {MIN: "2", MAX: "10"}, manager="kubectl") == {"spec.replicas": Is.CHANGED_EXPECTED}


def test_an_edit_of_the_object_is_an_edit_even_inside_the_band() -> None:
    assert scaled(7, {MIN: "2", MAX: "10"}, "kubectl-edit", "") == {"spec.replicas": Is.CHANGED_OOB}


def test_other_kinds_have_no_band() -> None:
    assert scaled(7, {MIN: "2", MAX: "10"}, kind="KubeadmControlPlane") == {"spec.replicas": Is.CHANGED_BY_CONTROLLER}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("external", Is.CHANGED_EXPECTED), ("true", Is.CHANGED_EXPECTED), ("false", Is.CHANGED_BY_CONTROLLER)],
)
def test_a_pool_whose_replicas_somebody_else_manages(value: str, expected: Is) -> None:
    managed = {"cluster.x-k8s.io/replicas-managed-by": value}
    live = live_object(
        {"replicas": 7}, [applied(), entry("manager", REPLICAS)], kind="MachinePool", annotations=managed
    )

    made = pair(declared({"replicas": 3}, kind="MachinePool", annotations=managed), live)

    assert found(made) == {"spec.replicas": expected}


@pytest.mark.parametrize(
    ("path", "git", "live", "who", "expected"),
    [
        (("spec", "controlPlaneEndpoint", "host"), "", "10.0.0.1", "manager", Is.EQUAL_NORMALISED),
        (("spec", "controlPlaneEndpoint", "port"), 0, 6443, "manager", Is.EQUAL_NORMALISED),
        (("spec", "controlPlaneEndpoint", "host"), "10.0.0.9", "10.0.0.1", "manager", Is.CHANGED_BY_CONTROLLER),
        (("spec", "controlPlaneEndpoint", "host"), "", "10.0.0.1", "kubectl-edit", Is.CHANGED_OOB),
        (("spec", "other", "host"), "", "10.0.0.1", "manager", Is.CHANGED_BY_CONTROLLER),
        (("spec", "infrastructureRef", "apiVersion"), "i/v1beta1", "i/v1beta2", "manager", Is.EQUAL_NORMALISED),
        (("spec", "infrastructureRef", "apiVersion"), "i/v1beta1", "j/v1beta2", "manager", Is.CHANGED_BY_CONTROLLER),
        (("spec", "infrastructureRef", "apiVersion"), "i/v1beta1", "i/v1beta2", "kubectl-edit", Is.CHANGED_OOB),
    ],
)
def test_what_controllers_fill_in(path: tuple[str, str, str], git: Any, live: Any, who: str, expected: Is) -> None:
    first, part, name = path
    assert first == "spec"
    made = pair(declared({part: {name: git}}), live_object({part: {name: live}}, [applied(), entry(who, path)]))

    assert outcomes(made)[f"spec.{part}.{name}"] is expected


def test_a_value_with_two_writers_names_the_rule() -> None:
    band = {MIN: "2", MAX: "10"}
    live = live_object(
        {"replicas": 7},
        [applied(), entry("cluster-autoscaler", REPLICAS, subresource="scale")],
        kind="MachineDeployment",
        annotations=band,
    )

    leaf = the_leaf(pair(declared({"replicas": 3}, kind="MachineDeployment", annotations=band), live), "spec.replicas")

    assert leaf.rule == "autoscaler-band"
    assert leaf.actor is not None
    assert leaf.actor.who == "cluster-autoscaler"


def test_replicas_that_the_band_forbids_are_an_edit_although_nobody_owns_them() -> None:
    band = {MIN: "1", MAX: "9"}
    outside = live_object({"replicas": 50}, [applied()], kind="MachineDeployment", annotations=band)
    inside = live_object({"replicas": 8}, [applied()], kind="MachineDeployment", annotations=band)
    git = declared({}, kind="MachineDeployment", annotations=band)

    assert found(pair(git, outside)) == {"spec.replicas": Is.EXTRA_OOB}
    assert found(pair(git, inside)) == {}
