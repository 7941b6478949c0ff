"""An Azure fleet built as CAPZ builds it is silent; one change in Azure is one fact.

Everything is read by the provider over HTTPS from the double, through Resource Graph and type by type.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from drift_audit.model.fields import ReactionKind
from drift_audit.model.findings import Severity
from drift_audit.model.values import Present
from drift_audit_azure.provider import AzureProvider
from drift_audit_azure.settings import AzureSettings
from tests.integration.azure_flips import CONTROL_PLANE, FLIPS, NOBODYS, NODE, REACTIONS, UNFLIPPED, drop, power, put
from tests.integration.azure_world import world
from tests.rig.azure.cluster import AzureClusterSpec, AzureMachineSpec
from tests.rig.azure.fleets import C1, PRIVATE, THEIRS
from tests.rig.azure.server import AzureEndpoint
from tests.unit.azure.builders import changed, replaced


@pytest.mark.parametrize("graph", [True, False], ids=["graph", "lists"])
@pytest.mark.parametrize("spec", [C1, PRIVATE, THEIRS], ids=lambda spec: spec.name)
def test_an_untouched_cluster_is_silent(azure_endpoint: AzureEndpoint, spec: AzureClusterSpec, graph: bool) -> None:
    built = world(azure_endpoint, spec, resource_graph=graph)

    assert built.facts() == ()
    correlation = built.correlation()
    kinds = [link.resource.type for link in correlation.links]
    assert kinds.count("virtual-machine") == kinds.count("network-interface") == len(spec.machines)
    assert kinds.count("subnet") == 2
    assert kinds.count("network-security-group") == (0 if spec.brought else 2)
    assert not (correlation.absences or correlation.leftovers or correlation.undecided or correlation.gaps)


@pytest.mark.parametrize("graph", [True, False], ids=["graph", "lists"])
@pytest.mark.parametrize("row", FLIPS)
def test_one_change_in_azure_is_one_fact(azure_endpoint: AzureEndpoint, row: str, graph: bool) -> None:
    built = world(azure_endpoint, C1, resource_graph=graph)
    FLIPS[row](built.azure)

    assert [fact.row.id for fact in built.facts()] == [row]


def test_every_row_is_flipped() -> None:
    rows = {row.id for row in AzureProvider(AzureSettings()).rows()}

    assert rows == {*FLIPS, *UNFLIPPED}


@pytest.mark.parametrize("what", NOBODYS)
def test_what_is_nobodys_business_is_no_fact(azure_endpoint: AzureEndpoint, what: str) -> None:
    built = world(azure_endpoint, C1)
    NOBODYS[what](built.azure)

    assert built.facts() == ()


def test_fields_that_only_special_machines_declare_are_compared(azure_endpoint: AzureEndpoint) -> None:
    group = f"{C1.naming.group_id}/providers/Microsoft.Compute/capacityReservationGroups/g"
    special = {
        "capacityReservationGroupID": group,
        "additionalCapabilities": {"ultraSSDEnabled": True},
        "osDisk": {
            "osType": "Linux",
            "diskSizeGB": 30,
            "managedDisk": {
                "storageAccountType": "Premium_LRS",
                "securityProfile": {"securityEncryptionType": "VMGuestStateOnly"},
            },
        },
    }
    spec = replace(C1, machines=(AzureMachineSpec(name="c1-md-0", spec=special),))

    built = world(azure_endpoint, spec)

    assert {fact.row.id for fact in built.facts()} == UNFLIPPED, "the double makes machines without any of these"


@pytest.mark.parametrize("what", REACTIONS)
def test_the_reaction_is_that_of_the_very_change(azure_endpoint: AzureEndpoint, what: str) -> None:
    change, row, reaction = REACTIONS[what]
    built = world(azure_endpoint, C1)
    change(built.azure)

    facts = built.facts()

    assert [(fact.row.id, fact.row.reaction.kind) for fact in facts] == [(row, reaction)]


def test_a_control_plane_that_does_not_run_is_worse(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    power(CONTROL_PLANE, "deallocated")(built.azure)

    (fact,) = built.facts()

    assert (fact.severity, fact.cloud) == (Severity.CRITICAL, Present("deallocated"))


def test_a_deallocated_machine_tells_its_disk_by_the_disk(azure_endpoint: AzureEndpoint) -> None:
    """Azure leaves the size out of a machine that is not running."""
    built = world(azure_endpoint, C1)
    drop(NODE, "properties", "storageProfile", "osDisk", "diskSizeGB")(built.azure)

    assert built.facts() == ()


def test_a_tag_is_not_put_back_once_the_tag_of_ownership_is_gone(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    drop(NODE, "tags", C1.naming.owned_tag)(built.azure)
    put(NODE, "tags", "team", to="somebody")(built.azure)

    facts = {fact.row.id: fact.row.reaction for fact in built.facts()}

    assert facts.keys() == {"azure.vm.owned-tag", "azure.vm.tags"}
    assert facts["azure.vm.tags"].kind is ReactionKind.IGNORED
    assert "CAPZ keeps no tags" in facts["azure.vm.tags"].detail


def test_nothing_is_put_back_while_the_cluster_is_paused(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    put(C1.naming.vnet, "properties", "addressSpace", "addressPrefixes", to=["10.0.0.0/9"])(built.azure)
    paused = changed(built.named("Cluster", "c1"), spec={"paused": True})

    (fact,) = built.facts(replaced(built.objects, paused))

    assert fact.row.reaction.kind is ReactionKind.IGNORED
    assert fact.row.reaction.detail.startswith("Cluster is paused")


def test_a_network_that_somebody_brought_is_adopted(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, THEIRS)
    put(THEIRS.naming.vnet, "properties", "addressSpace", "addressPrefixes", to=["10.0.0.0/9"])(built.azure)

    (fact,) = built.facts()

    assert (fact.row.id, fact.row.reaction.kind) == ("azure.vnet.address-space", ReactionKind.ADOPTED)


def test_the_zone_of_the_machine_counts_before_that_of_its_infrastructure(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    older = changed(built.named("AzureMachine", "c1-md-0"), spec={"failureDomain": "3"})
    newer = changed(built.named("Machine", "c1-md-0"), spec={"failureDomain": "2"})

    assert built.facts(replaced(built.objects, older, newer)) == ()


def test_a_machine_that_is_deleted_is_not_compared(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    FLIPS["azure.vm.size"](built.azure)
    leaving = changed(built.named("AzureMachine", "c1-md-0"), metadata={"deletionTimestamp": "2026-01-02T00:00:00Z"})

    assert built.facts(replaced(built.objects, leaving)) == ()


def test_two_clusters_of_a_subscription_do_not_mix(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1, PRIVATE)
    FLIPS["azure.nic.ip-forwarding"](built.azure)

    (fact,) = built.facts()

    assert fact.link.cluster.name == "c1"
