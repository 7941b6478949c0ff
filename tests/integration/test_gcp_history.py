"""Who changed what in Google Cloud: from the operations that Compute Engine keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drift_audit.clock import now, stamp
from drift_audit.interfaces import ChangeHistory
from drift_audit.model.findings import Grade
from drift_audit_gcp.history.matching import WRITERS
from drift_audit_gcp.provider import GcpProvider
from drift_audit_gcp.settings import GcpHistory
from tests.integration.gcp_world import FULL, World, world
from tests.integration.test_gcp_audit import audit
from tests.rig.gcp.capg import PROJECT
from tests.rig.gcp.cloud import HOST
from tests.rig.gcp.server import GcpServer
from tests.unit.gcp.builders import settings

NODE = f"projects/{PROJECT}/zones/europe-west3-b/instances/c1-md-0"
RULE = f"projects/{PROJECT}/global/firewalls/c1-ssh"
ALICE, CAPG = "alice@example.com", f"capg@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def full(gcp_server: GcpServer) -> World:
    return world(gcp_server, FULL, history=GcpHistory(controllers=(CAPG,)))


def ago(minutes: float) -> str:
    return stamp(now() - timedelta(minutes=minutes))


def actor(found: World) -> tuple[str, Grade]:
    (finding,) = (each for each in audit(found).findings if each.resource is not None)
    assert finding.actor is not None
    return finding.actor.who, finding.actor.grade


def test_the_provider_tells_a_history() -> None:
    provider = GcpProvider(settings())

    assert isinstance(provider, ChangeHistory)
    assert {row.id for row in provider.rows()} >= WRITERS.keys()


def test_an_edit_has_a_name(full: World) -> None:
    full.cloud.change(NODE, deletionProtection=True)
    full.cloud.operation(NODE, "setDeletionProtection", ALICE, ago(5))

    assert actor(full) == (ALICE, Grade.B)


def test_a_deletion_proves_itself(full: World) -> None:
    full.cloud.operation(NODE, "delete", ALICE, ago(5))
    full.cloud.remove(NODE)

    assert actor(full) == (ALICE, Grade.A)


def test_another_change_of_the_resource_is_a_weak_hint(full: World) -> None:
    full.cloud.change(NODE, deletionProtection=True)
    full.cloud.operation(NODE, "setLabels", ALICE, ago(5))

    assert actor(full) == (ALICE, Grade.D)


@pytest.mark.parametrize("how", ["refused", "by the controller", "of another resource", "of an earlier one", "too old"])
def test_what_cannot_have_made_it_names_nobody(full: World, how: str) -> None:
    full.cloud.change(NODE, deletionProtection=True)
    kind, when = "setDeletionProtection", ago(5)
    match how:
        case "refused":
            full.cloud.operation(NODE, kind, ALICE, when, error="FORBIDDEN")
        case "by the controller":
            full.cloud.operation(NODE, kind, CAPG, when)
        case "of another resource":
            full.cloud.operation(RULE, kind, ALICE, when)
        case "of an earlier one":
            full.cloud.operation(NODE, kind, ALICE, when)
            full.cloud.change(NODE, id="77")
        case "too old":
            full.cloud.operation(NODE, kind, ALICE, ago(60 * 30))

    assert actor(full) == ("", Grade.E)


def test_two_who_can_have_made_it_are_both_told(full: World) -> None:
    full.cloud.change(NODE, deletionProtection=True)
    full.cloud.operation(NODE, "setDeletionProtection", ALICE, ago(9))
    full.cloud.operation(NODE, "setDeletionProtection", "bob@example.com", ago(5))

    (finding,) = (each for each in audit(full).findings if each.resource is not None)

    assert finding.actor is not None
    assert (finding.actor.who, finding.actor.grade) == ("bob@example.com", Grade.C)
    assert ALICE in finding.actor.reason


def test_operations_that_may_not_be_read_make_no_audit_incomplete(full: World) -> None:
    full.cloud.change(NODE, machineType=f"{HOST}projects/{PROJECT}/zones/europe-west3-b/machineTypes/e2-micro")
    full.cloud.denied.add((PROJECT, "compute.globalOperations.list"))

    result = audit(full)
    (finding,) = (each for each in result.findings if each.resource is not None)

    assert finding.actor is not None and finding.actor.grade is Grade.E
    assert "compute.globalOperations.list is not allowed" in finding.actor.reason
    assert not [gap for gap in result.coverage.gaps if gap.scope.startswith("gcp/")]


def test_no_more_is_read_than_was_allowed(gcp_server: GcpServer) -> None:
    found = world(gcp_server, FULL, history=GcpHistory(max_pages=1))
    for number in range(501):
        gcp_server.cloud.operation(RULE, "patch", ALICE, ago(number / 100))

    _, (cloud,) = found.read()
    (log,) = cloud.history

    assert (log.seen, log.reason) == (500, "too many to read them all")
    assert len(gcp_server.proxy.requests_to("/aggregated/operations")) == 1


def test_it_can_be_switched_off(gcp_server: GcpServer) -> None:
    found = world(gcp_server, FULL, history=GcpHistory(enabled=False))

    _, (cloud,) = found.read()

    assert cloud.history == ()
    assert not gcp_server.proxy.requests_to("/aggregated/operations")
