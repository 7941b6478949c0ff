"""Calls that change EKS clusters and what belongs to them.

A part is known as `CLUSTER/NAME`, as in a resource's key. Records spell the cluster's parameter in two ways: by the
member of the API (`clusterName`) and by its place in the address (`name`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drift_audit_aws.history.events.row import Effect, EventRow, event_row

_CLUSTER = ("clusterName", "name")


def managed_events() -> Iterator[EventRow]:
    yield from _clusters()
    yield from _node_groups()
    yield from _addons()
    yield from _access()
    yield event_row("eks:CreateFargateProfile", Effect.CREATE, _part("fargateProfileName"))
    yield event_row("eks:DeleteFargateProfile", Effect.DESTROY, _part("fargateProfileName"))
    for name, effect, where in (("TagResource", Effect.ADD, "tags"), ("UntagResource", Effect.REMOVE, "tagKeys")):
        yield event_row(f"eks:{name}", effect, "resourceArn", {"tags": where})


def _clusters() -> Iterator[EventRow]:
    yield event_row("eks:CreateCluster", Effect.CREATE, "name")
    yield event_row("eks:DeleteCluster", Effect.DESTROY, "name")
    yield event_row(
        "eks:UpdateClusterConfig",
        Effect.SET,
        "name",
        {
            "resourcesVpcConfig.endpointPublicAccess": "resourcesVpcConfig.endpointPublicAccess",
            "resourcesVpcConfig.endpointPrivateAccess": "resourcesVpcConfig.endpointPrivateAccess",
            "resourcesVpcConfig.publicAccessCidrs": "resourcesVpcConfig.publicAccessCidrs",
            "resourcesVpcConfig.subnetIds": "resourcesVpcConfig.subnetIds",
            "resourcesVpcConfig.securityGroupIds": "resourcesVpcConfig.securityGroupIds",
            "logging.clusterLogging": "logging.clusterLogging[].types",
            "accessConfig.authenticationMode": "accessConfig.authenticationMode",
            "upgradePolicy.supportType": "upgradePolicy.supportType",
            "deletionProtection": "deletionProtection",
            "zonalShiftConfig": "zonalShiftConfig.enabled",
            "computeConfig": "computeConfig.enabled",
            "storageConfig": "storageConfig.blockStorage.enabled",
            "remoteNetworkConfig": "remoteNetworkConfig",
        },
        undone_by=("eks:UpdateClusterConfig",),
    )
    yield event_row("eks:UpdateClusterVersion", Effect.SET, "name", {"version": "version"})
    yield event_row("eks:AssociateEncryptionConfig", Effect.SET, _CLUSTER, {"encryptionConfig": ""})


def _node_groups() -> Iterator[EventRow]:
    ids = _part("nodegroupName")
    yield event_row("eks:CreateNodegroup", Effect.CREATE, ids)
    yield event_row("eks:DeleteNodegroup", Effect.DESTROY, ids)
    yield event_row(
        "eks:UpdateNodegroupConfig",
        Effect.SET,
        ids,
        {
            "scalingConfig.desiredSize": "scalingConfig.desiredSize",
            "scalingConfig.minSize": "scalingConfig.minSize",
            "scalingConfig.maxSize": "scalingConfig.maxSize",
            "labels": "labels",
            "taints": "taints",
            "updateConfig": "updateConfig",
            "nodeRepairConfig.enabled": "nodeRepairConfig.enabled",
        },
        undone_by=("eks:UpdateNodegroupConfig",),
    )
    yield event_row(
        "eks:UpdateNodegroupVersion",
        Effect.SET,
        ids,
        {
            "version": "version",
            "releaseVersion": "releaseVersion",
            "launchTemplate.version": "launchTemplate.version",
        },
        undone_by=("eks:UpdateNodegroupVersion",),
    )


def _addons() -> Iterator[EventRow]:
    ids = _part("addonName")
    yield event_row("eks:CreateAddon", Effect.ADD, (*ids, *_CLUSTER), {"addons": "addonName"}, ("eks:DeleteAddon",))
    yield event_row("eks:DeleteAddon", Effect.DESTROY, ids)
    yield event_row(
        "eks:UpdateAddon",
        Effect.SET,
        ids,
        {
            "addonVersion": "addonVersion",
            "serviceAccountRoleArn": "serviceAccountRoleArn",
            "configurationValues": "",
        },
        undone_by=("eks:UpdateAddon",),
    )


def _access() -> Iterator[EventRow]:
    ids = _part("principalArn")
    made: Mapping[str, str] = {"accessEntries": "principalArn"}
    yield event_row("eks:CreateAccessEntry", Effect.ADD, (*ids, "principalArn"), made, ("eks:DeleteAccessEntry",))
    yield event_row("eks:DeleteAccessEntry", Effect.DESTROY, ids)
    yield event_row(
        "eks:UpdateAccessEntry",
        Effect.SET,
        ids,
        {"kubernetesGroups": "kubernetesGroups", "username": "username"},
        undone_by=("eks:UpdateAccessEntry",),
    )
    for name, back in (
        ("AssociateAccessPolicy", "DisassociateAccessPolicy"),
        ("DisassociateAccessPolicy", "AssociateAccessPolicy"),
    ):
        yield event_row(f"eks:{name}", Effect.SET, ids, {"associatedAccessPolicies": ""}, undone_by=(f"eks:{back}",))
    provider = _part("oidc.identityProviderConfigName")
    yield event_row(
        "eks:AssociateIdentityProviderConfig",
        Effect.ADD,
        (*provider, *_CLUSTER),
        {"identityProviderConfigs": "oidc.identityProviderConfigName", "issuerUrl": "oidc.issuerUrl"},
    )
    yield event_row("eks:DisassociateIdentityProviderConfig", Effect.DESTROY, _part("identityProviderConfig.name"))


def _part(name: str) -> tuple[str, ...]:
    return tuple(f"{cluster}/{name}" for cluster in _CLUSTER)
