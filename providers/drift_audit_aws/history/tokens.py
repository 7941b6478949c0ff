"""Under which names CloudTrail may know a resource of the view: its id, its ARN, its name, and what is part of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from drift_audit.model.changes import ChangeEvent
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import text
from drift_audit.model.views import CloudScopeView
from drift_audit.provider_kit.paths import value_at
from drift_audit_aws.resource_types import INSTANCE

Token = tuple[str, str]
"""(service, name). Ids that are unique in all of AWS stand for themselves, with an empty service."""

UNIQUE_ID = re.compile(r"(?:[a-z]{1,12}(?:-[a-z]{1,12})?-[0-9a-f]{8,17}|arn:\S+)\Z")

_NAMES: Mapping[str, str] = {
    "accessEntryArn": "eks",
    "addonArn": "eks",
    "arn": "eks",
    "fargateProfileArn": "eks",
    "nodegroupArn": "eks",
    "AutoScalingGroupARN": "autoscaling",
    "AutoScalingGroupName": "autoscaling",
    "InstanceProfileName": "iam",
    "LaunchTemplateId": "ec2",
    "LaunchTemplateName": "ec2",
    "LoadBalancerArn": "elasticloadbalancing",
    "LoadBalancerName": "elasticloadbalancing",
    "RoleName": "iam",
    "TargetGroupArn": "elasticloadbalancing",
}
"""Attributes that name a resource, with the service for which the name is one."""

_PARTS: Mapping[str, tuple[str, ...]] = {
    INSTANCE: ("NetworkInterfaces[].NetworkInterfaceId", "BlockDeviceMappings[].Ebs.VolumeId"),
}
"""What belongs to a resource and is changed under an id of its own."""


EKS = "eks"
_OF_EKS = "eks-"


def token(service: str, name: str) -> Token:
    return ("", name) if UNIQUE_ID.match(name) else (service, name)


def tokens_of(resource: CloudResource) -> Iterator[Token]:
    """Every name of the resource and of its parts."""
    if UNIQUE_ID.match(resource.key.id):
        yield "", resource.key.id
    if resource.key.type.startswith(_OF_EKS):
        yield EKS, resource.key.id
    for attribute, service in _NAMES.items():
        if name := text(resource.attributes.get(attribute)):
            yield token(service, name)
    for path in _PARTS.get(resource.key.type, ()):
        for part in _texts(value_at(resource.attributes, path)):
            yield "", part


def tokens_in(event: ChangeEvent) -> Iterator[Token]:
    """Every name under which the event knows what it changed."""
    service = event.action.partition(":")[0]
    return (token(service, name) for name in event.resources)


def known_tokens(view: CloudScopeView, further: Iterable[str] = ()) -> frozenset[Token]:
    """Of everything in the view, and of ids that objects name although nothing is there."""
    own = {found for resource in view.resources.values() for found in tokens_of(resource)}
    return frozenset(own | {("", name) for name in further if UNIQUE_ID.match(name)})


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        yield from (item for item in value if isinstance(item, str))
