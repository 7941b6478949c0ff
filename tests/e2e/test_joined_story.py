"""A console edit in AWS keeps Machines from joining: one cause, from the edit to the alarm, wherever a user looks.

The edit is a real call to moto by a person in a browser, which CloudTrail's double records; the Machines are as CAPI's
core controller writes them while it waits for their Nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.cli_fleet import CliFleet, module_fleet
from tests.e2e.written_fleet import Written
from tests.e2e.written_machines import never_join
from tests.integration.aws_callers import ALICE_CONSOLE
from tests.rig.apiserver import ApiServer
from tests.rig.cloudtrail import TRAIL
from tests.rig.fleet import ACCOUNT, REGION, Fleet, Workload
from tests.rig.moto_server import AwsEndpoint

pytestmark = pytest.mark.rig

WAITING = 12
EDIT = "Inbound rule of a security group differs"
WAITS = "stuck.JOIN-NO-NODE"
ALARM = "A machine runs, and its Node never registers"
ACT = "ingress[tcp 6443 from node] was taken away by alice@example.com (AWS console, permission set Admin)"
EFFECT = "nodes cannot reach the API server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened, and who may be asked about it."""

    written: Written
    cli: CliFleet
    document: Any
    """What `check -o json` says."""

    def findings(self, rule: str) -> list[Any]:
        return [finding for finding in self.document["findings"] if finding["rule"] == rule]


@pytest.fixture(scope="module")
def story(
    api_server: ApiServer, moto_endpoint: AwsEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    began = datetime.now(UTC)
    with (
        module_fleet(api_server, moto_endpoint, folder / "fleet") as fleet,
        TRAIL.at(began - timedelta(days=3)),
        Written.of(fleet, Workload(name="prod-1", workers=WAITING), ahead=timedelta()) as written,
    ):
        with TRAIL.at(began - timedelta(hours=1)):
            close_the_api_server(fleet)
        never_join(written, written.workers)
        cli = CliFleet.of(fleet, folder)
        yield Story(written=written, cli=cli, document=cli.check().document)


def close_the_api_server(fleet: Fleet) -> None:
    """A person in the console takes away the rule that lets nodes reach the API server."""
    groups = fleet.states["prod-1"].security_groups
    ec2: Any = ALICE_CONSOLE.client(AwsEndpoint(fleet.aws), region=REGION, account=ACCOUNT)
    nodes = {"GroupId": groups["node"], "Description": "Kubernetes API"}
    rule = {"IpProtocol": "tcp", "FromPort": 6443, "ToPort": 6443, "UserIdGroupPairs": [nodes]}
    ec2.revoke_security_group_ingress(GroupId=groups["controlplane"], IpPermissions=[rule])


def test_the_document_tells_one_cause_for_the_edit_and_all_machines(story: Story) -> None:
    [cause] = story.document["causes"]

    assert cause["title"] == f"{EDIT}; because of it: {ALARM}"
    assert len(cause["findings"]) == len(story.document["findings"]) == WAITING + 1
    assert len(story.findings(WAITS)) == WAITING


def test_the_chain_goes_from_the_edit_to_the_alarm(story: Story) -> None:
    [edit] = story.findings("aws.security-group.ingress")

    assert edit["actor"]["who"] == "alice@example.com"
    for finding in story.findings(WAITS):
        links = [(link["layer"], link["fact"]) for link in finding["chain"]]
        assert links[:2] == [("edit", ACT), ("consequence", EFFECT)]
        assert links[2][0] == "node join"
        above = [link["object"].partition("/")[0] for link in finding["chain"][2:]]
        assert above == ["Machine", "MachineSet", "MachineDeployment", "Cluster"]


def test_the_console_tells_it_in_one_place(story: Story) -> None:
    done = story.cli("check")

    told = " ".join(done.out.split())
    assert done.code == 1
    assert f"{EDIT}; because of it: {ALARM}" in told
    assert "alice@example.com" in told


def test_explain_prints_the_way_from_the_edit_to_the_machine(story: Story) -> None:
    name = story.written.workers[7]

    done = story.cli("explain", f"Machine/{story.written.namespace}/{name}")

    told = " ".join(done.out.split())
    places = [told.index(fact) for fact in (ACT, EFFECT, "no Node registered")]
    assert places == sorted(places)
    assert name in told
