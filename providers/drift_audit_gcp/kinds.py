"""The kinds of Cluster API objects that are Google Cloud's."""

from __future__ import annotations

KINDS = frozenset(
    {
        "GCPCluster",
        "GCPMachine",
        "GCPMachinePool",
        "GCPManagedCluster",
        "GCPManagedControlPlane",
        "GCPManagedMachinePool",
    }
)
"""Kinds of infrastructure that the provider plans for. What of them is not audited yet is a gap of the plan."""


def looks_like_ours(kind: object) -> bool:
    """True for every name that can only be meant for Google Cloud, misspelt ones too: `GCPMachin`."""
    return isinstance(kind, str) and kind.casefold().startswith("gcp")
