"""What could not be compared is a gap, told once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drift_audit.classify.unreadable import pairing_gaps, surely_read, uncompared_gaps
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.pairing import Membership, Pairing
from drift_audit.model.views import ClusterView, Gap, GitSourceView, KindListing, Rendering, View, Views
from tests.builders import capi_object, declaration
from tests.unit.classify.cases import pair

ELSEWHERE = "declared by Flux Kustomization/a/b, whose source is not part of this audit"


def source(*, declares: bool = True, head: bool = True, **changes: Any) -> GitSourceView:
    declared = (declaration(),) if declares else ()
    defaults = GitSourceView(
        management_cluster="prod",
        source="fleet",
        repo="https://git.example.com/fleet.git",
        ref="main",
        path="clusters",
        flavor="kustomize",
        applier="",
        head=Rendering(revision="0" * 40, renderer="plain", declarations=declared) if head else None,
    )
    return replace(defaults, **changes)


def view(*objects: CapiObject, complete: bool = True, **changes: Any) -> ClusterView:
    listing = KindListing(
        group="cluster.x-k8s.io",
        kind="Cluster",
        plural="clusters",
        version="v1beta2",
        served=("v1beta2",),
        namespaced=True,
        complete=complete,
    )
    defaults = ClusterView(
        management_cluster="prod",
        server_version="",
        objects={each.key: each for each in objects},
        kinds={(listing.group, listing.kind): listing},
    )
    return replace(defaults, **changes)


CLUSTER = capi_object("Cluster", "eu-1")
GAP = Gap(view=View.CAPI, scope="prod/CustomResourceDefinition", subject="", reason="HTTP 403", remedy="allow it")


def unreadable(note: str, kind: str = "Cluster") -> Pairing:
    pairs = (pair(kind, membership=Membership.UNREADABLE, note=note),)
    return Pairing(management_cluster="prod", pairs=pairs)


def test_a_readable_fleet_has_no_gap() -> None:
    assert uncompared_gaps(Views(git=(source(),), clusters=(view(CLUSTER),))) == []
    assert pairing_gaps(view(CLUSTER), Pairing(management_cluster="prod", pairs=(pair(),)), [source()]) == []


@pytest.mark.parametrize(
    ("views", "says"),
    [
        (Views(clusters=(view(CLUSTER),)), "has no Git source"),
        (Views(git=(source(management_cluster="other"),), clusters=(view(CLUSTER),)), "prod has no Git source"),
        (Views(git=(source(declares=False),), clusters=(view(CLUSTER),)), "declares no object below 'clusters'"),
        (Views(git=(source(),), clusters=(view(namespaces=("a",)),)), "no Cluster in the chosen namespaces"),
        (
            Views(git=(source(),), clusters=(view(left_out=frozenset({CLUSTER.key})),)),
            "no Cluster with the chosen labels",
        ),
    ],
)
def test_an_audit_that_had_nothing_to_compare_says_so(views: Views, says: str) -> None:
    gaps = [gap for gap in uncompared_gaps(views) if says in gap.reason]

    assert len(gaps) == 1
    assert gaps[0].remedy


def test_a_source_that_could_not_be_read_is_not_told_as_empty() -> None:
    assert uncompared_gaps(Views(git=(source(head=False),), clusters=(view(CLUSTER),))) == []


def test_one_management_cluster_of_several_may_have_none_of_the_clusters() -> None:
    empty = view(management_cluster="other", namespaces=("a",))
    views = Views(git=(source(), source(management_cluster="other")), clusters=(view(CLUSTER), empty))

    assert uncompared_gaps(views) == []


def test_what_nobody_could_compare_is_a_gap_with_its_reason() -> None:
    (gap,) = pairing_gaps(view(CLUSTER), unreadable("Git uses API version v1alpha4, which is not served"), [source()])

    assert gap.reason == "1 Cluster not compared: Git uses API version v1alpha4, which is not served"
    assert "served API version" in gap.remedy


def test_a_kind_that_was_not_listed_is_not_told_twice() -> None:
    assert pairing_gaps(view(complete=False), unreadable("HTTP 403"), [source()]) == []


@pytest.mark.parametrize(("sources", "gaps"), [([source()], 1), ([source(head=False)], 0), ([], 0)])
def test_a_missing_source_is_asked_for_only_where_all_others_were_read(sources: list[GitSourceView], gaps: int) -> None:
    assert len(pairing_gaps(view(CLUSTER), unreadable(ELSEWHERE), sources)) == gaps


def test_an_object_of_two_sources_is_a_gap_that_names_both() -> None:
    contested = pair(rivals=(declaration(source="second"),))

    (gap,) = pairing_gaps(view(CLUSTER), Pairing(management_cluster="prod", pairs=(contested,)), [source()])

    assert "of source fleet (compared)" in gap.reason
    assert "of source second (left out)" in gap.reason


def test_nothing_is_sure_without_the_definitions() -> None:
    key: ObjectKey = CLUSTER.key
    read = view(CLUSTER, reread=frozenset({key}))

    assert surely_read(read) == {key}
    assert surely_read(replace(read, gaps=(GAP,))) == frozenset()
    assert surely_read(replace(read, gaps=(replace(GAP, scope="prod/Machine"),))) == {key}
