"""A dependency that watches nothing is told: where it stands, and what may have been meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drift_audit.classify.unserved import unserved_gaps
from drift_audit.config.settings import Config, Dependency
from drift_audit.model.views import ClusterView, Gap, KindListing, ScopeStatus, View

HOST = Dependency(name="host", kind="BareMetlHost", group="metal3.io", ready="status.ok")
CONFIG = Config(management_clusters=(), dependencies=(HOST,), dependency_places=("drift-audit.yaml:12",))
NAME = (HOST.group, HOST.kind)


def listing(*served: str, complete: bool = True, alike: tuple[str, ...] = ()) -> KindListing:
    return KindListing(
        group=HOST.group,
        kind=HOST.kind,
        plural="",
        version="",
        served=served,
        namespaced=True,
        complete=complete,
        alike=alike,
    )


SOMETHING = replace(listing("v1"), group="cluster.x-k8s.io", kind="Cluster")


def view(found: KindListing | None, name: str = "prod", *, read: bool = True) -> ClusterView:
    kinds = {("cluster.x-k8s.io", "Cluster"): SOMETHING} if read else {}
    kinds |= {NAME: found} if found else {}
    return ClusterView(management_cluster=name, server_version="", objects={}, kinds=kinds)


def gaps(*views: ClusterView, config: Config = CONFIG) -> list[Gap]:
    return list(unserved_gaps(views, config))


def test_a_kind_that_nobody_serves_is_told_once_with_its_line_and_what_may_have_been_meant() -> None:
    nobody = (view(listing(alike=("BareMetalHost.metal3.io",))), view(listing(), "test"))

    [gap] = gaps(*nobody)

    assert gap == Gap(
        view=View.CAPI,
        scope="dependencies/host",
        subject="BareMetlHost.metal3.io",
        reason="drift-audit.yaml:12: no management cluster serves BareMetlHost.metal3.io: nothing of it is watched",
        remedy="Did you mean BareMetalHost.metal3.io? Correct kind and group of dependency 'host', or take it out.",
        status=ScopeStatus.SKIPPED,
    )


def test_without_anything_alike_nothing_is_guessed() -> None:
    [gap] = gaps(view(listing()))

    assert gap.remedy == "Correct kind and group of dependency 'host', or take it out."


@pytest.mark.parametrize(
    "views",
    [
        (view(listing("v1alpha1")),),
        (view(listing("v1alpha1")), view(listing(), "test")),
        (view(listing(), "test"), view(listing(complete=False))),
        (view(None, read=False),),
        (),
    ],
    ids=["served", "served by one of two", "one could not tell", "nothing was read", "no management cluster"],
)
def test_nothing_is_said_while_one_serves_it_or_while_that_is_not_known(views: tuple[ClusterView, ...]) -> None:
    assert gaps(*views) == []


def test_a_recording_that_was_made_without_the_dependency_is_told() -> None:
    [gap] = gaps(view(listing("v1alpha1")), view(None, "recorded"))

    assert gap.scope == "recorded/BareMetlHost"
    assert gap.reason.startswith("drift-audit.yaml:12: BareMetlHost.metal3.io was not asked for when recorded was")


def test_rules_that_came_with_a_recording_have_no_line() -> None:
    [gap] = gaps(view(listing()), config=replace(CONFIG, dependency_places=()))

    assert gap.reason.startswith("no management cluster serves")
