"""The double of Google Cloud is held to Google's own description, and asked as the real transport asks."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from tests.rig.gcp.capg import PROJECT, GcpClusterSpec, GcpMachineSpec, build_cluster
from tests.rig.gcp.cloud import ZONES
from tests.rig.gcp.discovery import Dishonest, check
from tests.rig.gcp.fields import masked
from tests.rig.gcp.server import AUDITOR, GcpServer

INSTANCES = f"projects/{PROJECT}/aggregated/instances"
MACHINES = tuple(GcpMachineSpec(name=f"c1-{number}", zone=zone) for number, zone in enumerate(ZONES * 2))


@pytest.fixture
def server(gcp_server: GcpServer) -> GcpServer:
    build_cluster(gcp_server.cloud, GcpClusterSpec(name="c1", machines=MACHINES))
    return gcp_server


@pytest.fixture
def session(server: GcpServer) -> requests.Session:
    scope = "https://www.googleapis.com/auth/compute.readonly"
    credentials = service_account.Credentials.from_service_account_file(str(server.key_file), scopes=[scope])
    credentials.refresh(Request())
    found = requests.Session()
    credentials.apply(found.headers)
    return found


def read(server: GcpServer, session: requests.Session, path: str, **query: object) -> tuple[int, Any]:
    answer = session.get(f"{server.url}/compute/v1/{path}", params={key: str(value) for key, value in query.items()})
    return answer.status_code, answer.json()


def test_it_answers_only_those_who_bring_a_token_of_theirs(server: GcpServer, session: requests.Session) -> None:
    status, body = read(server, session, f"projects/{PROJECT}")

    assert (status, body["name"]) == (200, PROJECT)
    assert server.asked[0].headers["authorization"] == f"Bearer token-of-{AUDITOR}"
    assert requests.get(f"{server.url}/compute/v1/projects/{PROJECT}", timeout=5).status_code == 401


def test_pages_show_every_instance_once_and_their_tokens_are_good_for_one_listing(
    server: GcpServer, session: requests.Session
) -> None:
    seen: list[str] = []
    token, pages = "", 0
    while True:
        _, page = read(server, session, INSTANCES, maxResults=4, **({"pageToken": token} if token else {}))
        seen += [found["name"] for scoped in page["items"].values() for found in scoped.get("instances", ())]
        pages += 1
        if "nextPageToken" not in page:
            break
        token = page["nextPageToken"]

    assert (sorted(seen), pages) == (sorted(machine.name for machine in MACHINES), 2)
    assert read(server, session, f"projects/{PROJECT}/aggregated/disks", pageToken=token)[0] == 400


def test_a_part_of_an_answer_can_be_asked_for(server: GcpServer, session: requests.Session) -> None:
    _, page = read(server, session, INSTANCES, fields="items/*/instances(name,metadata/items/key),nextPageToken")

    found = page["items"][f"zones/{ZONES[0]}"]["instances"][0]
    assert found == {"name": "c1-0", "metadata": {"items": [{"key": "user-data"}]}}
    with pytest.raises(ValueError, match="fields"):
        masked({}, "a(b))")


def test_a_right_that_is_missing_and_a_project_that_is_not_there(server: GcpServer, session: requests.Session) -> None:
    server.cloud.denied.add((PROJECT, "compute.instances.list"))

    status, body = read(server, session, INSTANCES)

    assert (status, body["error"]["errors"][0]["reason"]) == (403, "forbidden")
    assert "'compute.instances.list'" in body["error"]["message"]
    assert read(server, session, "projects/nobody/aggregated/instances")[0] == 404


def test_a_zone_that_is_out_of_reach_is_told_of_and_shows_nothing(server: GcpServer, session: requests.Session) -> None:
    server.cloud.unreachable.add(f"zones/{ZONES[1]}")

    _, page = read(server, session, INSTANCES)

    assert page["items"][f"zones/{ZONES[1]}"]["warning"]["code"] == "UNREACHABLE"
    assert page["unreachables"] == [f"zones/{ZONES[1]}"]
    assert sum(len(scoped.get("instances", ())) for scoped in page["items"].values()) == 4


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "compute#instance", "machine_type": "e2"},
        {"kind": "compute#instance", "status": "STOPED"},
        {"kind": "compute#instance", "id": 12},
        {"kind": "compute#disk"},
    ],
)
def test_a_body_that_google_would_not_send_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Dishonest):
        check("Instance", body)
    check("Instance", {"kind": "compute#instance", "status": "STOPPED", "id": "12"})
