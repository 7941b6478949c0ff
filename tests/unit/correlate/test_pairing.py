"""Git and a management cluster side by side: every object once, and where it should be.

- there, missing, pending, unreadable
- what no source declares
- what the configuration leaves out
- which revision an object was applied from
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.correlate.pairing import applied_revision
from drift_audit.model.objects import CapiObject
from drift_audit.model.pairing import Membership
from drift_audit.model.views import Gap, View
from tests.builders import capi_object, cluster_key, location
from tests.unit.correlate.fleet import (
    CORE,
    FLUX,
    HEAD,
    OLD,
    OTHER,
    application,
    declared,
    flux_labels,
    git_repository,
    key,
    kustomization,
    listing,
    paired,
    pairing_of,
    rendering,
    source,
    tracking,
    view,
)

CLUSTER = key("Cluster", "eu-1")


def cluster(name: str = "eu-1", namespace: str = "fleet", **changes: Any) -> CapiObject:
    return capi_object("Cluster", name, namespace, **changes)


def inventory(*ids: str, **status: Any) -> dict[str, Any]:
    return {"inventory": {"entries": [{"id": each, "v": "v1beta2"} for each in ids]}, **status}


# There, missing, pending, unreadable


def test_what_is_declared_and_there_is_a_pair() -> None:
    pair = paired(view(cluster()), source(rendering(declared())))[CLUSTER]

    assert pair.membership is Membership.PAIRED
    assert pair.head is pair.applied
    assert (pair.cluster, pair.note) == (cluster_key(), "")
    assert pair.head_is_applied is None


def test_what_is_declared_and_not_there_is_missing() -> None:
    assert paired(view(), source(rendering(declared())))[CLUSTER].membership is Membership.MISSING_LIVE


def test_what_is_new_in_git_waits_to_be_created() -> None:
    new = source(rendering(declared()), rendering(revision=OLD))

    assert paired(view(), new)[CLUSTER].membership is Membership.PENDING_CREATE


@pytest.mark.parametrize("there", [True, False])
def test_what_git_has_removed_waits_to_be_pruned(there: bool) -> None:
    gone = source(rendering(), rendering(declared(), revision=OLD))

    pair = paired(view(*([cluster()] if there else [])), gone)[CLUSTER]

    assert (pair.membership, pair.head) == (Membership.PENDING_DELETE, None)


def test_a_kind_that_could_not_be_listed_proves_nothing() -> None:
    broken = listing(CORE, "Cluster", complete=False, reason="403 Forbidden")

    pair = paired(view(listings=[broken]), source(rendering(declared())))[CLUSTER]

    assert (pair.membership, pair.note) == (Membership.UNREADABLE, "403 Forbidden")


def test_a_kind_that_nobody_asked_for_proves_nothing() -> None:
    unknown = declared("Widget", "a", api_version="example.com/v1")

    pair = paired(view(), source(rendering(unknown)))[unknown.key]

    assert pair.membership is Membership.UNREADABLE
    assert pair.note


def test_a_version_that_is_not_served_cannot_be_compared() -> None:
    old = declared(api_version=f"{CORE}/v1alpha4")

    pair = paired(view(cluster()), source(rendering(old)))[CLUSTER]

    assert (pair.membership, pair.live) == (Membership.UNREADABLE, None)
    assert "API version v1alpha4, which is not served (served: v1beta1, v1beta2)" in pair.note


def test_an_object_is_compared_in_the_version_that_git_uses() -> None:
    old = cluster(api_version=f"{CORE}/v1beta1")
    seen = view(cluster(), other_versions={(CLUSTER, "v1beta1"): old})

    assert paired(seen, source(rendering(declared(api_version=f"{CORE}/v1beta1"))))[CLUSTER].live is old


def test_a_served_version_that_was_not_read_is_said() -> None:
    pair = paired(view(cluster()), source(rendering(declared(api_version=f"{CORE}/v1beta1"))))[CLUSTER]

    assert pair.membership is Membership.UNREADABLE
    assert "was not read in API version v1beta1" in pair.note


def test_an_object_of_a_file_that_could_not_be_read_is_not_removed() -> None:
    both = source(rendering(broken=True), rendering(declared(), revision=OLD))

    assert paired(view(cluster()), both)[CLUSTER].membership is Membership.PAIRED
    assert paired(view(), both)[CLUSTER].membership is Membership.MISSING_LIVE


def test_an_object_that_may_be_new_is_not_missing() -> None:
    both = source(rendering(declared()), rendering(revision=OLD, broken=True))

    assert paired(view(cluster()), both)[CLUSTER].membership is Membership.PAIRED
    assert paired(view(), both)[CLUSTER].membership is Membership.PENDING_CREATE


def test_a_head_that_could_not_be_read_at_all_removes_nothing() -> None:
    blind = source(None, rendering(declared(), revision=OLD))

    assert paired(view(cluster()), blind)[CLUSTER].membership is Membership.PAIRED


def test_an_object_without_a_name_of_its_own_is_in_no_pair() -> None:
    assert paired(view(), source(rendering(declared(generate_name=True)))) == {}


def test_a_cluster_scoped_object_loses_the_namespace_that_git_gives_it() -> None:
    identity = capi_object("AWSClusterRoleIdentity", "audit", "", api_version=f"infrastructure.{CORE}/v1beta2")
    scoped = listing(f"infrastructure.{CORE}", "AWSClusterRoleIdentity", namespaced=False)
    git = declared("AWSClusterRoleIdentity", "audit", "fleet", api_version=f"infrastructure.{CORE}/v1beta2")

    assert (
        paired(view(identity, listings=[scoped]), source(rendering(git)))[identity.key].membership is Membership.PAIRED
    )


@pytest.mark.parametrize(
    ("written", "applied"), [("", "fleet"), ("elsewhere", "fleet")], ids=["no namespace", "another namespace"]
)
def test_flux_puts_its_target_namespace_on_everything(written: str, applied: str) -> None:
    owner = kustomization(spec={"targetNamespace": applied})
    git = declared("Cluster", "eu-1", written)

    found = paired(view(cluster(), owner, git_repository()), source(rendering(git)))

    assert found[CLUSTER].membership is Membership.PAIRED


def test_of_an_object_that_two_sources_declare_the_first_counts() -> None:
    one, two = source(rendering(declared())), source(rendering(declared(source="other")), source="other")

    (pair,) = pairing_of(view(cluster()), one, two).pairs

    assert pair.head is not None
    assert pair.head.source == "fleet"


def test_sources_of_other_management_clusters_are_left_alone() -> None:
    assert paired(view(), source(rendering(declared()), management_cluster="other")) == {}


# What no source declares


def test_an_object_that_git_does_not_know_is_unmanaged() -> None:
    assert paired(view(cluster()), source(rendering()))[CLUSTER].membership is Membership.UNMANAGED


@pytest.mark.parametrize(
    "sources",
    [(), (source(None),), (source(rendering(broken=True)),), (source(rendering()), source(None, source="other"))],
    ids=["no Git", "unreadable", "read in part", "one of two unreadable"],
)
def test_while_git_was_not_read_wholly_nothing_is_unmanaged(sources: Any) -> None:
    assert paired(view(cluster()), *sources) == {}


MADE = [
    ("Machine", CORE, {"ownerReferences": [{"kind": "MachineSet", "name": "x", "controller": True}]}),
    ("MachineSet", CORE, {"ownerReferences": [{"kind": "MachineDeployment", "name": "x", "controller": True}]}),
    ("KubeadmConfig", f"bootstrap.{CORE}", {"ownerReferences": [{"kind": "Machine", "name": "x", "controller": True}]}),
    ("IPAddress", f"ipam.{CORE}", {"ownerReferences": [{"kind": "IPAddressClaim", "name": "x"}]}),
    ("ClusterResourceSetBinding", f"addons.{CORE}", {"ownerReferences": [{"kind": "ClusterResourceSet", "name": "x"}]}),
]


@pytest.mark.parametrize(("kind", "group", "metadata"), MADE)
def test_what_controllers_make_is_not_unmanaged(kind: str, group: str, metadata: Any) -> None:
    live = capi_object(kind, "a", api_version=f"{group}/v1beta2", metadata=metadata)

    assert paired(view(live), source(rendering()))[live.key].membership is Membership.DERIVED


@pytest.mark.parametrize(
    ("kind", "name", "api_version", "metadata"),
    [
        ("Provider", "aws", f"clusterctl.{CORE}/v1alpha3", {}),
        ("CoreProvider", "core", f"operator.{CORE}/v1alpha2", {}),
        ("AWSClusterControllerIdentity", "default", f"infrastructure.{CORE}/v1beta2", {}),
        ("ExtensionConfig", "x", f"runtime.{CORE}/v1beta2", {"labels": {"cluster.x-k8s.io/provider": "runtime-x"}}),
        ("Secret", "eu-1-kubeconfig", "v1", {}),
        ("Deployment", "some", "apps/v1", {}),
    ],
)
def test_installers_and_other_groups_are_no_part_of_the_fleet(
    kind: str, name: str, api_version: str, metadata: Any
) -> None:
    live = capi_object(kind, name, api_version=api_version, metadata=metadata)

    assert paired(view(live), source(rendering())) == {}


@pytest.mark.parametrize(
    "metadata",
    [
        {"labels": {"helm.toolkit.fluxcd.io/name": "a", "helm.toolkit.fluxcd.io/namespace": "b"}},
        {
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": "a", "meta.helm.sh/release-namespace": "b"},
        },
    ],
)
def test_what_another_tool_declares_is_unread_and_not_unmanaged(metadata: Any) -> None:
    release = capi_object("HelmRelease", "a", "b", api_version="helm.toolkit.fluxcd.io/v2")

    pair = paired(view(cluster(metadata=metadata), release), source(rendering()))[CLUSTER]

    assert pair.membership is Membership.UNREADABLE
    assert "not part of this audit" in pair.note


def test_what_an_unconfigured_kustomization_applies_is_unread() -> None:
    owner = kustomization(status=inventory(f"fleet_eu-1_{CORE}_Cluster"))
    elsewhere = git_repository(url="https://git.example.com/other/repo.git")

    pair = paired(view(cluster(metadata=flux_labels()), owner, elsewhere), source(rendering()))[CLUSTER]

    assert pair.membership is Membership.UNREADABLE
    assert "not part of this audit" in pair.note


def test_what_a_kustomization_still_lists_and_git_has_not_is_waiting_to_be_pruned() -> None:
    owner = kustomization(status=inventory(f"fleet_eu-1_{CORE}_Cluster"))

    pair = paired(view(cluster(metadata=flux_labels()), owner, git_repository()), source(rendering()))[CLUSTER]

    assert pair.membership is Membership.PENDING_DELETE
    assert "still lists it" in pair.note


def test_what_a_kustomization_may_have_generated_is_not_removed_from_git() -> None:
    owner = kustomization(spec={"components": ["../x"]}, status=inventory(f"fleet_eu-1_{CORE}_Cluster"))

    pair = paired(view(cluster(metadata=flux_labels()), owner, git_repository()), source(rendering()))[CLUSTER]

    assert pair.membership is Membership.UNREADABLE


def test_what_a_kustomization_outside_the_configured_path_applies_is_unread() -> None:
    owner = kustomization(spec={"path": "./other"}, status=inventory(f"fleet_eu-1_{CORE}_Cluster"))

    pair = paired(view(cluster(metadata=flux_labels()), owner, git_repository()), source(rendering()))[CLUSTER]

    assert pair.membership is Membership.UNREADABLE


def test_a_mark_of_a_tool_that_is_gone_was_left_behind() -> None:
    pair = paired(view(cluster(metadata=flux_labels("old"))), source(rendering()))[CLUSTER]

    assert pair.membership is Membership.LEFT_BEHIND
    assert "does not exist" in pair.note


def test_a_mark_of_a_tool_that_does_not_list_the_object_was_left_behind() -> None:
    owner = kustomization(status=inventory(f"fleet_other_{CORE}_Cluster"))

    pair = paired(view(cluster(metadata=flux_labels()), owner), source(rendering()))[CLUSTER]

    assert pair.membership is Membership.LEFT_BEHIND


@pytest.mark.parametrize(
    "changes",
    [{"namespaces": ("fleet",)}, {"listings": (listing(FLUX, "Kustomization", complete=False, reason="403"),)}],
    ids=["other namespace", "forbidden"],
)
def test_a_mark_of_a_tool_that_could_not_be_seen_proves_nothing(changes: Any) -> None:
    pair = paired(view(cluster(metadata=flux_labels()), **changes), source(rendering()))[CLUSTER]

    assert pair.membership is Membership.UNREADABLE


def test_a_stale_mark_proves_nothing_while_git_is_half_read() -> None:
    half = replace(source(rendering()), gaps=(Gap(view=View.GIT, scope="fleet", subject="", reason="503", remedy="-"),))

    for unread in (half, replace(half, head=None)):
        pair = paired(view(cluster(metadata=flux_labels("old"))), unread)[CLUSTER]

        assert pair.membership is Membership.UNREADABLE
        assert "does not exist" in pair.note


def test_a_stale_mark_on_a_declared_object_is_noted() -> None:
    owner = kustomization(status=inventory(f"fleet_other_{CORE}_Cluster"))

    pair = paired(view(cluster(metadata=flux_labels()), owner), source(rendering(declared())))[CLUSTER]

    assert pair.membership is Membership.PAIRED
    assert "inventory does not list it" in pair.note


def test_a_live_mark_on_a_declared_object_is_not_noted() -> None:
    owner = kustomization(status=inventory(f"fleet_eu-1_{CORE}_Cluster"))

    pair = paired(view(cluster(metadata=flux_labels()), owner), source(rendering(declared())))[CLUSTER]

    assert pair.note == ""
    assert pair.delivery is not None


# What the configuration leaves out


def test_declarations_of_other_namespaces_are_not_part_of_the_audit() -> None:
    git = source(rendering(declared(), declared(name="us-1", namespace="other")))

    assert set(paired(view(cluster(), namespaces=("fleet",)), git)) == {CLUSTER}


def test_what_the_label_selector_excludes_is_not_missing() -> None:
    other = key("Cluster", "us-1")
    deployment = declared("MachineDeployment", "us-1-md-0", spec={"clusterName": "us-1"})
    git = source(rendering(declared(), declared(name="us-1"), deployment))

    assert set(paired(view(cluster(), left_out=frozenset({other})), git)) == {CLUSTER}


def test_what_may_belong_to_an_unselected_cluster_is_not_called_unmanaged() -> None:
    template = capi_object("AWSMachineTemplate", "some-md-0", api_version=f"infrastructure.{CORE}/v1beta2")
    other = key("Cluster", "us-1")

    whole = paired(view(cluster(), template), source(rendering(declared())))
    narrowed = paired(view(cluster(), template, left_out=frozenset({other})), source(rendering(declared())))

    assert whole[template.key].membership is Membership.UNMANAGED
    assert template.key not in narrowed


# Which revision an object was applied from


def sides(*revisions: str) -> Any:
    old = declared(spec={"paused": True})
    return source(rendering(declared()), rendering(old, revision=OLD) if OLD in revisions else None)


@pytest.mark.parametrize(
    ("applied", "known", "is_head", "has_applied"),
    [
        (HEAD, (HEAD,), True, True),
        (OLD, (HEAD, OLD), False, True),
        (HEAD, (HEAD, OLD), True, True),
        (OTHER, (HEAD, OLD), False, False),
        (OTHER, (HEAD,), False, False),
        ("", (HEAD,), None, True),
        ("", (HEAD, OLD), False, True),
    ],
)
def test_each_object_is_compared_with_what_its_own_delivery_applied(
    applied: str, known: tuple[str, ...], is_head: bool | None, has_applied: bool
) -> None:
    owner = kustomization(status={"lastAppliedRevision": f"main@sha1:{applied}" if applied else ""})

    pair = paired(view(cluster(metadata=flux_labels()), owner, git_repository()), sides(*known))[CLUSTER]

    assert pair.head_is_applied is is_head
    assert (pair.applied is not None) is has_applied
    if has_applied and is_head is False:
        assert pair.applied is not None
        assert pair.applied.raw["spec"] == {"paused": True}


def test_a_missing_object_of_a_delivery_that_lags_behind_is_pending() -> None:
    owner = kustomization(status={"lastAppliedRevision": f"main@sha1:{OTHER}"})

    pair = paired(view(owner, git_repository()), source(rendering(declared())))[CLUSTER]

    assert pair.membership is Membership.PENDING_CREATE
    assert pair.delivery is not None


def test_the_applied_revision_is_asked_of_the_tools_themselves() -> None:
    owner = kustomization(status={"lastAppliedRevision": f"main@sha1:{OLD}"})

    assert applied_revision(view(owner, git_repository()), source(rendering(declared()))) == OLD
    assert applied_revision(view(owner), source(rendering(declared()))) == ""
    assert applied_revision(view(owner, cluster(metadata=flux_labels())), source(rendering(declared()))) == OLD
    assert applied_revision(view(), source(rendering(declared()))) == ""
    assert applied_revision(view(owner, git_repository()), source(None)) == ""


def test_of_several_answers_the_most_common_counts() -> None:
    behind = kustomization("behind", spec={"path": "clusters/us"}, status={"lastAppliedRevision": f"main@sha1:{OLD}"})
    git = rendering(
        declared(name="us-1", location=location("clusters/us/one.yaml")),
        declared(name="eu-1", location=location("clusters/eu/one.yaml")),
        declared(name="eu-2", location=location("clusters/eu/two.yaml")),
    )

    assert applied_revision(view(kustomization(), behind, git_repository()), source(git)) == HEAD


def test_the_nearest_kustomization_applies_a_file() -> None:
    behind = kustomization("behind", spec={"path": "clusters/us"}, status={"lastAppliedRevision": f"main@sha1:{OLD}"})
    us = declared(name="us-1", location=location("clusters/us/one.yaml"))

    pair = paired(view(kustomization(), behind, git_repository()), source(rendering(us)))[key("Cluster", "us-1")]

    assert pair.delivery is not None
    assert pair.delivery.object.name == "behind"


def test_between_two_equally_near_nobody_is_named() -> None:
    twin = kustomization("twin")

    pair = paired(view(kustomization(), twin, git_repository()), source(rendering(declared())))[CLUSTER]

    assert pair.delivery is None


def test_the_mark_on_the_object_goes_before_the_path() -> None:
    other = kustomization("other", spec={"path": "somewhere/else"})
    live = cluster(metadata=flux_labels("other"))

    pair = paired(view(live, kustomization(), other, git_repository()), source(rendering(declared())))[CLUSTER]

    assert pair.delivery is not None
    assert pair.delivery.object.name == "other"


def test_argo_cd_marks_are_followed_too() -> None:
    live = cluster(metadata=tracking(cluster()))

    pair = paired(view(live, application()), source(rendering(declared())))[CLUSTER]

    assert pair.delivery is not None
    assert pair.delivery.tool == "Argo CD"


# Since when a change waits


def test_a_pair_waits_since_its_own_file_changed() -> None:
    head = replace(rendering(declared()), changed_at={declared().location.file: "2026-11-01T00:00:00Z"})

    pair = paired(view(cluster()), source(head))[CLUSTER]

    assert pair.head_committed_at == "2026-11-01T00:00:00Z"


def test_a_removed_object_waits_since_its_removal() -> None:
    removed = {declared().location.file: "2026-11-01T00:00:00Z"}
    head = replace(rendering(), changed_at=removed)

    pair = paired(view(cluster()), source(head, rendering(declared(), revision=OLD)))[CLUSTER]

    assert (pair.membership, pair.head_committed_at) == (Membership.PENDING_DELETE, "2026-11-01T00:00:00Z")


def test_without_a_history_a_pair_waits_since_the_head_was_committed() -> None:
    pair = paired(view(cluster()), source(rendering(declared())))[CLUSTER]

    assert pair.head_committed_at == "2026-11-20T00:00:00Z"
