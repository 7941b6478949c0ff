"""Machine pools as CAPA would have made them: a launch template and an Auto Scaling group with its instances.

Written down from CAPA v2.13.0 (pkg/cloud/services/ec2/launchtemplate.go, pkg/cloud/services/autoscaling), a second
time and not taken from the provider that the tests are about.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BOOTSTRAP = "#cloud-config\n# bootstrap token of {name}: abcdef.0123456789abcdef\n"
"""What kubeadm's bootstrap data begins with; no part of it may ever come out of an audit."""
SECRET_TAG = "sigs.k8s.io/cluster-api-provider-aws/bootstrap-data-secret"
HASH_TAG = "sigs.k8s.io/cluster-api-provider-aws/bootstrap-data-hash"

_METADATA = {
    "httpEndpoint": "HttpEndpoint",
    "httpTokens": "HttpTokens",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "instanceMetadataTags": "InstanceMetadataTags",
}
_METADATA_DEFAULTS = {
    "httpEndpoint": "enabled",
    "httpProtocolIpv6": "disabled",
    "httpPutResponseHopLimit": 1,
    "httpTokens": "optional",
    "instanceMetadataTags": "disabled",
}
_VOLUME = {
    "size": "VolumeSize",
    "type": "VolumeType",
    "iops": "Iops",
    "encrypted": "Encrypted",
    "encryptionKey": "KmsKeyId",
}
_PROCESSES = {"launch": "Launch", "terminate": "Terminate", "azRebalance": "AZRebalance", "healthCheck": "HealthCheck"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSpec:
    """One AWSMachinePool with the MachinePool that owns it."""

    name: str
    spec: Mapping[str, Any] = field(default_factory=lambda: {"awsLaunchTemplate": {"instanceType": "m5.large"}})
    """`AWSMachinePool.spec` as declared."""
    replicas: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """What AWS has of the pool."""

    group_arn: str
    template_id: str
    instances: Mapping[str, str]
    """Zone by instance id."""

    def spec(self, pool: PoolSpec) -> dict[str, Any]:
        """`AWSMachinePool.spec` with what the CRD's defaults, webhook and controller fill in."""
        template = dict(pool.spec["awsLaunchTemplate"])
        spot = template.get("spotMarketOptions") is not None
        template.setdefault("marketType", "Spot" if spot else "OnDemand")
        if template.get("instanceMetadataOptions") is not None:
            template["instanceMetadataOptions"] = {**_METADATA_DEFAULTS, **template["instanceMetadataOptions"]}
        if template.get("rootVolume") is not None:
            template["rootVolume"] = {"deviceName": "/dev/sda1", **template["rootVolume"]}
        return {
            "minSize": 1,
            "maxSize": 1,
            "defaultCoolDown": "5m0s",
            "defaultInstanceWarmup": "5m0s",
            **pool.spec,
            "awsLaunchTemplate": template,
            "providerID": self.group_arn,
            "providerIDList": [f"aws:///{zone}/{instance}" for instance, zone in self.instances.items()],
        }

    def status(self) -> dict[str, Any]:
        """`AWSMachinePool.status` of a pool that is ready."""
        return {
            "ready": True,
            "replicas": len(self.instances),
            "launchTemplateID": self.template_id,
            "launchTemplateVersion": "1",
            "instances": [{"instanceID": instance} for instance in self.instances],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlace:
    """What a pool takes from its cluster."""

    tags: Mapping[str, str]
    """Of everything that CAPA makes for a node, but `Name`."""
    groups: Sequence[str]
    """Ids of the core security groups of a node."""
    subnets: Mapping[str, str]
    """By `public` and `private`."""
    namespace: str
    image: str


def build_pool(ec2: Any, autoscaling: Any, pool: PoolSpec, place: PoolPlace) -> PoolState:
    """Makes everything that CAPA would have made for the pool, and says what it is called."""
    tags = {"Name": pool.name, **place.tags}
    template = ec2.create_launch_template(
        LaunchTemplateName=pool.name,
        LaunchTemplateData=template_data(pool, place),
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": _tag_list(tags)}],
    )["LaunchTemplate"]["LaunchTemplateId"]
    autoscaling.create_auto_scaling_group(**_group(pool, place, tags, template))
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=pool.name, HealthCheckGracePeriod=0)
    processes = _suspended(pool)
    if processes:
        autoscaling.suspend_processes(AutoScalingGroupName=pool.name, ScalingProcesses=processes)
    for hook in pool.spec.get("lifecycleHooks", ()):
        autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=pool.name,
            LifecycleHookName=hook["name"],
            LifecycleTransition=hook["lifecycleTransition"],
            DefaultResult=hook.get("defaultResult", "ABANDON"),
            HeartbeatTimeout=3600,
        )
    described = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[pool.name])["AutoScalingGroups"][0]
    return PoolState(
        group_arn=described["AutoScalingGroupARN"],
        template_id=template,
        instances={member["InstanceId"]: member["AvailabilityZone"] for member in described["Instances"]},
    )


