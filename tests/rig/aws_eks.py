"""EKS as CAPA would have made it: a network, the cluster with its add-ons and access entries, node groups, profiles.

    state = build_eks(aws_endpoint.url, "111122223333", "eu-west-1", EksSpec(name="e1", groups=(GroupSpec(name="ng"),)))

Real boto3 calls over HTTP against moto's server, which `tests.rig.moto_eks` teaches EKS. Written down from CAPA v2.13.0
(pkg/cloud/services/eks, pkg/eks/addons), a second time and not taken from the provider that the tests are about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.rig.aws_network import CCM, ROLE, TAG, NetworkPlan, NetworkState, build_network
from tests.rig.aws_state import aws_client

_LOGS = {
    "apiServer": "api",
    "audit": "audit",
    "authenticator": "authenticator",
    "controllerManager": "controllerManager",
    "scheduler": "scheduler",
}
_EFFECTS = {"no-schedule": "NO_SCHEDULE", "no-execute": "NO_EXECUTE", "prefer-no-schedule": "PREFER_NO_SCHEDULE"}
_CAPACITY = {"onDemand": "ON_DEMAND", "spot": "SPOT"}
_IDENTITY = {
    "identityProviderConfigName": "identityProviderConfigName",
    "issuerUrl": "issuerUrl",
    "clientId": "clientId",
    "usernameClaim": "usernameClaim",
    "usernamePrefix": "usernamePrefix",
    "groupsClaim": "groupsClaim",
    "groupsPrefix": "groupsPrefix",
    "requiredClaims": "requiredClaims",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpec:
    """One AWSManagedMachinePool with the MachinePool that owns it."""

    name: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    """`AWSManagedMachinePool.spec` as declared."""
    replicas: int | None = 2
    version: str = ""
    """Of the MachinePool's template."""

    @property
    def node_group(self) -> str:
        return f"default_{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSpec:
    """One AWSFargateProfile."""

    name: str
    spec: Mapping[str, Any] = field(default_factory=lambda: {"selectors": [{"namespace": "web"}]})


@dataclass(frozen=True, slots=True, kw_only=True)
class EksSpec:
    """One Cluster with its AWSManagedControlPlane, as they were declared."""

    name: str
    namespace: str = "default"
    spec: Mapping[str, Any] = field(default_factory=dict)
    """`AWSManagedControlPlane.spec` as declared."""
    groups: Sequence[GroupSpec] = ()
    profiles: Sequence[ProfileSpec] = ()

    @property
    def eks_name(self) -> str:
        """As the webhook generates it (pkg/eks/eks.go, GenerateEKSName)."""
        return f"{self.namespace}_{self.name}-cp"


