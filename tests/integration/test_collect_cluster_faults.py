"""What a failing API server leaves in the view: the real server behind a proxy that spoils chosen answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drift_audit.collect.cluster import Wanted, collect_cluster
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import ManagementClusterSettings
from drift_audit.model.keys import ObjectKey
from drift_audit.model.views import ClusterView, Gap, ScopeRead, ScopeStatus
from tests.rig.client import reference
from tests.rig.fault_proxy import (
    FaultProxy,
    Spoil,
    cut,
    delayed,
    dripping,
    expired,
    fault_proxy,
    first_page_again,
    malformed,
    reset,
    status,
)
from tests.rig.identities import AUDITOR
from tests.rig.management_cluster import ManagementCluster
from tests.rig.upstreams import Answer, Asked

pytestmark = pytest.mark.rig

GROUP, VERSION, KIND = "infrastructure.cluster.x-k8s.io", "v1beta2", "AWSCluster"
PATH_ENDS = "/awsclusters"
COUNT, PAGE = 5, 2


@pytest.fixture
def proxy(management_cluster: ManagementCluster) -> Iterator[FaultProxy]:
    """A proxy in front of a management cluster that holds five AWSClusters, read two at a time."""
    for number in range(COUNT):
        management_cluster.client.create(
            reference(f"{GROUP}/{VERSION}", KIND, f"eu-{number}", management_cluster.namespace)
        )
    with fault_proxy(management_cluster.server.client(AUDITOR)) as running:
        yield running


def view_through(
    proxy: FaultProxy, folder: Path, namespace: str = "", *, wanted: Wanted | None = None, **changes: object
) -> ClusterView:
    settings = ManagementClusterSettings(
        name="prod",
        kubeconfig=str(proxy.kubeconfig(folder)),
        namespaces=(namespace,) if namespace else (),
        page_size=PAGE,
        timeout_seconds=5,
        deadline_seconds=60,
    )
    settings = replace(settings, **changes)  # type: ignore[arg-type]
    return collect_cluster(
        settings, wanted=wanted or Wanted(), base_dir=folder, masker=Masker("key"), progress=lambda sentence: None
    )


def names_in(view: ClusterView) -> list[str]:
    return [key.name for key in view.objects if key.kind == KIND]


ALL = [f"eu-{number}" for number in range(COUNT)]
FIRST_PAGE = ALL[:PAGE]


def gap_of(view: ClusterView) -> Gap:
    [gap] = view.gaps
    assert gap.scope == f"prod/{KIND}"
    return gap


def read_of(view: ClusterView) -> ScopeRead:
    [read] = [read for read in view.reads if read.scope == f"prod/{KIND}"]
    return read


def continued(asked: Asked) -> bool:
    return asked.is_continued


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(status(500, "InternalError", "conversion webhook failed"), "conversion webhook failed", id="500"),
        pytest.param(status(504, "Timeout"), "HTTP 504", id="504"),
        pytest.param(status(403, "Forbidden", 'User "x" cannot list'), "HTTP 403", id="403 halfway"),
        pytest.param(cut(), "before the answer was whole", id="truncated body"),
        pytest.param(malformed(), "not valid JSON", id="malformed JSON"),
        pytest.param(reset(), "connection broke before", id="connection reset"),
        pytest.param(delayed(1.6), "no answer within the timeout", id="timeout"),
    ],
)
def test_a_fault_in_the_middle_of_a_list_keeps_the_first_page_and_is_a_gap(
    proxy: FaultProxy, tmp_path: Path, spoil: Spoil, reason: str
) -> None:
    proxy.spoil(spoil, path_ends=PATH_ENDS, when=continued)

    view = view_through(proxy, tmp_path, timeout_seconds=1)

    assert names_in(view) == FIRST_PAGE
    assert not view.listed(GROUP, KIND)
    assert reason in gap_of(view).reason
    assert gap_of(view).status is ScopeStatus.PARTIAL
    assert gap_of(view).remedy
    assert read_of(view).status is ScopeStatus.PARTIAL
    assert view.listed("cluster.x-k8s.io", "Machine"), "the other kinds do not suffer"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(status(500, "InternalError", "etcdserver: leader changed"), id="500"),
        pytest.param(status(503, "ServiceUnavailable", Retry_After="0"), id="503"),
        pytest.param(cut(), id="truncated body"),
        pytest.param(reset(), id="connection reset"),
    ],
)
def test_a_fault_that_passes_costs_a_second_call_and_nothing_else(
    proxy: FaultProxy, tmp_path: Path, spoil: Spoil
) -> None:
    proxy.spoil(spoil, path_ends=PATH_ENDS, when=continued, times=1)

    view = view_through(proxy, tmp_path)

    assert names_in(view) == ALL
    assert view.gaps == ()
    assert read_of(view).calls == 4


def test_too_many_requests_are_asked_again_when_the_server_says(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(status(429, "TooManyRequests", Retry_After="1"), path_ends=PATH_ENDS, times=1)
    started = time.monotonic()

    view = view_through(proxy, tmp_path)

    assert time.monotonic() - started >= 1
    assert names_in(view) == ALL
    assert view.gaps == ()
    assert (read_of(view).calls, read_of(view).throttles) == (4, 1)


def test_a_server_that_never_stops_throttling_is_a_gap(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(status(429, "TooManyRequests", Retry_After="0"), path_ends=PATH_ENDS)

    view = view_through(proxy, tmp_path)

    assert "HTTP 429" in gap_of(view).reason
    assert "less busy" in gap_of(view).remedy
    assert (read_of(view).calls, read_of(view).throttles) == (6, 6)


def test_a_retry_after_beyond_the_deadline_is_not_waited_for(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(status(429, "TooManyRequests", Retry_After="3600"), path_ends=PATH_ENDS)
    started = time.monotonic()

    view = view_through(proxy, tmp_path)

    assert time.monotonic() - started < 10
    assert "HTTP 429" in gap_of(view).reason


def test_an_expired_list_goes_on_in_the_revision_that_the_server_offers(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(expired(with_token=True), path_ends=PATH_ENDS, when=continued, times=1)

    view = view_through(proxy, tmp_path)

    assert names_in(view) == ALL
    assert view.gaps == ()
    listing = view.kinds[GROUP, KIND]
    assert listing.complete
    assert "two revisions" in listing.reason
    assert read_of(view).calls == 4


def test_an_expired_list_without_an_offer_is_read_again_from_the_beginning(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(expired(with_token=False), path_ends=PATH_ENDS, when=continued, times=1)

    view = view_through(proxy, tmp_path)

    assert names_in(view) == ALL
    assert view.kinds[GROUP, KIND].complete
    assert view.kinds[GROUP, KIND].reason == ""
    assert read_of(view).calls == 5


def test_a_list_that_always_expires_is_a_gap(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(expired(with_token=True), path_ends=PATH_ENDS, when=continued)

    view = view_through(proxy, tmp_path)

    assert names_in(view) == FIRST_PAGE
    assert "HTTP 410" in gap_of(view).reason
    assert read_of(view).calls <= 6


@pytest.mark.parametrize("fresh_token", [False, True], ids=["same token", "new tokens"])
def test_a_page_that_repeats_ends_the_list(
    proxy: FaultProxy, management_cluster: ManagementCluster, tmp_path: Path, fresh_token: bool
) -> None:
    proxy.spoil(
        first_page_again(management_cluster.client, fresh_token=fresh_token), path_ends=PATH_ENDS, when=continued
    )

    view = view_through(proxy, tmp_path)

    assert names_in(view) == FIRST_PAGE
    assert "repeats" in gap_of(view).reason
    assert len(proxy.requests_to(PATH_ENDS)) == 2


def test_a_forbidden_kind_names_the_rule_that_is_missing(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(status(403, "Forbidden", 'User "drift-audit" cannot list resource'), path_ends=PATH_ENDS)

    view = view_through(proxy, tmp_path)

    assert 'User "drift-audit" cannot list' in gap_of(view).reason
    rule = f'apiGroups: ["{GROUP}"], resources: ["awsclusters"], verbs: ["list"]'
    assert rule in gap_of(view).remedy
    assert gap_of(view).status is ScopeStatus.FAILED


def test_an_answer_that_drips_costs_its_kind_and_nothing_else(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(dripping(), path_ends=PATH_ENDS)
    started = time.monotonic()

    view = view_through(proxy, tmp_path, timeout_seconds=1, deadline_seconds=60)

    assert "was not whole after 4 s" in gap_of(view).reason
    assert time.monotonic() - started < 30
    assert view.listed("cluster.x-k8s.io", "Machine")


def test_the_deadline_of_the_whole_cluster_ends_every_read(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(delayed(0.4), when=lambda asked: "/apis/" in asked.path)
    started = time.monotonic()

    view = view_through(proxy, tmp_path, deadline_seconds=2)

    assert time.monotonic() - started < 6
    late = [gap for gap in view.gaps if "deadline_seconds" in gap.remedy]
    assert len(late) > 10
    assert not view.listed("runtime.cluster.x-k8s.io", "ExtensionConfig")


def test_a_broken_conversion_still_shows_the_objects_in_a_version_that_can_be_read(
    proxy: FaultProxy, management_cluster: ManagementCluster, tmp_path: Path
) -> None:
    drain_rule = {**reference("cluster.x-k8s.io/v1beta2", "MachineDrainRule", "eu-0", management_cluster.namespace)}
    management_cluster.client.create({**drain_rule, "spec": {"drain": {"behavior": "Skip"}}})
    webhook = status(500, "InternalError", "conversion webhook for cluster.x-k8s.io/v1beta2 failed")
    proxy.spoil(webhook, path_ends="/v1beta1/machinedrainrules")
    kind = ("cluster.x-k8s.io", "MachineDrainRule")

    view = view_through(proxy, tmp_path, wanted=Wanted(versions={kind: frozenset({"v1beta1"})}))

    key = ObjectKey(*kind, management_cluster.namespace, "eu-0")
    assert view.object_in(key, "v1beta2") is not None
    assert view.object_in(key, "v1beta1") is None
    assert view.kinds[kind].version == "v1beta2"
    [gap] = view.gaps
    assert (gap.scope, gap.subject) == ("prod/MachineDrainRule", "v1beta1")
    assert "conversion webhook" in gap.reason


def test_a_definition_that_cannot_be_read_is_a_gap(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.spoil(status(403, "Forbidden"), path_ends="/awsclusters.infrastructure.cluster.x-k8s.io")

    view = view_through(proxy, tmp_path)

    [gap] = view.gaps
    assert gap.scope == "prod/CustomResourceDefinition"
    assert 'resources: ["customresourcedefinitions"], verbs: ["get"]' in gap.remedy
    assert names_in(view) == ALL


# Discovery


def classic_only(asked: Asked) -> bool:
    return asked.path in ("/api", "/apis")


def test_a_server_without_aggregated_discovery_is_asked_group_by_group(
    proxy: FaultProxy, management_cluster: ManagementCluster, tmp_path: Path
) -> None:
    modern = view_through(proxy, tmp_path)

    def old(asked: Asked, answer: Answer) -> Answer:
        status_, text = management_cluster.client.raw_text(asked.path)
        return Answer(status=status_, headers={"Content-Type": "application/json"}, body=text.encode())

    proxy.spoil(old, when=classic_only)
    view = view_through(proxy, tmp_path)

    assert view.objects.keys() == modern.objects.keys()
    assert {kind: (listing.version, listing.served, listing.namespaced) for kind, listing in view.kinds.items()} == {
        kind: (listing.version, listing.served, listing.namespaced) for kind, listing in modern.kinds.items()
    }
    assert view.gaps == ()


def test_a_group_that_cannot_be_discovered_is_a_gap_and_its_kinds_are_not_called_absent(
    proxy: FaultProxy, management_cluster: ManagementCluster, tmp_path: Path
) -> None:
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.broken.example.com"},
        "spec": {
            "group": "broken.example.com",
            "version": "v1",
            "groupPriorityMinimum": 1000,
            "versionPriority": 15,
            "service": {"name": "nobody", "namespace": management_cluster.namespace},
            "insecureSkipTLSVerify": True,
        },
    }
    client = management_cluster.client
    client.create(service)
    kind = ("broken.example.com", "Gadget")
    try:
        view = view_through(proxy, tmp_path, wanted=Wanted(versions={kind: frozenset({"v1"})}))
    finally:
        client.delete(service)

    [gap] = view.gaps
    assert gap.scope == "prod/discovery"
    assert gap.subject == "broken.example.com/v1"
    assert not view.listed(*kind)


def test_something_that_is_no_api_server_is_one_gap(proxy: FaultProxy, tmp_path: Path) -> None:
    page = Answer(status=200, headers={"Content-Type": "text/html"}, body=b"<html>Please log in</html>")
    proxy.spoil(lambda asked, answer: page)

    view = view_through(proxy, tmp_path)

    [gap] = view.gaps
    assert (gap.scope, gap.subject) == ("prod", "")
    assert "Kubernetes API server" in gap.reason


def test_a_page_that_holds_no_objects_is_malformed_not_empty(proxy: FaultProxy, tmp_path: Path) -> None:
    page = Answer(
        status=200, headers={"Content-Type": "application/json"}, body=b'{"metadata": {}, "items": [{"a": 1}]}'
    )
    proxy.spoil(lambda asked, answer: page, path_ends=PATH_ENDS)

    view = view_through(proxy, tmp_path)

    assert "not valid JSON" in gap_of(view).reason
    assert not view.listed(GROUP, KIND)


def test_the_audit_names_itself_and_asks_for_compressed_answers(proxy: FaultProxy, tmp_path: Path) -> None:
    view_through(proxy, tmp_path)

    assert all(asked.headers["User-Agent"].startswith("drift-audit/") for asked in proxy.asked)
    assert all(asked.headers["Accept-Encoding"] == "gzip" for asked in proxy.asked)


def test_the_objects_of_a_view_are_sorted_by_key(proxy: FaultProxy, tmp_path: Path) -> None:
    view = view_through(proxy, tmp_path)

    assert list(view.objects) == sorted(view.objects)
    assert ObjectKey(GROUP, KIND, next(iter(view.objects)).namespace, "eu-0") in view.objects