def template_data(pool: PoolSpec, place: PoolPlace) -> dict[str, Any]:
    """`RequestLaunchTemplateData` as CAPA sends it."""
    template = pool.spec["awsLaunchTemplate"]
    bootstrap = BOOTSTRAP.format(name=pool.name).encode()
    tags = {"Name": pool.name, **place.tags}
    noted = {SECRET_TAG: f"{place.namespace}/{pool.name}", HASH_TAG: hashlib.sha256(bootstrap).hexdigest()}
    additional = [group["id"] for group in template.get("additionalSecurityGroups", ()) if "id" in group]
    data: dict[str, Any] = {
        "ImageId": template.get("ami", {}).get("id", place.image),
        "SecurityGroupIds": [*place.groups, *additional],
        "UserData": base64.b64encode(bootstrap).decode(),
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": _tag_list({**tags, **noted})},
            {"ResourceType": "volume", "Tags": _tag_list(tags)},
        ],
    }
    if template.get("instanceType"):
        data["InstanceType"] = template["instanceType"]
    if template.get("sshKeyName"):
        data["KeyName"] = template["sshKeyName"]
    if template.get("iamInstanceProfile"):
        data["IamInstanceProfile"] = {"Name": template["iamInstanceProfile"]}
    if template.get("instanceMetadataOptions") is not None:
        options = {**_METADATA_DEFAULTS, **template["instanceMetadataOptions"]}
        data["MetadataOptions"] = {sent: options[name] for name, sent in _METADATA.items()}
    if template.get("spotMarketOptions") is not None:
        price = template["spotMarketOptions"].get("maxPrice")
        data["InstanceMarketOptions"] = {"MarketType": "spot", "SpotOptions": {"MaxPrice": price} if price else {}}
    if template.get("rootVolume") is not None:
        data["BlockDeviceMappings"] = [_volume({"deviceName": "/dev/sda1", **template["rootVolume"]})]
    return data


def _volume(volume: Mapping[str, Any]) -> dict[str, Any]:
    ebs = {sent: volume[name] for name, sent in _VOLUME.items() if volume.get(name)}
    return {"DeviceName": volume["deviceName"], "Ebs": {"DeleteOnTermination": True, **ebs}}


def _group(pool: PoolSpec, place: PoolPlace, tags: Mapping[str, str], template: str) -> dict[str, Any]:
    spec = pool.spec
    named = [subnet["id"] for subnet in spec.get("subnets", ()) if "id" in subnet]
    everywhere = spec.get("availabilityZones") and spec.get("availabilityZoneSubnetType") in (None, "all")
    subnets = named or (list(place.subnets.values()) if everywhere else [place.subnets["private"]])
    return {
        "AutoScalingGroupName": pool.name,
        "MinSize": spec.get("minSize", 1),
        "MaxSize": spec.get("maxSize", 1),
        "DesiredCapacity": pool.replicas,
        "VPCZoneIdentifier": ",".join(subnets),
        "DefaultCooldown": 300,
        "DefaultInstanceWarmup": 300,
        "CapacityRebalance": spec.get("capacityRebalance", False),
        "Tags": [
            {
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": False,
                "ResourceId": pool.name,
                "ResourceType": "auto-scaling-group",
            }
            for key, value in sorted(tags.items())
        ],
        **_launching(spec, pool.name, template),
    }


def _launching(spec: Mapping[str, Any], name: str, template: str) -> dict[str, Any]:
    policy = spec.get("mixedInstancesPolicy")
    if policy is None:
        return {"LaunchTemplate": {"LaunchTemplateId": template, "Version": "$Latest"}}
    launch_template: dict[str, Any] = {
        "LaunchTemplateSpecification": {"LaunchTemplateName": name, "Version": "$Latest"},
        "Overrides": [{"InstanceType": each["instanceType"]} for each in policy.get("overrides", ())],
    }
    distribution = policy.get("instancesDistribution")
    if distribution is None:
        return {"MixedInstancesPolicy": {"LaunchTemplate": launch_template}}
    sent = {f"{key[0].upper()}{key[1:]}": value for key, value in distribution.items()}
    return {"MixedInstancesPolicy": {"LaunchTemplate": launch_template, "InstancesDistribution": sent}}


def _suspended(pool: PoolSpec) -> list[str]:
    chosen = pool.spec.get("suspendProcesses", {}).get("processes", {})
    return [name for field, name in _PROCESSES.items() if chosen.get(field)]


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
