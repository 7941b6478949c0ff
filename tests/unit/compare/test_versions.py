"""Owners noted in another API version than the one Git uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from drift_audit.compare.versions import NEW, OLD, ROWS
from drift_audit.model.comparison import LeafOutcome as Is
from drift_audit.model.keys import FieldPath, ItemKey
from drift_audit.model.values import Json
from tests.conftest import required_parts
from tests.rig.crds import EVERYTHING, load_crds
from tests.unit.compare.sides import applied, declared, entry, live_object
from tests.unit.compare.views import compared, told

CORE = "cluster.x-k8s.io"


@pytest.fixture(scope="module")
def fields_of() -> dict[tuple[str, str], set[str]]:
    """Every field of every CRD of Cluster API by (kind, version), items of lists and maps as `*`."""
    with required_parts():
        crds = load_crds(EVERYTHING)
    return {
        (crd["spec"]["names"]["kind"], version["name"]): set(_fields(version["schema"]["openAPIV3Schema"], ""))
        for crd in crds
        if crd["spec"]["group"] in (CORE, f"bootstrap.{CORE}", f"controlplane.{CORE}")
        for version in crd["spec"]["versions"]
    }


def _fields(schema: Any, at: str) -> Iterator[str]:
    yield at.removeprefix(".")
    for name, below in schema.get("properties", {}).items():
        yield from _fields(below, f"{at}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _fields(schema[key], f"{at}.*")


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_every_row_names_a_field_of_each_version_that_the_other_lacks(
    kind: str, fields_of: dict[tuple[str, str], set[str]]
) -> None:
    for old, new in ROWS[kind]:
        assert old in fields_of[kind, OLD], old
        assert new in fields_of[kind, NEW], new
        assert old not in fields_of[kind, NEW], old
        assert new not in fields_of[kind, OLD], new


@pytest.mark.parametrize("kind", sorted(ROWS))
@pytest.mark.parametrize("side", [0, 1], ids=[OLD, NEW])
def test_no_two_rows_are_about_one_field(kind: str, side: int) -> None:
    paths = [f"{row[side]}." for row in ROWS[kind]]

    assert [one for one in paths for other in paths if one != other and one.startswith(other)] == []
    assert len(set(paths)) == len(paths)


def told_of(
    kind: str, version: str, git: Any, live: Any, path: FieldPath, *, by: str, group: str = CORE
) -> dict[str, Is]:
    """What is found when a person wrote `path` in the version `by`, and Git uses `version`."""
    api_version = f"{group}/{version}"
    edit = entry("kubectl-edit", path, api_version=f"{group}/{by}")
    found = live_object(live, [applied(api_version=api_version), edit], kind=kind, api_version=api_version)
    return told(compared(declared(git, kind=kind, api_version=api_version), found))


@pytest.mark.parametrize(
    ("version", "by", "git", "live", "path", "expected"),
    [
        (
            OLD, NEW,
            {"topology": {"class": "a"}}, {"topology": {"class": "b"}},
            ("spec", "topology", "classRef", "name"), {"spec.topology.class": Is.CHANGED_OOB},
        ),
        (
            NEW, OLD,
            {"topology": {"classRef": {"name": "a"}}}, {"topology": {"classRef": {"name": "b"}}},
            ("spec", "topology", "class"), {"spec.topology.classRef.name": Is.CHANGED_OOB},
        ),
        (
            OLD, NEW,
            {}, {"topology": {"controlPlane": {"nodeDrainTimeout": "10m0s"}}},
            ("spec", "topology", "controlPlane", "deletion", "nodeDrainTimeoutSeconds"),
            {"spec.topology.controlPlane.nodeDrainTimeout": Is.EXTRA_OOB},
        ),
        (
            OLD, NEW,
            {"infrastructureRef": {"apiVersion": "i/v1", "name": "a"}},
            {"infrastructureRef": {"apiVersion": "j/v1", "name": "a"}},
            ("spec", "infrastructureRef", "apiGroup"), {"spec.infrastructureRef.apiVersion": Is.CHANGED_OOB},
        ),
    ],
)  # fmt: skip
def test_an_edit_in_the_other_version_is_attributed(
    version: str, by: str, git: Any, live: Any, path: FieldPath, expected: Any
) -> None:
    assert told_of("Cluster", version, git, live, path, by=by) == expected


def test_fields_below_a_moved_one_and_items_of_lists_move_along() -> None:
    name = ItemKey.of({"name": "md-0"})
    base: FieldPath = ("spec", "topology", "workers", "machineDeployments", name)
    path = (*base, "healthCheck", "remediation", "templateRef", "name")
    live = {
        "topology": {
            "workers": {
                "machineDeployments": [{"name": "md-0", "machineHealthCheck": {"remediationTemplate": {"name": "b"}}}]
            }
        }
    }
    schema: Json = {
        "properties": {
            "spec": {
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {
                    "topology": {
                        "properties": {
                            "workers": {
                                "properties": {
                                    "machineDeployments": {
                                        "x-kubernetes-list-type": "map",
                                        "x-kubernetes-list-map-keys": ["name"],
                                        "items": {"x-kubernetes-preserve-unknown-fields": True},
                                    }
                                }
                            }
                        }
                    }
                },
            }
        }
    }
    found = live_object(
        live,
        [applied(api_version=f"{CORE}/{OLD}"), entry("kubectl-edit", path, api_version=f"{CORE}/{NEW}")],
        kind="Cluster",
        api_version=f"{CORE}/{OLD}",
    )

    comparison = compared(declared({}, kind="Cluster", api_version=f"{CORE}/{OLD}"), found, schema=schema)

    assert set(told(comparison).values()) == {Is.EXTRA_OOB}


ARGS: FieldPath = ("spec", "kubeadmConfigSpec", "clusterConfiguration", "apiServer", "extraArgs")


def config(extra_args: Any) -> Any:
    return {"kubeadmConfigSpec": {"clusterConfiguration": {"apiServer": {"extraArgs": extra_args}}}}


def test_arguments_are_a_map_in_the_old_version_and_a_list_in_the_new() -> None:
    group = f"controlplane.{CORE}"
    item = ItemKey.of({"name": "v", "value": "4"})

    old = told_of(
        "KubeadmControlPlane", OLD, config({"v": "2"}), config({"v": "4"}), (*ARGS, item), by=NEW, group=group
    )

    assert old == {"spec.kubeadmConfigSpec.clusterConfiguration.apiServer.extraArgs.v": Is.CHANGED_OOB}


def test_entries_of_the_same_version_stay_as_they_are() -> None:
    assert told_of(
        "Cluster",
        OLD,
        {"topology": {"class": "a"}},
        {"topology": {"class": "b"}},
        ("spec", "topology", "class"),
        by=OLD,
    ) == {"spec.topology.class": Is.CHANGED_OOB}


def test_versions_of_other_groups_are_left_alone() -> None:
    found = told_of(
        "Cluster", OLD, {"topology": {"class": "a"}}, {"topology": {"class": "b"}},
        ("spec", "topology", "classRef", "name"), by=NEW, group="example.com",
    )  # fmt: skip

    assert found == {"spec.topology.class": Is.CHANGED_UNATTRIBUTED}