@dataclass(frozen=True, slots=True, kw_only=True)
class EksState:
    """What AWS has of the cluster."""

    account: str
    region: str
    network: NetworkState
    node_group_security: str
    """Id of the group `node-eks-additional`."""
    cluster_security: str
    addons: tuple[str, ...] = ()
    oidc_provider: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)
    """Id of the launch template by name of the AWSManagedMachinePool."""

    def control_plane_spec(self, cluster: EksSpec) -> dict[str, Any]:
        """`AWSManagedControlPlane.spec` with what webhook and controller fill in."""
        declared = dict(cluster.spec)
        network = dict(declared.get("network", {}))
        addons = [{"conflictResolution": "overwrite", **each} for each in declared.get("addons", ())]
        return {
            "region": self.region,
            "eksClusterName": cluster.eks_name,
            "identityRef": {"kind": "AWSClusterControllerIdentity", "name": "default"},
            "roleName": "eks-controlplane.cluster-api-provider-aws.sigs.k8s.io",
            "bastion": {"enabled": False, "allowedCIDRBlocks": ["0.0.0.0/0", "::/0"]},
            "bootstrapSelfManagedAddons": True,
            "tokenMethod": "iam-authenticator",
            **declared,
            **({"addons": addons} if addons else {}),
            "network": {
                **network,
                "vpc": self.network.vpc_spec(network.get("vpc", {})),
                "subnets": self.network.subnet_specs(),
            },
        }

    def control_plane_status(self, cluster: EksSpec) -> dict[str, Any]:
        """`AWSManagedControlPlane.status` of a control plane that is ready."""
        groups = {"node-eks-additional": self.node_group_security, "cluster": self.cluster_security}
        provider = cluster.spec.get("oidcIdentityProviderConfig")
        return {
            "ready": True,
            "initialized": True,
            "networkStatus": {
                "securityGroups": {
                    role: {"id": group, "name": f"{cluster.name}-{role}"} for role, group in groups.items()
                },
                "natGatewaysIPs": list(self.network.addresses),
            },
            **({"addons": [{"name": name} for name in self.addons]} if self.addons else {}),
            **({"oidcProvider": {"arn": self.oidc_provider}} if self.oidc_provider else {}),
            **({"identityProviderStatus": {"arn": "arn:aws:eks:x", "status": "ACTIVE"}} if provider else {}),
        }

    def group_spec(self, group: GroupSpec) -> dict[str, Any]:
        """`AWSManagedMachinePool.spec` with what webhook and controller fill in."""
        return {
            "eksNodegroupName": group.node_group,
            "roleName": "eks-nodegroup.cluster-api-provider-aws.sigs.k8s.io",
            "updateConfig": {"maxUnavailable": 1},
            **group.spec,
        }

    def group_status(self, group: GroupSpec) -> dict[str, Any]:
        """`AWSManagedMachinePool.status` of a pool that is ready."""
        template = self.templates.get(group.name)
        noted = {"launchTemplateID": template, "launchTemplateVersion": "1"} if template else {}
        return {"ready": True, "replicas": group.replicas or 1, **noted}

    def profile_spec(self, cluster: EksSpec, profile: ProfileSpec) -> dict[str, Any]:
        """`AWSFargateProfile.spec` with what the webhook fills in."""
        role = "eks-fargate.cluster-api-provider-aws.sigs.k8s.io"
        return {"clusterName": cluster.name, "profileName": f"default_{profile.name}", "roleName": role, **profile.spec}


def build_eks(endpoint: str, account: str, region: str, cluster: EksSpec) -> EksState:
    """Makes everything that CAPA would have made for the cluster, and says what it is called."""
    ec2, eks, iam = (aws_client(service, endpoint, account, region) for service in ("ec2", "eks", "iam"))
    network = build_network(
        ec2, NetworkPlan(cluster=cluster.name, region=region, spec=cluster.spec, zones=2, cloud_name=cluster.eks_name)
    )
    state = EksState(
        account=account,
        region=region,
        network=network,
        node_group_security=_additional_group(ec2, cluster, network.vpc),
        cluster_security=_cluster_group(ec2, cluster, network.vpc),
    )
    made = eks.create_cluster(**_cluster(cluster, state))["cluster"]
    eks.tag_resource(resourceArn=made["arn"], tags=_cluster_tags(cluster))
    if cluster.spec.get("accessConfig", {}).get("authenticationMode", "config_map") != "config_map":
        for entry in cluster.spec.get("accessEntries", ()):
            _entry(eks, cluster, entry)
    for addon in cluster.spec.get("addons", ()):
        eks.create_addon(clusterName=cluster.eks_name, tags=_tags(cluster, cluster.spec), **_addon(addon))
    provider = cluster.spec.get("oidcIdentityProviderConfig")
    if provider is not None:
        sent = {_IDENTITY[key]: value for key, value in provider.items() if key in _IDENTITY}
        eks.associate_identity_provider_config(clusterName=cluster.eks_name, oidc=sent, tags=provider.get("tags", {}))
    oidc = ""
    if cluster.spec.get("associateOIDCProvider"):
        oidc = iam.create_open_id_connect_provider(
            Url=made["identity"]["oidc"]["issuer"], ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
        )["OpenIDConnectProviderArn"]
    templates = {group.name: _template(ec2, cluster, group) for group in cluster.groups if _templated(group)}
    for group in cluster.groups:
        eks.create_nodegroup(**_group(cluster, group, state, templates))
    for profile in cluster.profiles:
        eks.create_fargate_profile(**_profile(cluster, profile, state))
    for client in (ec2, eks, iam):
        client.close()
    installed = tuple(each["name"] for each in cluster.spec.get("addons", ()))
    return replace(state, addons=installed, oidc_provider=oidc, templates=templates)


def _role(state: EksState, name: str) -> str:
    return f"arn:aws:iam::{state.account}:role/{name}"


