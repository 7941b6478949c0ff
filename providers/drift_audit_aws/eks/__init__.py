"""EKS: the cluster behind an AWSManagedControlPlane, and all that belongs to it."""

from __future__ import annotations

from drift_audit.model.findings import Severity
from drift_audit_aws.eks import cluster_shown, cluster_wanted, parts_shown, parts_wanted
from drift_audit_aws.eks.comparers import COMPARERS
from drift_audit_aws.eks.conditions import CONDITIONS, HINDRANCES, being_made
from drift_audit_aws.eks.names import named_by_eks, stands_in_cluster, unnamed
from drift_audit_aws.eks.readers import (
    ACCESS_ENTRIES,
    ADDONS,
    CLUSTERS,
    FARGATE_PROFILES,
    IDENTITY_PROVIDERS,
    NODE_GROUPS,
    OIDC_PROVIDERS,
)
from drift_audit_aws.family import Family, LeftoverRule
from drift_audit_aws.resource_types import ADDON, EKS_CLUSTER, FARGATE_PROFILE, NODE_GROUP

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
    silences=being_made,
    expectations=(*cluster_wanted.EXPECTATIONS, *parts_wanted.EXPECTATIONS),
    observations=(*cluster_shown.OBSERVATIONS, *parts_shown.OBSERVATIONS),
    conditions=CONDITIONS,
    comparers=COMPARERS,
    hindrances=HINDRANCES,
    leftovers=(
        LeftoverRule(
            type=EKS_CLUSTER,
            severity=Severity.HIGH,
            next_steps=(
                "It costs money by the hour. See what it is: aws eks describe-cluster --region {region} --name {id}",
                "If nothing needs it: delete its node groups and profiles, then "
                "aws eks delete-cluster --region {region} --name {id}",
            ),
        ),
        LeftoverRule(
            type=NODE_GROUP,
            by_cloud_provider_tag=True,
            severity=Severity.HIGH,
            next_steps=(
                "See what runs on its nodes. If nothing needs it, delete {id} (cluster/node group): "
                "aws eks delete-nodegroup --region {region} --cluster-name CLUSTER --nodegroup-name NODEGROUP",
            ),
            stands_in=stands_in_cluster,
        ),
        LeftoverRule(
            type=FARGATE_PROFILE,
            by_cloud_provider_tag=True,
            severity=Severity.LOW,
            next_steps=(
                "If no Pod needs it, delete {id} (cluster/profile): "
                "aws eks delete-fargate-profile --region {region} --cluster-name CLUSTER --fargate-profile-name NAME",
            ),
            stands_in=stands_in_cluster,
        ),
    ),
    always_sent={
        EKS_CLUSTER: frozenset({"roleArn", "version", "resourcesVpcConfig.endpointPublicAccess"}),
        NODE_GROUP: frozenset(
            {"capacityType", "nodeRole", "scalingConfig.desiredSize", "scalingConfig.maxSize", "scalingConfig.minSize"}
        ),
        ADDON: frozenset({"addonVersion"}),
    },
)
"""EKS sends the fields of `always_sent` in every answer about such a resource."""
