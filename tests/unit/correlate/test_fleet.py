"""Which workload cluster an object belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.correlate.fleet import Fleet, is_capi
from tests.builders import capi_object, cluster_key, declaration
from tests.unit.correlate.fleet import CORE, declared, view

INFRA = f"infrastructure.{CORE}"


@pytest.mark.parametrize(
    ("group", "capi"),
    [(CORE, True), (INFRA, True), ("", False), ("apps", False), ("notcluster.x-k8s.io", False), ("x-k8s.io", False)],
)
def test_the_groups_of_cluster_api(group: str, capi: bool) -> None:
    assert is_capi(group) is capi


CLUSTER = capi_object(
    "Cluster", "eu-1", spec={"infrastructureRef": {"apiGroup": INFRA, "kind": "AWSCluster", "name": "network"}}
)


@pytest.mark.parametrize(
    ("kind", "name", "given"),
    [
        ("Cluster", "eu-1", {}),
        ("Machine", "a", {"metadata": {"labels": {f"{CORE}/cluster-name": "eu-1"}}}),
        ("MachineDeployment", "a", {"spec": {"clusterName": "eu-1"}}),
        ("AWSMachineTemplate", "a", {"metadata": {"ownerReferences": [{"kind": "Cluster", "name": "eu-1"}]}}),
        ("AWSCluster", "network", {"api_version": f"{INFRA}/v1beta2"}),
    ],
)
def test_an_object_belongs_to_the_cluster_that_it_names(kind: str, name: str, given: Any) -> None:
    live = capi_object(kind, name, **given)

    assert Fleet(view(CLUSTER, live), {}).cluster_of(live.key, live.raw) == cluster_key()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"metadata": {"labels": {f"{CORE}/cluster-name": "unknown"}}},
        {"namespace": "elsewhere", "spec": {"clusterName": "eu-1"}},
    ],
)
def test_an_object_that_names_no_cluster_of_the_fleet_belongs_to_none(given: Any) -> None:
    live = capi_object("MachineDeployment", "a", **given)

    assert Fleet(view(CLUSTER), {}).cluster_of(live.key, live.raw) is None


def test_an_object_is_known_by_the_cluster_that_it_names_even_when_that_is_not_there() -> None:
    deployment = declaration(spec={"clusterName": "us-1"})

    named = Fleet(view(CLUSTER), {}).named_cluster(deployment.key, deployment.raw)

    assert named == cluster_key("us-1")


def test_a_cluster_that_is_only_declared_counts() -> None:
    git = declared()
    deployment = declaration(spec={"clusterName": "eu-1"})

    assert Fleet(view(), {git.key: git}).cluster_of(deployment.key, deployment.raw) == cluster_key()