def _cluster(cluster: EksSpec, state: EksState) -> dict[str, Any]:
    """pkg/cloud/services/eks/cluster.go, createCluster."""
    spec = state.control_plane_spec(cluster)
    access, endpoints = spec.get("accessConfig", {}), spec.get("endpointAccess", {})
    private = spec.get("restrictPrivateSubnets")
    subnets = [each.id for each in state.network.subnets if not private or each.role == "private"]
    vpc: dict[str, Any] = {"subnetIds": subnets, "securityGroupIds": [state.node_group_security]}
    for sent, field_name in (
        ("endpointPublicAccess", "public"),
        ("endpointPrivateAccess", "private"),
        ("publicAccessCidrs", "publicCIDRs"),
    ):
        if endpoints.get(field_name) is not None:
            vpc[sent] = endpoints[field_name]
    request: dict[str, Any] = {
        "name": cluster.eks_name,
        "roleArn": _role(state, spec["roleName"]),
        "resourcesVpcConfig": vpc,
        "tags": {**spec.get("additionalTags", {}), CCM + cluster.eks_name: "owned"},
    }
    if spec.get("version"):
        request["version"] = ".".join(spec["version"].removeprefix("v").split(".")[:2])
    if spec.get("logging") is not None:
        request["logging"] = {
            "clusterLogging": [
                {
                    "types": [sent for name, sent in _LOGS.items() if bool(spec["logging"].get(name)) is on],
                    "enabled": on,
                }
                for on in (True, False)
            ]
        }
    if spec.get("encryptionConfig") is not None:
        config = spec["encryptionConfig"]
        request["encryptionConfig"] = [
            {"provider": {"keyArn": config["provider"]}, "resources": list(config["resources"])}
        ]
    if access.get("authenticationMode"):
        request["accessConfig"] = {
            "authenticationMode": access["authenticationMode"].upper(),
            "bootstrapClusterCreatorAdminPermissions": access.get("bootstrapClusterCreatorAdminPermissions", True),
        }
    if spec.get("upgradePolicy"):
        request["upgradePolicy"] = {"supportType": spec["upgradePolicy"].upper()}
    return request


def _cluster_tags(cluster: EksSpec) -> dict[str, str]:
    """pkg/cloud/services/eks/tags.go, reconcileTags."""
    own = {"Name": cluster.eks_name, TAG + cluster.eks_name: "owned", ROLE: "common"}
    return {**own, **cluster.spec.get("additionalTags", {})}


def _tags(cluster: EksSpec, *specs: Mapping[str, Any]) -> dict[str, str]:
    """pkg/cloud/services/eks/nodegroup.go, ngTags."""
    merged = {key: value for spec in specs for key, value in spec.get("additionalTags", {}).items()}
    return {**merged, CCM + cluster.name: "owned"}


def _entry(eks: Any, cluster: EksSpec, entry: Mapping[str, Any]) -> None:
    principal = entry["principalARN"]
    sent = {"kubernetesGroups": entry.get("kubernetesGroups"), "username": entry.get("username")}
    eks.create_access_entry(
        clusterName=cluster.eks_name,
        principalArn=principal,
        type=entry.get("type", "standard").upper(),
        tags=_tags(cluster, cluster.spec),
        **{key: value for key, value in sent.items() if value},
    )
    for policy in entry.get("accessPolicies", ()):
        eks.associate_access_policy(
            clusterName=cluster.eks_name,
            principalArn=principal,
            policyArn=policy["policyARN"],
            accessScope=policy["accessScope"],
        )


def _addon(addon: Mapping[str, Any]) -> dict[str, Any]:
    sent = {
        "addonName": addon["name"],
        "addonVersion": addon["version"],
        "configurationValues": addon.get("configuration"),
        "serviceAccountRoleArn": addon.get("serviceAccountRoleARN"),
    }
    return {key: value for key, value in sent.items() if value}


def _templated(group: GroupSpec) -> bool:
    return "awsLaunchTemplate" in group.spec


