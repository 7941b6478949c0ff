"""An Azure fleet built as CAPZ builds it is silent; one change in Azure is one fact.

Everything is read by the provider over HTTPS from the double, through Resource Graph and type by type.
"""

from __future__ import annotations

import pytest

from tests.integration.azure_world import world
from tests.rig.azure.cluster import AzureClusterSpec
from tests.rig.azure.fleets import C1, PRIVATE, THEIRS
from tests.rig.azure.server import AzureEndpoint


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
