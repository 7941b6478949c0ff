"""Which cluster a name means: one, or an answer that helps."""

from __future__ import annotations

import pytest

from drift_audit.errors import UsageError
from drift_audit.explain.tree_names import find_cluster
from drift_audit.model.views import ClusterView, Gap, View, Views
from tests.builders import cluster_entry, cluster_key, finding, result
from tests.unit.explain.trees import ROOT, view

SEEN = Views(clusters=(view([ROOT]),))
FLEET = result(
    clusters=[
        cluster_entry("payments"),
        cluster_entry("web"),
        cluster_entry("web", management_cluster="arn:aws:eks:eu-west-1:1:cluster/other"),
        cluster_entry("web", namespace="shop"),
    ]
)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("payments", "prod/fleet/payments"),
        ("fleet/payments", "prod/fleet/payments"),
        ("shop/web", "prod/shop/web"),
        ("prod/fleet/web", "prod/fleet/web"),
        ("arn:aws:eks:eu-west-1:1:cluster/other/fleet/web", "arn:aws:eks:eu-west-1:1:cluster/other/fleet/web"),
    ],
)
def test_as_much_of_the_name_as_it_takes(written: str, found: str) -> None:
    assert str(find_cluster(written, SEEN, FLEET)) == found


def test_an_ambiguous_name_is_answered_with_all_that_have_it() -> None:
    with pytest.raises(UsageError, match=r"3 clusters are called 'web': say which one, arn.*prod/fleet/web, prod/shop"):
        find_cluster("web", SEEN, FLEET)
    with pytest.raises(UsageError, match="2 clusters are called 'fleet/web'"):
        find_cluster("fleet/web", SEEN, FLEET)


@pytest.mark.parametrize("written", ["paymets", "pay", "flet/payments", "prod/shop/payments"])
def test_a_misspelled_name_is_answered_with_the_nearest(written: str) -> None:
    with pytest.raises(UsageError, match=r"did you mean .*prod/fleet/payments"):
        find_cluster(written, SEEN, FLEET)


def test_a_name_in_the_wrong_place_is_answered_with_the_right_place_and_no_other_names() -> None:
    with pytest.raises(UsageError, match=r"did you mean prod/fleet/payments\?$"):
        find_cluster("stage/fleet/payments", SEEN, FLEET)


@pytest.mark.parametrize("written", ["", "/", "zzz", "a/b/c/d"])
def test_a_name_like_no_other_is_answered_with_those_there_are(written: str) -> None:
    with pytest.raises(UsageError, match=r"there are .*prod/fleet/payments"):
        find_cluster(written, SEEN, FLEET)


def test_a_cluster_that_only_findings_know_is_found() -> None:
    gone = result(findings=[finding(cluster=cluster_key("gone"))], clusters=[])

    assert find_cluster("gone", SEEN, gone) == cluster_key("gone")


def test_a_cluster_that_could_not_be_seen_is_not_called_absent() -> None:
    half = Views(clusters=(view([], unread=("Cluster",)),))
    gap = Gap(view=View.CAPI, scope="prod", subject="", reason="the connection was refused", remedy="")
    none = Views(clusters=(ClusterView(management_cluster="prod", server_version="", objects={}, gaps=(gap,)),))

    for seen, reason in ((half, "HTTP 403"), (none, "the connection was refused")):
        with pytest.raises(UsageError, match=f"was not seen, but that says nothing: {reason}"):
            find_cluster("web", seen, result(clusters=[]))
