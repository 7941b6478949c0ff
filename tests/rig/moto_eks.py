"""EKS in moto's server: a store of answers in place of moto's own, which lacks half of the service.

moto 5.2 has no add-ons, access entries, access policies, identity providers, versions or encryption of a cluster that
stands, and keeps no `accessConfig`, `upgradePolicy` or `updateConfig`; an update of a cluster's network replaces all
of it, a node group without labels gets none back, and no cluster has a security group or `health`.

Here every part is one dictionary in the shape of botocore's model: moto's serialiser writes what the model has, and
the client reads it. Defaults, and what an update leaves alone, follow the EKS API reference and were not made by AWS.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends
from moto.eks import urls
from moto.eks.exceptions import ResourceInUseException, ResourceNotFoundException
from moto.eks.models import eks_backends
from moto.eks.responses import EKSResponse

Item = dict[str, Any]

NODE_GROUPS, FARGATE, ADDONS, ENTRIES, PROVIDERS = "nodegroup", "fargateprofile", "addon", "access-entry", "provider"
_NAMES = {NODE_GROUPS: "nodegroupName", FARGATE: "fargateProfileName", ADDONS: "addonName", ENTRIES: "principalArn"}
_LISTS = {
    NODE_GROUPS: ("list_nodegroups", "nodegroups"),
    FARGATE: ("list_fargate_profiles", "fargateProfileNames"),
    ADDONS: ("list_addons", "addons"),
    ENTRIES: ("list_access_entries", "accessEntries"),
}
_ANSWERS = {NODE_GROUPS: "nodegroup", FARGATE: "fargateProfile", ADDONS: "addon", ENTRIES: "accessEntry"}
_DESCRIBES = {NODE_GROUPS: "nodegroup", FARGATE: "fargate_profile", ADDONS: "addon", ENTRIES: "access_entry"}
_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_PATHS = (
    "{0}/clusters/(?P<name>[^/]+)/updates$",
    "{0}/clusters/(?P<name>[^/]+)/encryption-config/associate$",
    "{0}/clusters/(?P<name>[^/]+)/node-groups/(?P<nodegroupName>[^/]+)/update-version$",
    "{0}/clusters/(?P<name>[^/]+)/addons$",
    "{0}/clusters/(?P<name>[^/]+)/addons/(?P<addonName>[^/]+)$",
    "{0}/clusters/(?P<name>[^/]+)/addons/(?P<addonName>[^/]+)/update$",
    "{0}/clusters/(?P<name>[^/]+)/access-entries$",
    "{0}/clusters/(?P<name>[^/]+)/access-entries/(?P<principalArn>.+)/access-policies$",
    "{0}/clusters/(?P<name>[^/]+)/access-entries/(?P<principalArn>.+)/access-policies/(?P<policyArn>.+)$",
    "{0}/clusters/(?P<name>[^/]+)/access-entries/(?P<principalArn>.+)$",
    "{0}/clusters/(?P<name>[^/]+)/identity-provider-configs$",
    "{0}/clusters/(?P<name>[^/]+)/identity-provider-configs/associate$",
    "{0}/clusters/(?P<name>[^/]+)/identity-provider-configs/describe$",
    "{0}/clusters/(?P<name>[^/]+)/identity-provider-configs/disassociate$",
)


def extend_eks() -> None:
    """Teaches moto in this process; doing it again changes nothing."""
    for path in _PATHS:
        urls.url_paths[path] = urls.response.dispatch
    for name, method in _methods():
        setattr(EKSResponse, name, method)


def eks_store(account: str, region: str) -> dict[str, Any]:
    """All clusters with their parts: to be copied, and put back after a test."""
    return _store(account, region)


def eks_cluster(account: str, region: str, name: str) -> Item:
    """The answer about a cluster as it will be given, to be changed in place."""
    return _found(_store(account, region), name)


def eks_part(account: str, region: str, kind: str, cluster: str, name: str) -> Item:
    """The same of a node group, an add-on, ..."""
    return _store(account, region)[cluster][kind][name]  # type: ignore[no-any-return]


def _store(account: str, region: str) -> dict[str, Any]:
    """By name of the cluster: its answer under `cluster`, and its parts by kind and name."""
    return eks_backends[account][region].__dict__.setdefault("rig", {})  # type: ignore[no-any-return]


def _found(store: Mapping[str, Any], name: str) -> Item:
    if name not in store:
        raise ResourceNotFoundException(message=f"No cluster found for name: {name}.")
    return store[name]["cluster"]  # type: ignore[no-any-return]


# Clusters


def create_cluster(self: Any) -> ActionResult:
    store, name, now = _store(self.current_account, self.region), self._get_param("name"), datetime.now(UTC)
    if name in store:
        raise ResourceInUseException(message=f"Cluster already exists with name: {name}")
    access = {
        "authenticationMode": "CONFIG_MAP",
        "bootstrapClusterCreatorAdminPermissions": True,
        **(self._get_param("accessConfig") or {}),
    }
    given = {
        field: value
        for field in ("roleArn", "version", "tags", "encryptionConfig", "deletionProtection")
        if (value := self._get_param(field))
    }
    cluster: Item = {
        "name": name,
        "arn": _arn(self, f"cluster/{name}"),
        "createdAt": now,
        "version": "1.31",
        "endpoint": f"https://{uuid.uuid4().hex}.gr7.{self.region}.eks.amazonaws.com",
        "resourcesVpcConfig": {
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
            "securityGroupIds": [],
            "clusterSecurityGroupId": f"sg-{uuid.uuid4().hex[:17]}",
            "vpcId": _vpc(self),
            **_kept(self._get_param("resourcesVpcConfig")),
        },
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": "172.20.0.0/16",
            "ipFamily": "ipv4",
            **_kept(self._get_param("kubernetesNetworkConfig")),
        },
        "logging": _logging(None, self._get_param("logging")),
        "identity": {"oidc": {"issuer": f"https://oidc.eks.{self.region}.amazonaws.com/id/{uuid.uuid4().hex.upper()}"}},
        "status": "ACTIVE",
        "health": {"issues": []},
        "platformVersion": "eks.4",
        "accessConfig": access,
        "upgradePolicy": self._get_param("upgradePolicy") or {"supportType": "EXTENDED"},
        "tags": {},
        "deletionProtection": False,
        **given,
    }
    store[name] = {"cluster": cluster, **{kind: {} for kind in (*_NAMES, PROVIDERS)}}
    if access["authenticationMode"] != "CONFIG_MAP" and access["bootstrapClusterCreatorAdminPermissions"]:
        creator = f"arn:aws:iam::{self.current_account}:role/controllers.cluster-api-provider-aws.sigs.k8s.io"
        policy = {"policyArn": ADMIN, "accessScope": {"type": "cluster"}}
        store[name][ENTRIES][creator] = {**_entry(self, name, creator), "policies": [policy]}
    return ActionResult({"cluster": cluster})


def _vpc(self: Any) -> str:
    """That of the first subnet."""
    chosen = self._get_param("resourcesVpcConfig")["subnetIds"][0]
    (subnet,) = ec2_backends[self.current_account][self.region].describe_subnets(subnet_ids=[chosen])
    return str(subnet.vpc_id)


ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def describe_cluster(self: Any) -> ActionResult:
    return ActionResult({"cluster": _cluster(self)})


def list_clusters(self: Any) -> ActionResult:
    return _page(self, "clusters", list(_store(self.current_account, self.region)))


def delete_cluster(self: Any) -> ActionResult:
    cluster = _cluster(self)
    del _store(self.current_account, self.region)[cluster["name"]]
    return ActionResult({"cluster": cluster})


def update_cluster_config(self: Any) -> ActionResult:
    cluster = _cluster(self)
    cluster["resourcesVpcConfig"].update(_kept(self._get_param("resourcesVpcConfig")))
    cluster["accessConfig"].update(_kept(self._get_param("accessConfig")))
    if self._get_param("logging"):
        cluster["logging"] = _logging(cluster["logging"], self._get_param("logging"))
    for field in ("upgradePolicy", "deletionProtection", "zonalShiftConfig", "computeConfig", "storageConfig"):
        if self._get_param(field) is not None:
            cluster[field] = self._get_param(field)
    return _update("ConfigUpdate")


def update_cluster_version(self: Any) -> ActionResult:
    _cluster(self)["version"] = self._get_param("version")
    return _update("VersionUpdate")


def associate_encryption_config(self: Any) -> ActionResult:
    _cluster(self)["encryptionConfig"] = self._get_param("encryptionConfig")
    return _update("AssociateEncryptionConfig")


def _logging(before: Item | None, change: Item | None) -> Item:
    """On and off are two entries, as AWS gives them; a type that nobody names stays as it was."""
    on = {kind for entry in (before or {}).get("clusterLogging", ()) if entry["enabled"] for kind in entry["types"]}
    for entry in (change or {}).get("clusterLogging", ()):
        on = on | set(entry["types"]) if entry["enabled"] else on - set(entry["types"])
    halves = (([kind for kind in _LOGS if kind in on], True), ([kind for kind in _LOGS if kind not in on], False))
    return {"clusterLogging": [{"types": kinds, "enabled": enabled} for kinds, enabled in halves if kinds]}


# Parts


def create_nodegroup(self: Any) -> ActionResult:
    name, cluster = self._get_param("nodegroupName"), _cluster(self)
    template = self._get_param("launchTemplate")
    own = {} if template else {"instanceTypes": ["t3.medium"], "diskSize": 20}
    return _made(
        self,
        NODE_GROUPS,
        name,
        {
            "version": cluster["version"],
            "releaseVersion": f"{cluster['version']}.0-20261101",
            "modifiedAt": datetime.now(UTC),
            "capacityType": "ON_DEMAND",
            "scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 2},
            "amiType": "AL2023_x86_64_STANDARD",
            "labels": {},
            "taints": [],
            "updateConfig": {"maxUnavailable": 1},
            "nodeRepairConfig": {"enabled": False},
            "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{uuid.uuid4()}"}]},
            "health": {"issues": []},
            **own,
        },
    )


def create_addon(self: Any) -> ActionResult:
    return _made(
        self, ADDONS, self._get_param("addonName"), {"modifiedAt": datetime.now(UTC), "health": {"issues": []}}
    )


def create_fargate_profile(self: Any) -> ActionResult:
    return _made(self, FARGATE, self._get_param("fargateProfileName"), {})


def create_access_entry(self: Any) -> ActionResult:
    principal = self._get_param("principalArn")
    answer = _made(self, ENTRIES, principal, _entry(self, _cluster(self)["name"], principal))
    _parts(self, ENTRIES)[principal]["policies"] = []
    return answer


def _entry(self: Any, cluster: str, principal: str) -> Item:
    return {
        "clusterName": cluster,
        "principalArn": principal,
        "accessEntryArn": _arn(self, f"access-entry/{cluster}/{principal.rpartition(':')[2]}/{uuid.uuid4()}"),
        "createdAt": datetime.now(UTC),
        "modifiedAt": datetime.now(UTC),
        "type": "STANDARD",
        "username": principal,
        "kubernetesGroups": [],
        "tags": {},
    }


def _made(self: Any, kind: str, name: str, defaults: Item) -> ActionResult:
    parts, cluster = _parts(self, kind), _cluster(self)["name"]
    if name in parts:
        raise ResourceInUseException(message=f"{name} already exists")
    sent = {field: value for field, value in json.loads(self.body).items() if field != "clientRequestToken"}
    parts[name] = {
        "clusterName": cluster,
        _NAMES[kind]: name,
        f"{_ANSWERS[kind]}Arn": _arn(self, f"{kind}/{cluster}/{name}/{uuid.uuid4()}"),
        "createdAt": datetime.now(UTC),
        "status": "ACTIVE",
        "tags": {},
        **defaults,
        **sent,
    }
    return ActionResult({_ANSWERS[kind]: parts[name]})


def update_nodegroup_config(self: Any) -> ActionResult:
    group = _part(self, NODE_GROUPS)
    labels, taints = self._get_param("labels") or {}, self._get_param("taints") or {}
    kept = {key: value for key, value in group["labels"].items() if key not in labels.get("removeLabels", ())}
    group["labels"] = {**kept, **labels.get("addOrUpdateLabels", {})}
    changed = [*taints.get("addOrUpdateTaints", ()), *taints.get("removeTaints", ())]
    marks = {(taint["key"], taint["effect"]) for taint in changed}
    group["taints"] = [taint for taint in group["taints"] if (taint["key"], taint["effect"]) not in marks]
    group["taints"] += taints.get("addOrUpdateTaints", ())
    group["scalingConfig"] = {**group["scalingConfig"], **(self._get_param("scalingConfig") or {})}
    for field in ("updateConfig", "nodeRepairConfig"):
        group[field] = self._get_param(field) or group[field]
    return _update("ConfigUpdate")


def update_nodegroup_version(self: Any) -> ActionResult:
    group = _part(self, NODE_GROUPS)
    for field in ("version", "releaseVersion", "launchTemplate"):
        if self._get_param(field):
            group[field] = self._get_param(field)
    return _update("VersionUpdate")


def update_addon(self: Any) -> ActionResult:
    addon = _part(self, ADDONS)
    for field in ("addonVersion", "configurationValues", "serviceAccountRoleArn"):
        if self._get_param(field) is not None:
            addon[field] = self._get_param(field)
    return _update("AddonUpdate")


def update_access_entry(self: Any) -> ActionResult:
    entry = _part(self, ENTRIES)
    for field in ("kubernetesGroups", "username"):
        if self._get_param(field) is not None:
            entry[field] = self._get_param(field)
    return ActionResult({"accessEntry": entry})


def list_associated_access_policies(self: Any) -> ActionResult:
    return _page(self, "associatedAccessPolicies", _part(self, ENTRIES)["policies"])


def associate_access_policy(self: Any) -> ActionResult:
    entry, policy = _part(self, ENTRIES), self._get_param("policyArn")
    others = [each for each in entry["policies"] if each["policyArn"] != policy]
    entry["policies"] = [*others, {"policyArn": policy, "accessScope": self._get_param("accessScope")}]
    return ActionResult({"principalArn": entry["principalArn"], "associatedAccessPolicy": entry["policies"][-1]})


def disassociate_access_policy(self: Any) -> EmptyResult:
    entry, policy = _part(self, ENTRIES), unquote(self._get_param("policyArn"))
    entry["policies"] = [each for each in entry["policies"] if each["policyArn"] != policy]
    return EmptyResult()


# The identity provider


def associate_identity_provider_config(self: Any) -> ActionResult:
    cluster, oidc = _cluster(self)["name"], self._get_param("oidc")
    name = oidc["identityProviderConfigName"]
    arn = _arn(self, f"identityproviderconfig/{cluster}/oidc/{name}/{uuid.uuid4()}")
    tags = self._get_param("tags") or {}
    known = {"clusterName": cluster, "identityProviderConfigArn": arn, "status": "ACTIVE", "tags": tags}
    _parts(self, PROVIDERS)[name] = {**known, **oidc}
    return _update("AssociateIdentityProviderConfig")


def disassociate_identity_provider_config(self: Any) -> ActionResult:
    del _parts(self, PROVIDERS)[self._get_param("identityProviderConfig")["name"]]
    return _update("DisassociateIdentityProviderConfig")


def list_identity_provider_configs(self: Any) -> ActionResult:
    return _page(self, "identityProviderConfigs", [{"type": "oidc", "name": name} for name in _parts(self, PROVIDERS)])


def describe_identity_provider_config(self: Any) -> ActionResult:
    name = self._get_param("identityProviderConfig")["name"]
    return ActionResult({"identityProviderConfig": {"oidc": _parts(self, PROVIDERS)[name]}})


# Tags


def tag_resource(self: Any) -> EmptyResult:
    _tagged(self)["tags"].update(self._get_param("tags"))
    return EmptyResult()


def untag_resource(self: Any) -> EmptyResult:
    item = _tagged(self)
    keys = self.querystring.get("tagKeys") or self._get_param("tagKeys")
    item["tags"] = {key: value for key, value in item["tags"].items() if key not in keys}
    return EmptyResult()


def _tagged(self: Any) -> Item:
    arn = unquote(self.path).partition("/tags/")[2]
    for known in _store(self.current_account, self.region).values():
        for item in (known["cluster"], *(part for kind in _NAMES for part in known[kind].values())):
            if arn in item.values():
                return item  # type: ignore[no-any-return]
    raise ResourceNotFoundException(message=f"no resource {arn}")


# What all have in common


def _listing(kind: str, field: str) -> Callable[[Any], ActionResult]:
    return lambda self: _page(self, field, list(_parts(self, kind)))


def _describing(kind: str) -> Callable[[Any], ActionResult]:
    return lambda self: ActionResult({_ANSWERS[kind]: _part(self, kind)})


def _deleting(kind: str) -> Callable[[Any], ActionResult]:
    def delete(self: Any) -> ActionResult:
        item = _part(self, kind)
        del _parts(self, kind)[item[_NAMES[kind]]]
        return ActionResult({_ANSWERS[kind]: item})

    return delete


def _methods() -> Iterator[tuple[str, Any]]:
    for kind, (listing, field) in _LISTS.items():
        yield listing, _listing(kind, field)
        yield f"describe_{_DESCRIBES[kind]}", _describing(kind)
        yield f"delete_{_DESCRIBES[kind]}", _deleting(kind)
    for method in (
        create_cluster,
        describe_cluster,
        list_clusters,
        delete_cluster,
        update_cluster_config,
        update_cluster_version,
        associate_encryption_config,
        create_nodegroup,
        create_addon,
        create_fargate_profile,
        create_access_entry,
        update_nodegroup_config,
        update_nodegroup_version,
        update_addon,
        update_access_entry,
        list_associated_access_policies,
        associate_access_policy,
        disassociate_access_policy,
        associate_identity_provider_config,
        disassociate_identity_provider_config,
        list_identity_provider_configs,
        describe_identity_provider_config,
        tag_resource,
        untag_resource,
    ):
        yield method.__name__, method


def _cluster(self: Any) -> Item:
    return _found(_store(self.current_account, self.region), self._get_param("name"))


def _parts(self: Any, kind: str) -> dict[str, Item]:
    cluster = _cluster(self)["name"]
    return _store(self.current_account, self.region)[cluster][kind]  # type: ignore[no-any-return]


def _part(self: Any, kind: str) -> Item:
    name = unquote(self._get_param(_NAMES[kind]))
    parts = _parts(self, kind)
    if name not in parts:
        raise ResourceNotFoundException(message=f"No {kind} found for name: {name}.")
    return parts[name]


def _page(self: Any, field: str, items: list[Any]) -> ActionResult:
    size, start = int(self._get_param("maxResults") or 100), int(self._get_param("nextToken") or 0)
    more = {"nextToken": str(start + size)} if len(items) > start + size else {}
    return ActionResult({field: items[start : start + size], **more})


def _update(kind: str) -> ActionResult:
    return ActionResult({"update": {"id": str(uuid.uuid4()), "status": "Successful", "type": kind}})


def _kept(given: Mapping[str, Any] | None) -> Item:
    return {key: value for key, value in (given or {}).items() if value is not None}


def _arn(self: Any, resource: str) -> str:
    return f"arn:aws:eks:{self.region}:{self.current_account}:{resource}"
