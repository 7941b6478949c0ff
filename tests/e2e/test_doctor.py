"""`drift-audit doctor` says what can be read, and names the exact right where something cannot."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cli_fleet import CliFleet, aws_of, management_cluster_of, module_fleet
from tests.integration.closer_world import kubeconfig_text
from tests.rig.apiserver import ApiServer
from tests.rig.client import Json, reference
from tests.rig.fleet import ACCOUNT, REGION, Fleet, Workload
from tests.rig.identities import HUMAN, POWERLESS, reads_kubeconfigs
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.faults import ec2_error, faulty_aws, refusing


@pytest.fixture(scope="module")
def fleet(
    api_server: ApiServer, moto_endpoint: AwsEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    with module_fleet(api_server, moto_endpoint, tmp_path_factory.mktemp("doctor")) as fleet:
        fleet.add(Workload(name="prod-1"))
        fleet.deliver()
        fleet.management_cluster.client.create(kubeconfig_secret(fleet))
        fleet.management_cluster.client.apply(reads_kubeconfigs(fleet.namespace), "rig")
        yield fleet


def kubeconfig_secret(fleet: Fleet) -> Json:
    """What Cluster API keeps of a workload cluster; here the same API server."""
    server = fleet.management_cluster.server
    pair = server.authority.client(HUMAN.user, HUMAN.groups)
    content = kubeconfig_text(server.url, server.authority.certificate, pair)
    secret = reference("v1", "Secret", "prod-1-kubeconfig", fleet.namespace)
    return {**secret, "data": {"value": base64.b64encode(content).decode()}}


def test_a_fleet_that_can_be_read_is_well(fleet: Fleet, tmp_path: Path) -> None:
    done = CliFleet.of(fleet, tmp_path)("doctor")

    assert done.code == 0, done.told
    assert f"aws/{ACCOUNT}/{REGION}" in done.out
    assert "account verified" in done.out
    assert f"ok     {fleet.management_cluster.name}/{fleet.namespace}/prod-1" in done.out
    assert done.out.rstrip().endswith("Everything that the configuration names can be read.")


def test_a_missing_action_is_told_as_the_statement_that_allows_it(fleet: Fleet, tmp_path: Path) -> None:
    denied = refusing("DescribeSecurityGroups", ec2_error("UnauthorizedOperation", 403))

    with faulty_aws(fleet.aws, denied) as endpoint:
        cli = CliFleet.of(fleet, tmp_path, clouds={"aws": aws_of(fleet, endpoint_url=endpoint.url)})
        done = cli("doctor")

    assert done.code == 3
    assert f"Statement to add to the policy of the audit's role in aws account {ACCOUNT}" in done.out
    assert '"ec2:DescribeSecurityGroups"' in done.out
    assert "Everything" not in done.out


def test_a_user_without_rights_gets_every_rule_that_is_missing(fleet: Fleet, tmp_path: Path) -> None:
    kubeconfig = str(fleet.management_cluster.kubeconfig_of(POWERLESS))
    cli = CliFleet.of(fleet, tmp_path, management_clusters=[management_cluster_of(fleet, kubeconfig=kubeconfig)])

    done = cli("doctor")

    assert done.code == 2
    assert f"Rules to add to the audit's ClusterRole in management cluster {fleet.management_cluster.name}" in done.out
    assert '{apiGroups: ["cluster.x-k8s.io"], resources: ["machinedeployments"], verbs: ["list"]}' in done.out


def test_a_kubeconfig_that_may_not_be_read_is_told_with_its_rule_though_nobody_is_suspect(
    fleet: Fleet, tmp_path: Path
) -> None:
    binding = reads_kubeconfigs(fleet.namespace)
    client = fleet.management_cluster.client
    client.delete(binding)
    cli = CliFleet.of(fleet, tmp_path)
    try:
        done = cli("doctor")
        cli.configure(workload={"read": "none"})
        without = cli("doctor")
    finally:
        client.apply(binding, "rig")

    name = fleet.management_cluster.name
    assert done.code == 3
    assert f"Rules to add by a RoleBinding in namespace {fleet.namespace} of management cluster {name}" in done.out
    assert '{apiGroups: [""], resources: ["secrets"], verbs: ["get"]}' in done.out
    assert "workload.read: none" in done.out
    assert without.code == 0, without.told
