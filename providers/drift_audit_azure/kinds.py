"""The kinds of Cluster API objects that are Azure's."""

from __future__ import annotations

KINDS = frozenset(
    {
        "AzureASOManagedCluster",
        "AzureASOManagedControlPlane",
        "AzureASOManagedMachinePool",
        "AzureCluster",
        "AzureMachine",
        "AzureMachinePool",
        "AzureMachinePoolMachine",
        "AzureManagedCluster",
        "AzureManagedControlPlane",
        "AzureManagedMachinePool",
    }
)
"""Kinds of infrastructure that the provider plans for. What of them is not audited yet is a gap of the plan."""


def looks_like_ours(kind: object) -> bool:
    """True for every name that can only be meant for Azure, misspelt ones too: `AzureMachin`."""
    return isinstance(kind, str) and kind.casefold().startswith("azure")
