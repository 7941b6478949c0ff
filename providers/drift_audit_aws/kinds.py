"""The kinds of Cluster API objects that are AWS's."""

from __future__ import annotations

KINDS = frozenset(
    {
        "AWSCluster",
        "AWSFargateProfile",
        "AWSMachine",
        "AWSMachinePool",
        "AWSManagedCluster",
        "AWSManagedControlPlane",
        "AWSManagedMachinePool",
        "ROSACluster",
        "ROSAControlPlane",
        "ROSAMachinePool",
    }
)
"""Kinds of infrastructure that the provider plans for. What of them is not audited yet is a gap of the plan."""


def looks_like_ours(kind: object) -> bool:
    """True for every name that can only be meant for AWS, misspelt ones too: `AWSMachin`, `AWSMachineTemplate`."""
    return isinstance(kind, str) and kind.casefold().startswith(("aws", "rosa"))
