"""The kinds of Cluster API objects that are AWS's."""

from __future__ import annotations

from collections.abc import Mapping

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


_LIKE: Mapping[str, tuple[str, ...]] = {"AWSManagedControlPlane": ("AWSCluster",)}


def kinds_of_rows(kind: str) -> tuple[str, ...]:
    """The kinds whose rows hold for an object: an EKS control plane has the network, the groups and the bastion of an
    AWSCluster in the same fields, and CAPA keeps them by the same code."""
    return (kind, *_LIKE.get(kind, ()))


def looks_like_ours(kind: object) -> bool:
    """True for every name that can only be meant for AWS, misspelt ones too: `AWSMachin`, `AWSMachineTemplate`."""
    return isinstance(kind, str) and kind.casefold().startswith(("aws", "rosa"))
