"""EKS: the cluster behind an AWSManagedControlPlane, and all that belongs to it."""

from __future__ import annotations

from drift_audit_aws.eks.names import named_by_eks, unnamed
from drift_audit_aws.eks.readers import (
    ACCESS_ENTRIES,
    ADDONS,
    CLUSTERS,
    FARGATE_PROFILES,
    IDENTITY_PROVIDERS,
    NODE_GROUPS,
    OIDC_PROVIDERS,
)
from drift_audit_aws.family import Family

FAMILY = Family(
    readers=(
        CLUSTERS,
        NODE_GROUPS,
        FARGATE_PROFILES,
        ADDONS,
        ACCESS_ENTRIES,
        IDENTITY_PROVIDERS,
        OIDC_PROVIDERS,
    ),
    names=named_by_eks,
    doubts=unnamed,
)
