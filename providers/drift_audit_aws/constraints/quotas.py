"""Quotas of AWS: which one an error is about, what it allows, and what of it is used.

Codes of quotas are data, not API: those here are from AWS's own pages (Amazon EC2 User Guide, "On-Demand Instance
quotas"; Amazon VPC User Guide, "Amazon VPC quotas"), and the answer shows the name that Service Quotas gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drift_audit.model.health import Answer, Feasible, Question
from drift_audit_aws.reading import Calls


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota, and how much of it is used."""

    service: str
    code: str
    used: Callable[[Calls, Question], float] | None = None
    """`None` where no list tells."""


def quota_answer(calls: Calls, question: Question) -> Answer:
    """What the quota allows against what is used; raises what botocore raises."""
    quota = _quota_for(question)
    if quota is None:
        code = question.about.get("code", "")
        return Answer(question=question, feasible=Feasible.UNKNOWN, fact=f"no quota is known for {code}")
    name, allowed = _allowed(calls, quota)
    evidence = f"servicequotas:GetServiceQuota {quota.service} {quota.code}"
    if quota.used is None:
        fact = f"the quota {name!r} is {allowed:g}; AWS does not list what of it is used"
        return Answer(question=question, feasible=Feasible.UNKNOWN, fact=fact, evidence=evidence)
    used = quota.used(calls, question)
    free = max(allowed - used, 0)
    return Answer(
        question=question,
        feasible=Feasible.IMPOSSIBLE if free < 1 else Feasible.UNKNOWN,
        fact=f"{used:g} of {allowed:g} are used of the quota {name!r}: {free:g} free",
        evidence=evidence,
    )


def _allowed(calls: Calls, quota: Quota) -> tuple[str, float]:
    """(name, value); an account that never changed a quota has only AWS's default."""
    from botocore.exceptions import ClientError

    client = calls.client("service-quotas")
    named = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        found = client.get_service_quota(**named)["Quota"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NoSuchResourceException":
            raise
        found = client.get_aws_default_service_quota(**named)["Quota"]
    return str(found.get("QuotaName", quota.code)), float(found["Value"])


# How much is used


def _vcpus(spot: bool) -> Callable[[Calls, Question], float]:
    def used(calls: Calls, question: Question) -> float:
        wanted = family_of(question.about.get("instance_type", ""))
        types: dict[str, int] = {}
        for instance in _instances(calls):
            mine = family_of(instance["InstanceType"]) == wanted
            if mine and (instance.get("InstanceLifecycle") == "spot") == spot:
                types[instance["InstanceType"]] = types.get(instance["InstanceType"], 0) + 1
        sizes = _sizes(calls, sorted(types))
        return float(sum(count * sizes.get(name, 0) for name, count in types.items()))

    return used


def _instances(calls: Calls) -> Iterator[Mapping[str, Any]]:
    states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    for page in calls.client("ec2").get_paginator("describe_instances").paginate(Filters=states):
        for reservation in page.get("Reservations", ()):
            yield from reservation.get("Instances", ())


def _sizes(calls: Calls, types: list[str]) -> dict[str, int]:
    """vCPUs by instance type."""
    found: dict[str, int] = {}
    for start in range(0, len(types), 100):
        answer = calls.client("ec2").describe_instance_types(InstanceTypes=types[start : start + 100])
        found |= {each["InstanceType"]: each["VCpuInfo"]["DefaultVCpus"] for each in answer["InstanceTypes"]}
    return found


def _counted(operation: str, result: str) -> Callable[[Calls, Question], float]:
    def used(calls: Calls, question: Question) -> float:
        client = calls.client("ec2")
        if not client.can_paginate(operation):
            return float(len(getattr(client, operation)().get(result, ())))
        pages = client.get_paginator(operation).paginate()
        return float(sum(len(page.get(result, ())) for page in pages))

    return used


_FAMILIES: Mapping[str, str] = {
    **dict.fromkeys("acdhimrtz", "standard"),
    "g": "g",
    "vt": "g",
    "p": "p",
    "f": "f",
    "x": "x",
    "inf": "inf",
}
_OF_THEIR_OWN = ("dl", "hpc", "mac", "trn", "u")
"""Families whose quotas are not known here."""
_ON_DEMAND: Mapping[str, str] = {
    "standard": "L-1216C47A",
    "g": "L-DB2E81BA",
    "p": "L-417A185B",
    "f": "L-74FC7D96",
    "x": "L-7295265B",
    "inf": "L-B5D1601B",
}
_SPOT: Mapping[str, str] = {"standard": "L-34B43A08", "x": "L-E3A00192", "p": "L-7212CCBC"}


def family_of(instance_type: str) -> str:
    """The class of instances that shares a quota: `standard` for m5.large; empty for one that is not known here."""
    letters = re.match("[a-z]*", instance_type)
    family = letters[0] if letters else ""
    if family in _OF_THEIR_OWN:
        return ""
    return _FAMILIES.get(family) or _FAMILIES.get(family[:1], "")


_VCPU_CODES = ("VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded")

QUOTA_OF_CODE: Mapping[str, Quota | None] = {
    **dict.fromkeys(_VCPU_CODES),
    "AddressLimitExceeded": Quota("ec2", "L-0263D0A3", _counted("describe_addresses", "Addresses")),
    "VpcLimitExceeded": Quota("vpc", "L-F678F1CE", _counted("describe_vpcs", "Vpcs")),
    "InternetGatewayLimitExceeded": Quota(
        "vpc", "L-A4707A72", _counted("describe_internet_gateways", "InternetGateways")
    ),
    "NetworkInterfaceLimitExceeded": Quota(
        "vpc", "L-DF5E4CA3", _counted("describe_network_interfaces", "NetworkInterfaces")
    ),
    "SecurityGroupLimitExceeded": Quota("vpc", "L-E79EC296", _counted("describe_security_groups", "SecurityGroups")),
    "NatGatewayLimitExceeded": Quota("vpc", "L-FE5A380F"),
    "SubnetLimitExceeded": Quota("vpc", "L-407747CB"),
    "RouteTableLimitExceeded": Quota("vpc", "L-589F43AA"),
    "RulesPerSecurityGroupLimitExceeded": Quota("vpc", "L-0EA8095F"),
    "SecurityGroupsPerInterfaceLimitExceeded": Quota("vpc", "L-2AFB9258"),
    "TooManyLoadBalancers": Quota("elasticloadbalancing", "L-69A177A2"),
    "TooManyTargetGroups": Quota("elasticloadbalancing", "L-B22855CB"),
}
"""By error code; the quota of vCPUs follows from the instance type. Without `used`, the limit is per VPC, zone or
group, and a count over the region would say nothing."""


def _quota_for(question: Question) -> Quota | None:
    code = question.about.get("code", "")
    if code not in _VCPU_CODES:
        return QUOTA_OF_CODE.get(code)
    spot = bool(question.about.get("spot"))
    named = (_SPOT if spot else _ON_DEMAND).get(family_of(question.about.get("instance_type", "")))
    return Quota("ec2", named, _vcpus(spot)) if named else None
