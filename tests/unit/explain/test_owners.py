"""Which team can act: the nearest word to the object counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.config.settings import NamespaceOwner, OwnerSettings
from drift_audit.explain.owners import with_owners
from drift_audit.model.findings import Finding
from drift_audit.model.keys import CloudScope
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.values import Json
from drift_audit.model.views import CloudScopeView, ClusterView, GitSourceView, Rendering, Views
from tests.builders import (
    capi_object,
    cloud_resource,
    declaration,
    declared_at,
    finding,
    location,
    object_ref,
    resource_key,
)

REPO = "https://git.example.com/platform/fleet.git"
REVISION = "8c1f2ab0" * 5
CODEOWNERS = "* @org/all\n/clusters/ @org/fleet @org/ops\n"
CORE = "cluster.x-k8s.io/v1beta2"


def live(kind: str, name: str, owner: CapiObject | None = None, **metadata: Any) -> CapiObject:
    owners: list[Json] = (
        [{"apiVersion": CORE, "kind": owner.kind, "name": owner.name, "controller": True}] if owner else []
    )
    return capi_object(kind, name, metadata={**metadata, "ownerReferences": owners})


def fleet(cluster: dict[str, Any] | None = None, machine: dict[str, Any] | None = None) -> list[CapiObject]:
    """A Cluster, its MachineDeployment, and a Machine of that."""
    head = live("Cluster", "eu-1", **(cluster or {}))
    deployment = live("MachineDeployment", "md", head)
    return [head, deployment, live("Machine", "m", deployment, **(machine or {}))]


def of_machine(**changes: Any) -> Finding:
    return finding(**{"object": object_ref("Machine", "m", api_version=CORE), "resource": None, **changes})


def owner(
    about: Finding,
    *objects: CapiObject,
    declarations: tuple[Declaration, ...] = (),
    codeowners: str = "",
    settings: OwnerSettings | None = None,
    **views: Any,
) -> str:
    head = Rendering(revision=REVISION, renderer="plain", declarations=declarations, codeowners=codeowners)
    git = GitSourceView(
        management_cluster="prod",
        source="fleet",
        repo=REPO,
        ref="main",
        path=".",
        flavor="kubectl",
        applier="",
        head=head,
    )
    view = ClusterView(management_cluster="prod", server_version="", objects={one.key: one for one in objects})
    (told,) = with_owners([about], Views(git=(git,), clusters=(view,), **views), settings or OwnerSettings())
    return told.owner


@pytest.mark.parametrize(
    ("cluster", "machine", "team"),
    [
        ({}, {}, ""),
        ({"labels": {"team": "red"}}, {}, "red"),
        ({"labels": {"team": "red"}}, {"labels": {"team": "blue"}}, "blue"),
        ({"labels": {"team": "red"}}, {"annotations": {"a8r.io/owner": "@blue"}}, "@blue"),
        ({"labels": {"team": "red"}}, {"labels": {"team": " "}}, "red"),
        ({}, {"labels": {"owner": "o", "team": "t"}}, "t"),
        ({}, {"labels": {"app.kubernetes.io/managed-by": "Helm"}}, ""),
    ],
)
def test_the_nearest_label_or_annotation_counts(cluster: dict[str, Any], machine: dict[str, Any], team: str) -> None:
    assert owner(of_machine(), *fleet(cluster, machine)) == team


def test_the_keys_can_be_chosen() -> None:
    objects = fleet({"labels": {"team": "red", "squad": "s"}})

    assert owner(of_machine(), *objects, settings=OwnerSettings(keys=("squad",))) == "s"


def test_the_first_rule_for_a_namespace_counts_after_labels() -> None:
    rules = OwnerSettings(
        namespaces=(
            NamespaceOwner(namespace="fleet", management_cluster="stage", owner="lab"),
            NamespaceOwner(namespace="fl*", owner="platform"),
            NamespaceOwner(namespace="*", owner="rest"),
        )
    )

    assert owner(of_machine(), *fleet(), settings=rules) == "platform"
    assert owner(of_machine(), *fleet({"labels": {"team": "red"}}), settings=rules) == "red"


def test_codeowners_of_what_declares_the_object_or_what_it_belongs_to() -> None:
    declared = declaration("MachineDeployment", "md", location=location("clusters/eu-1.yaml"))

    assert owner(of_machine(), *fleet(), declarations=(declared,), codeowners=CODEOWNERS) == "@org/fleet, @org/ops"
    off = OwnerSettings(codeowners=False)
    assert owner(of_machine(), *fleet(), declarations=(declared,), codeowners=CODEOWNERS, settings=off) == ""


def test_the_place_of_the_finding_names_an_owner_too() -> None:
    about = of_machine(declared_at=declared_at("apps/a.yaml", repo=REPO, revision=REVISION))

    assert owner(about, *fleet(), codeowners=CODEOWNERS) == "@org/all"
    elsewhere = replace(about, declared_at=declared_at("apps/a.yaml", repo="other"))
    assert owner(elsewhere, *fleet(), codeowners=CODEOWNERS) == ""


def test_a_leftover_is_its_tags_or_its_clusters() -> None:
    orphan = of_machine(object=None, resource=resource_key(id="i-1"))
    scope = CloudScope("aws", "123456789012", "eu-west-1")
    tagged = CloudScopeView(
        scope=scope,
        identity=scope.account,
        resources={("instance", "i-1"): cloud_resource(id="i-1", tags={"team": "green"})},
    )

    assert owner(orphan, *fleet({"labels": {"team": "red"}}), clouds=(tagged,)) == "green"
    assert owner(orphan, *fleet({"labels": {"team": "red"}})) == "red"
    assert owner(of_machine(object=None, cluster=None, resource=None)) == ""


def test_who_is_named_already_stays() -> None:
    assert owner(of_machine(owner="me"), *fleet({"labels": {"team": "red"}})) == "me"


def test_owners_in_a_circle_end() -> None:
    one, two = live("Machine", "m"), live("MachineSet", "s")
    circle = [live("Machine", "m", two), live("MachineSet", "s", one)]

    assert owner(of_machine(cluster=None), *circle) == ""


def test_an_object_that_is_gone_is_its_clusters() -> None:
    assert owner(of_machine(), *fleet({"labels": {"team": "red"}})[:1]) == "red"
