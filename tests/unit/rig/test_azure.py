"""The double of Azure itself: spoken to by Azure's own SDK, over HTTPS, and held to the models of that SDK."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

from tests.rig.azure.cluster import AzureClusterSpec, AzureMachineSpec, build_cluster
from tests.rig.azure.server import TOKEN, AzureEndpoint, error, refusing, running_azure
from tests.rig.azure.shapes import mistakes
from tests.rig.azure.world import SUBSCRIPTION

FLEET = AzureClusterSpec(
    name="c1",
    tags={"team": "payments"},
    machines=[
        AzureMachineSpec(name="c1-control-plane-0", role="control-plane", zone="1"),
        AzureMachineSpec(name="c1-md-0", spec={"dataDisks": [{"nameSuffix": "etcd", "diskSizeGB": 256, "lun": 0}]}),
    ],
)


class Static:
    """A credential that has its token already."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://management.azure.com/.default",)
        return AccessToken(TOKEN, 4_000_000_000)


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[AzureEndpoint]:
    with running_azure(tmp_path) as running:
        build_cluster(running.world, FLEET)
        yield running


def compute(endpoint: AzureEndpoint, **more: Any) -> ComputeManagementClient:
    scopes = ["https://management.azure.com/.default"]
    return ComputeManagementClient(
        Static(),
        SUBSCRIPTION,
        base_url=endpoint.url,
        credential_scopes=scopes,
        connection_verify=str(endpoint.ca_file),
        retry_total=0,
        **more,
    )


def test_the_sdk_lists_and_gets_what_was_built(endpoint: AzureEndpoint) -> None:
    endpoint.page_size = 1
    machines = list(compute(endpoint).virtual_machines.list_all())

    assert [machine.name for machine in machines] == ["c1-control-plane-0", "c1-md-0"]
    assert machines[0].id and "/resourceGroups/C1/" in machines[0].id, "compute shouts the group in listings"
    got = compute(endpoint).virtual_machines.get("c1", "c1-md-0", expand="instanceView")
    assert got.instance_view and got.instance_view.statuses
    assert [status.code for status in got.instance_view.statuses][-1] == "PowerState/running"
    with NetworkManagementClient(
        Static(),
        SUBSCRIPTION,
        base_url=endpoint.url,
        credential_scopes=["https://management.azure.com/.default"],
        connection_verify=str(endpoint.ca_file),
    ) as network:
        (vnet,) = network.virtual_networks.list_all()
        assert network.subnets.get("C1", "c1-vnet", "c1-node-subnet").address_prefix == "10.1.0.0/16"
    assert vnet.subnets and len(vnet.subnets) == 2


def test_refusals_are_those_that_the_sdk_knows(endpoint: AzureEndpoint) -> None:
    client = compute(endpoint)
    with pytest.raises(ResourceNotFoundError) as gone:
        client.virtual_machines.get("c1", "nobody")
    endpoint.world.hidden.add("c1")
    with pytest.raises(HttpResponseError) as hidden:
        client.virtual_machines.get("c1", "c1-md-0")
    endpoint.faults.append(refusing("/virtualmachines", error(429, "TooManyRequests", Retry_After="1")))
    with pytest.raises(HttpResponseError) as throttled:
        list(client.virtual_machines.list_all())

    assert gone.value.error and gone.value.error.code == "ResourceNotFound"
    assert (hidden.value.status_code, throttled.value.status_code) == (403, 429)


def test_a_body_that_the_sdk_does_not_know_is_not_served(endpoint: AzureEndpoint) -> None:
    with pytest.raises(ValueError, match="VirtualMachineProperties has no such field"):
        endpoint.world.add(
            FLEET.naming.compute("virtualMachines", "x"), location="westeurope", properties={"hardware": {}}
        )

    assert endpoint.world.check() == []
    wrong = mistakes("Microsoft.Network/networkInterfaces", {"properties": {"enableIPForwarding": "true"}})
    assert wrong == [".properties.enableIPForwarding: bool is wanted, not 'true'"]


def test_without_the_token_nothing_is_told(endpoint: AzureEndpoint) -> None:
    endpoint.token_file.write_text("another")

    with pytest.raises(HttpResponseError) as refused:
        list(compute(endpoint).virtual_machines.list_all())

    assert refused.value.status_code == 401
