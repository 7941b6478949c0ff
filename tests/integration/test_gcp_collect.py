"""Reading a project: in pages, by reads alone, and whatever cannot be read is a gap and never an absence."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from drift_audit.model.views import CloudScopeView, Gap
from drift_audit_gcp.links import path_of
from drift_audit_gcp.reading import READERS
from drift_audit_gcp.resource_types import INSTANCE
from drift_audit_gcp.session import ProjectSession, RefusedCall, check_allowed
from drift_audit_gcp.settings import GcpProject, GcpSettings
from tests.integration.gcp_world import FULL, PLAIN, World, world
from tests.rig.fault_proxy import Spoil, cut, delayed, dripping, reset
from tests.rig.gcp.capg import PROJECT, GcpClusterSpec, GcpMachineSpec
from tests.rig.gcp.cloud import ZONES, refusal
from tests.rig.gcp.server import GcpServer
from tests.rig.upstreams import Answer
from tests.unit.gcp.builders import quiet, view

INSTANCES = f"/projects/{PROJECT}/aggregated/instances"
LISTING = f"{PROJECT}/aggregated"


@pytest.fixture
def plain(gcp_server: GcpServer) -> World:
    return world(gcp_server, PLAIN, max_attempts=1, read_timeout_seconds=1.0)


def only(found: World) -> CloudScopeView:
    _, (cloud,) = found.read()
    return cloud


def told(found: World) -> list[Gap]:
    return list(only(found).gaps)


class TestPages:
    def test_every_page_is_read_and_each_costs_one_call(self, gcp_server: GcpServer) -> None:
        machines = tuple(GcpMachineSpec(name=f"c2-{number}", zone=ZONES[number % 3]) for number in range(7))
        found = world(gcp_server, GcpClusterSpec(name="c2", machines=machines), page_size=3)

        cloud = only(found)

        assert len([key for key in cloud.resources if key[0] == INSTANCE]) == 7
        assert cloud.listings[INSTANCE].calls == 3
        assert sum(read.calls for read in cloud.reads) == len(gcp_server.asked) - 1  # the first verified the project
        assert not found.correlation().absences

    def test_a_token_that_comes_twice_ends_the_listing(self, plain: World) -> None:
        def again(asked: Any, answer: Answer) -> Answer:
            first = plain.cloud(replace(asked, query={**asked.query, "pageToken": ""}))
            return replace(first, body=first.body.replace(b'{"kind"', b'{"nextPageToken": "again", "kind"', 1))

        plain.server.proxy.spoil(again, path_ends=INSTANCES)

        (gap,) = told(plain)
        assert gap.subject == INSTANCE and "not what Google sends" in gap.reason
        assert not plain.correlation().absences


class TestBootstrapData:
    """Values of metadata hold join tokens: they neither cross the wire nor enter the view."""

    def test_only_the_keys_are_asked_for(self, plain: World) -> None:
        cloud = only(plain)

        (asked,) = plain.server.proxy.requests_to(INSTANCES)
        assert "metadata/items/key" in asked.query["fields"]
        assert "abcdef.0123456789abcdef" not in repr(cloud)

    def test_a_proxy_that_answers_with_everything_reveals_nothing(self, plain: World) -> None:
        def whole(asked: Any, answer: Answer) -> Answer:
            query = {key: value for key, value in asked.query.items() if key != "fields"}
            return plain.cloud(replace(asked, query=query))

        plain.server.proxy.spoil(whole, path_ends=INSTANCES)
        cloud = only(plain)

        assert cloud.listed(INSTANCE)
        assert "abcdef.0123456789abcdef" not in repr(cloud)
        assert "ssh-ed25519" not in repr(cloud)


class TestReadsOnly:
    def test_a_whole_audit_writes_nothing(self, gcp_server: GcpServer) -> None:
        found = world(gcp_server, FULL, PLAIN)
        views, (cloud,) = found.read()
        (request,) = found.provider.plan(views).requests

        found.provider.reread(request, cloud, [resource.key for resource in cloud.resources.values()])

        assert {asked.method for asked in gcp_server.asked} == {"GET", "POST"}
        posted = {asked.path.rpartition("/")[2] for asked in gcp_server.asked if asked.method == "POST"}
        assert posted == {"listInstances"}
        agents = {asked.headers["User-Agent"].split("/")[0] for asked in gcp_server.asked}
        assert agents == {"drift-audit"}

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("DELETE", f"projects/{PROJECT}/zones/{ZONES[0]}/instances/plain-md-0"),
            ("PATCH", f"projects/{PROJECT}/global/firewalls/x"),
            ("PUT", f"projects/{PROJECT}/global/backendServices/x"),
            ("POST", f"projects/{PROJECT}/zones/{ZONES[0]}/instances/plain-md-0/stop"),
            ("POST", f"projects/{PROJECT}/zones/{ZONES[0]}/instanceGroups/g/addInstances"),
            ("POST", f"projects/{PROJECT}/zones/{ZONES[0]}/instanceGroups/listInstances"),
        ],
    )
    def test_anything_else_raises_before_it_leaves(self, gcp_server: GcpServer, method: str, path: str) -> None:
        gcp_server.cloud.project(PROJECT, "1")
        chosen = GcpProject(project=PROJECT, credentials_file=str(gcp_server.key_file))
        session = ProjectSession(GcpSettings(projects=(chosen,), endpoint_url=gcp_server.url), chosen)
        session.get(f"projects/{PROJECT}", "compute#project")
        before = len(gcp_server.asked)

        with pytest.raises(RefusedCall):
            session._opened().request(method, f"{gcp_server.url}/compute/v1/{path}", json={})

        assert len(gcp_server.asked) == before

    def test_reads_by_post_are_known_by_their_whole_path(self) -> None:
        check_allowed("POST", f"/compute/v1/projects/p/zones/{ZONES[0]}/instanceGroups/g/listInstances")
        with pytest.raises(RefusedCall):
            check_allowed("POST", "/compute/v1/projects/p/zones/z/instances/listInstances")


def denied(permission: str) -> Callable[[World], object]:
    return lambda found: found.cloud.denied.add((PROJECT, permission))


def spoiled(spoil: Spoil, path_ends: str = INSTANCES) -> Callable[[World], object]:
    return lambda found: found.server.proxy.spoil(spoil, path_ends=path_ends)


def answered(status: int, reason: str, message: str = "no") -> Callable[[World], object]:
    return spoiled(lambda asked, answer: refusal(status, reason, message))


def login_page(asked: Any, answer: Answer) -> Answer:
    return Answer(status=200, headers={"Content-Type": "text/html"}, body=b"<html>Please log in</html>")


def another_kind(asked: Any, answer: Answer) -> Answer:
    return Answer(status=200, body=b'{"kind": "compute#diskAggregatedList", "items": {}}')


FAULTS: dict[str, tuple[Callable[[World], object], str]] = {
    "403": (denied("compute.instances.list"), "compute.instances.list is not allowed"),
    "throttled by 403": (answered(403, "rateLimitExceeded"), "was throttled"),
    "429": (answered(429, "rateLimitExceeded"), "was throttled"),
    "switched off": (answered(403, "accessNotConfigured"), "is switched off"),
    "401": (answered(401, "authError"), "does not accept the audit's credentials"),
    "404": (answered(404, "notFound"), "does not exist, or"),
    "409": (answered(409, "conflict"), "not what Google sends"),
    "500": (answered(500, "backendError"), "failed inside Google Cloud"),
    "expired token": (answered(400, "invalid"), "could not be continued"),
    "half a page": (spoiled(cut()), "broke off"),
    "connection reset": (spoiled(reset()), "broke off"),
    "no answer in time": (spoiled(delayed(5)), "broke off"),
    "a login page": (spoiled(login_page), "not what Google sends"),
    "an answer of another kind": (spoiled(another_kind), "not what Google sends"),
    "an empty object": (spoiled(lambda asked, answer: Answer(status=200, body=b"{}")), "not what Google sends"),
    "a zone out of reach": (lambda found: found.cloud.unreachable.add(f"zones/{ZONES[0]}"), "could not reach"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_read_is_a_gap_and_no_absence(plain: World, fault: str) -> None:
    strike, words = FAULTS[fault]
    strike(plain)

    cloud = only(plain)
    correlation = plain.correlation()

    gaps = {gap.subject: gap for gap in cloud.gaps}
    assert words in gaps[INSTANCE].reason
    assert gaps[INSTANCE].remedy
    assert not cloud.listed(INSTANCE)
    assert not [lost for lost in correlation.absences if lost.link.resource.type == INSTANCE]
    assert {each.object.kind for each in correlation.undecided} >= {"GCPMachine"}
    assert not [left for left in correlation.leftovers if left.resource.type == INSTANCE]
    if fault != "a zone out of reach":
        assert set(gaps) == {INSTANCE}


def test_the_missing_permission_is_named_as_it_has_to_be_granted(plain: World) -> None:
    denied("compute.firewalls.list")(plain)

    (gap,) = told(plain)

    assert gap.right == "compute.firewalls.list"
    assert (gap.scope, gap.subject) == (f"gcp/{PROJECT}/all-regions/firewall", "firewall")


def test_a_zone_out_of_reach_leaves_the_other_zones_compared(gcp_server: GcpServer) -> None:
    found = world(gcp_server, FULL)
    gcp_server.cloud.unreachable.add(f"zones/{ZONES[0]}")

    linked = {link.object.name for link in found.correlation().links if link.resource.type == INSTANCE}

    assert linked == {"c1-md-0"}


class TestIdentity:
    def test_a_project_that_cannot_be_verified_is_not_listed_at_all(self, plain: World) -> None:
        denied("compute.projects.get")(plain)

        cloud = only(plain)
        correlation = plain.correlation()

        assert cloud.identity is None and not cloud.resources
        (gap,) = cloud.gaps
        assert (gap.right, gap.scope) == ("compute.projects.get", f"gcp/{PROJECT}/all-regions")
        assert not plain.server.proxy.requests_to(INSTANCES)
        assert not correlation.absences and len(correlation.undecided) == 3

    def test_an_endpoint_that_answers_for_another_project_proves_nothing(self, plain: World) -> None:
        def other(asked: Any, answer: Answer) -> Answer:
            return replace(answer, body=answer.body.replace(PROJECT.encode(), b"other-project"))

        plain.server.proxy.spoil(other, path_ends=f"/projects/{PROJECT}")

        (gap,) = told(plain)
        assert "answers for project other-project" in gap.reason
        assert not plain.correlation().absences

    @pytest.mark.parametrize(
        ("key", "words"), [("{}", "cannot be used"), ("no json", "cannot be used"), (None, "cannot be used")]
    )
    def test_a_key_that_is_none(self, plain: World, tmp_path: Any, key: str | None, words: str) -> None:
        file = tmp_path / "key.json"
        if key is not None:
            file.write_text(key)
        found = world(plain.server, of_project={"credentials_file": str(file)})
        found = World(server=plain.server, provider=found.provider, objects=plain.objects)

        (gap,) = told(found)
        assert words in gap.reason

    def test_no_token_is_given(self, plain: World) -> None:
        refused = Answer(status=400, body=b'{"error": "invalid_grant", "error_description": "Invalid JWT"}')
        plain.server.proxy.spoil(lambda asked, answer: refused, path_ends="/token")

        (gap,) = told(plain)
        assert "gave the audit no token" in gap.reason

    def test_a_project_that_nobody_configured(self, plain: World) -> None:
        lonely = world(plain.server, projects=["other-project"])
        plan = lonely.provider.plan([view(plain.objects)])

        assert [gap.reason for gap in plan.gaps] == [
            f"cluster default/plain lives in project {PROJECT}, which is not configured"
        ]
        assert not plan.scope_of


class TestTries:
    def test_nobody_else_is_asked_for_anything(self, gcp_server: GcpServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """Google's library would look up where the account may work from, at an address of its own."""
        asked: list[str] = []
        connect = socket.getaddrinfo

        def noted(host: str, *rest: Any, **more: Any) -> Any:
            asked.append(host)
            return connect(host, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", noted)

        only(world(gcp_server, PLAIN))

        assert set(asked) <= {"127.0.0.1"}

    def test_a_passing_failure_is_tried_again_and_counted(self, gcp_server: GcpServer) -> None:
        found = world(gcp_server, PLAIN, max_attempts=3)
        busy = refusal(403, "rateLimitExceeded", "Quota exceeded", [("Retry-After", "0")])
        gcp_server.proxy.spoil(lambda asked, answer: busy, path_ends=INSTANCES, times=2)

        cloud = only(found)

        assert cloud.listings[INSTANCE].calls == 3
        (read,) = (read for read in cloud.reads if read.scope.endswith("/instance"))
        assert (read.throttles, cloud.gaps) == (2, ())

    def test_a_refusal_is_not_tried_again(self, gcp_server: GcpServer) -> None:
        found = world(gcp_server, PLAIN, max_attempts=3)
        gcp_server.cloud.denied.add((PROJECT, "compute.instances.list"))

        assert only(found).listings[INSTANCE].calls == 1

    def test_a_slow_answer_is_an_answer(self, gcp_server: GcpServer) -> None:
        found = world(gcp_server, PLAIN, read_timeout_seconds=2.0)
        gcp_server.proxy.spoil(dripping(1.0), path_ends=f"/projects/{PROJECT}")

        assert not told(found)


class TestSecondLook:
    def test_suspects_are_read_one_by_one(self, plain: World) -> None:
        views, (cloud,) = plain.read()
        (request,) = plain.provider.plan(views).requests
        one, gone = (cloud.resources[INSTANCE, f"{ZONES[0]}/plain-{name}-0"].key for name in ("md", "cp"))
        plain.cloud.change(path_of(PROJECT, "instances", one.id), status="TERMINATED")
        plain.cloud.remove(path_of(PROJECT, "instances", gone.id))
        before = len(plain.server.asked)

        again = plain.provider.reread(request, cloud, [one, gone])

        assert again.resources[INSTANCE, one.id].attributes["status"] == "TERMINATED"
        assert (INSTANCE, gone.id) not in again.resources
        assert again.reread == {(INSTANCE, one.id), (INSTANCE, gone.id)}
        assert len(plain.server.asked) - before == 3

    def test_a_second_look_that_fails_confirms_nothing(self, plain: World) -> None:
        views, (cloud,) = plain.read()
        (request,) = plain.provider.plan(views).requests
        denied("compute.instances.get")(plain)

        again = plain.provider.reread(
            request, cloud, [next(r.key for k, r in cloud.resources.items() if k[0] == INSTANCE)]
        )

        assert again.resources == cloud.resources
        assert not again.reread
        assert again.gaps[-1].right == "compute.instances.get"


def test_the_readers_name_every_permission_that_reading_took(gcp_server: GcpServer) -> None:
    from drift_audit_gcp.rights import permissions
    from tests.rig.gcp.cloud import permission_of
    from tests.rig.gcp.discovery import method_of

    found = world(gcp_server, FULL, PLAIN)
    views, (cloud,) = found.read()
    (request,) = found.provider.plan(views).requests
    found.provider.reread(request, cloud, [resource.key for resource in cloud.resources.values()])

    called = {known[0].id for asked in gcp_server.asked if (known := method_of(asked.method, asked.path))}
    assert {permission_of(method) for method in called} <= set(permissions())
    assert {reader.type for reader in READERS} == set(cloud.listings)


def test_a_project_without_clusters_is_read_for_what_was_left_there(gcp_server: GcpServer) -> None:
    gcp_server.cloud.project("empty-project", "5")
    found = world(gcp_server, projects=["empty-project"])

    (request,) = found.provider.plan([view([])]).requests
    cloud = found.provider.collect(request, quiet)

    assert cloud.listed(INSTANCE) and not cloud.gaps