def _template(ec2: Any, cluster: EksSpec, group: GroupSpec) -> str:
    name = f"{cluster.name}-cp-{group.name}"
    tags = {"Name": name, TAG + cluster.eks_name: "owned", CCM + cluster.eks_name: "owned", ROLE: "node"}
    made = ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"InstanceType": group.spec["awsLaunchTemplate"].get("instanceType", "m5.large")},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": _pairs(tags)}],
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def _group(cluster: EksSpec, group: GroupSpec, state: EksState, templates: Mapping[str, str]) -> dict[str, Any]:
    """pkg/cloud/services/eks/nodegroup.go, createNodegroup."""
    spec = state.group_spec(group)
    scaling = {"desiredSize": 1 if group.replicas is None else group.replicas, **spec.get("scaling", {})}
    sent: dict[str, Any] = {
        "clusterName": cluster.eks_name,
        "nodegroupName": spec["eksNodegroupName"],
        "nodeRole": _role(state, spec["roleName"]),
        "subnets": _subnets(state, spec),
        "scalingConfig": {"minSize": 1, "maxSize": max(scaling["desiredSize"], 1), **scaling},
        "tags": _tags(cluster, cluster.spec, spec),
        "updateConfig": spec["updateConfig"],
    }
    for name, field_name in (("labels", "labels"), ("amiType", "amiType"), ("diskSize", "diskSize")):
        if spec.get(field_name) is not None:
            sent[name] = spec[field_name]
    if spec.get("instanceType"):
        sent["instanceTypes"] = [spec["instanceType"]]
    if spec.get("capacityType"):
        sent["capacityType"] = _CAPACITY[spec["capacityType"]]
    if spec.get("taints"):
        sent["taints"] = [{**taint, "effect": _EFFECTS[taint["effect"]]} for taint in spec["taints"]]
    if spec.get("nodeRepairConfig") is not None:
        sent["nodeRepairConfig"] = spec["nodeRepairConfig"]
    if spec.get("amiVersion"):
        sent["releaseVersion"] = spec["amiVersion"]
    if group.name in templates:
        sent["launchTemplate"] = {"id": templates[group.name], "version": "1"}
    if spec.get("remoteAccess") is not None:
        access = spec["remoteAccess"]
        groups = [] if access.get("public") else [*access.get("sourceSecurityGroups", ()), state.cluster_security]
        sent["remoteAccess"] = {"ec2SshKey": access.get("sshKeyName"), "sourceSecurityGroups": groups}
    return sent


def _profile(cluster: EksSpec, profile: ProfileSpec, state: EksState) -> dict[str, Any]:
    spec = state.profile_spec(cluster, profile)
    return {
        "clusterName": cluster.eks_name,
        "fargateProfileName": spec["profileName"],
        "podExecutionRoleArn": _role(state, spec["roleName"]),
        "subnets": _subnets(state, spec),
        "selectors": list(spec["selectors"]),
        "tags": _tags(cluster, spec),
    }


def _subnets(state: EksState, spec: Mapping[str, Any]) -> list[str]:
    """Those that are named, by the name that the spec of the network gives them; else the private ones."""
    named = {each.name: each.id for each in state.network.subnets}
    private = [each.id for each in state.network.subnets if each.role == "private"]
    return [named.get(each, each) for each in spec.get("subnetIDs", ())] or private


def _additional_group(ec2: Any, cluster: EksSpec, vpc: str) -> str:
    """The group that CAPA makes for nodes of EKS: without a bastion it has the declared rules alone."""
    name = f"{cluster.name}-node-eks-additional"
    tags = {"Name": name, TAG + cluster.name: "owned", ROLE: "node-eks-additional"}
    group = _security_group(ec2, name, vpc, {**cluster.spec.get("additionalTags", {}), **tags})
    for entry in cluster.spec.get("network", {}).get("additionalControlPlaneIngressRules", ()):
        ranges = [{"CidrIp": block, "Description": entry["description"]} for block in entry["cidrBlocks"]]
        ports = {"IpProtocol": entry["protocol"], "FromPort": entry["fromPort"], "ToPort": entry["toPort"]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**ports, "IpRanges": ranges}])
    return group


def _cluster_group(ec2: Any, cluster: EksSpec, vpc: str) -> str:
    """The group that EKS makes. moto takes no tag `aws:eks:cluster-name`: its name tells what it is."""
    return _security_group(ec2, f"eks-cluster-sg-{cluster.eks_name}-1", vpc, {})


def _security_group(ec2: Any, name: str, vpc: str, tags: Mapping[str, str]) -> str:
    made = ec2.create_security_group(VpcId=vpc, GroupName=name, Description=f"Kubernetes cluster {name}")
    if tags:
        ec2.create_tags(Resources=[made["GroupId"]], Tags=_pairs(tags))
    return str(made["GroupId"])


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
