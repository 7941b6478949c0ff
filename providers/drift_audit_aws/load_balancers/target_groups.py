"""The listeners that CAPA gives a load balancer of the newer API, and the target group behind each.

CAPA gives a target group a random name and recognises it by the name's beginning, port, protocol and address type
(pkg/cloud/services/elb/loadbalancer.go, isSDKTargetGroupEqualToTargetGroup). Here the beginning and the port tell which
listener it is for; what else has to agree is compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, JsonObject, dig, mapping, sequence, text
from drift_audit.model.views import CloudScopeView
from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.load_balancers.api_balancers import ApiBalancer
from drift_audit_aws.load_balancers.subnets import usable_subnets
from drift_audit_aws.resource_types import BALANCER, TARGET_GROUP

API_PORT = 6443
API_PREFIX, ADDITIONAL_PREFIX = "apiserver-target-", "additional-listener-"
_READY_PATH = "/readyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedListener:
    """One listener with its target group, as the spec asks for it."""

    prefix: str
    """Of the target group's name."""
    port: int
    protocol: str
    address_type: str
    """Of the targets: `ipv4` or `ipv6`."""
    health_check: JsonObject
    """By the names of the API's fields."""

    def fits(self, group: CloudResource) -> bool:
        """True for the target group that stands behind this listener."""
        return group.key.id.startswith(self.prefix) and group.attributes.get("Port") == self.port


def wanted_listeners(balancer: ApiBalancer) -> tuple[WantedListener, ...]:
    """That of the API server, and one for each of `additionalListeners` (getAPIServerLBSpec)."""
    spec, cluster = balancer.spec, balancer.cluster
    api = WantedListener(
        prefix=API_PREFIX,
        port=API_PORT,
        protocol="TCP",
        address_type=_address_type(cluster, spec),
        health_check=_api_health_check(spec),
    )
    further = (mapping(entry) for entry in sequence(spec.get("additionalListeners")))
    return (api, *(_additional(cluster, entry) for entry in further if isinstance(entry.get("port"), int)))


def _additional(cluster: AwsCluster, entry: JsonObject) -> WantedListener:
    port = entry.get("port")
    return WantedListener(
        prefix=ADDITIONAL_PREFIX,
        port=port if isinstance(port, int) else 0,
        protocol=_protocol(entry.get("protocol")),
        address_type=_address_type(cluster, entry),
        health_check=_additional_health_check(entry),
    )


def _protocol(asked: Json) -> str:
    """In AWS's words (elbProtocolToSDKProtocol)."""
    spelled = text(asked).upper() or "TCP"
    return "TLS" if spelled == "SSL" else spelled


_INTERVALS: Mapping[str, tuple[str, int]] = {
    "HealthCheckIntervalSeconds": ("intervalSeconds", 5),
    "HealthCheckTimeoutSeconds": ("timeoutSeconds", 4),
    "HealthyThresholdCount": ("thresholdCount", 2),
    "UnhealthyThresholdCount": ("unhealthyThresholdCount", 6),
}
"""The spec's field and CAPA's default (api/v1beta2/network_types.go, DefaultAPIServerHealthCheck...)."""


def _api_health_check(spec: JsonObject) -> JsonObject:
    """Source: getAPITargetGroupHealthCheck and createTargetGroup."""
    protocol = text(spec.get("healthCheckProtocol")).upper() or "TCP"
    return {
        "HealthCheckEnabled": True,
        "HealthCheckProtocol": protocol,
        "HealthCheckPort": str(API_PORT),
        "HealthCheckPath": _READY_PATH if protocol in ("HTTP", "HTTPS") else None,
        **_numbers(mapping(spec.get("healthCheck"))),
    }


def _additional_health_check(entry: JsonObject) -> JsonObject:
    """Source: getAdditionalTargetGroupHealthCheck and createTargetGroup."""
    asked = mapping(entry.get("healthCheck"))
    return {
        "HealthCheckEnabled": True,
        "HealthCheckProtocol": _protocol(asked.get("protocol") or entry.get("protocol")),
        "HealthCheckPort": text(asked.get("port")) or str(entry.get("port")),
        "HealthCheckPath": asked.get("path"),
        **_numbers(asked),
    }


def _numbers(asked: JsonObject) -> JsonObject:
    found: dict[str, Json] = {}
    for name, (field, default) in _INTERVALS.items():
        chosen = asked.get(field)
        found[name] = default if chosen is None else chosen
    return found


def _address_type(cluster: AwsCluster, entry: JsonObject) -> str:
    """What the entry asks for, else what the subnets of the control plane have (getTargetGroupIPAddressType)."""
    asked = text(entry.get("targetGroupIPType"))
    if asked or not cluster.ipv6:
        return asked or "ipv4"
    private = usable_subnets(cluster, public=False)
    only_ipv4 = any(subnet.get("cidrBlock") and subnet.get("isIpv6") is not True for subnet in private)
    return "ipv4" if only_ipv4 else "ipv6"


def groups_by_balancer(view: CloudScopeView) -> Mapping[str, tuple[CloudResource, ...]]:
    """The target groups by the name of the load balancer that they are attached to, in the order of their names."""
    names = {
        text(found.attributes.get("LoadBalancerArn")): name
        for (kind, name), found in view.resources.items()
        if kind == BALANCER
    }
    found: dict[str, list[CloudResource]] = defaultdict(list)
    for (kind, _), group in sorted(view.resources.items()):
        if kind == TARGET_GROUP:
            for arn in map(text, sequence(group.attributes.get("LoadBalancerArns"))):
                if arn in names:
                    found[names[arn]].append(group)
    return {name: tuple(groups) for name, groups in found.items()}


def balancer_by_group(view: CloudScopeView) -> Mapping[str, str]:
    """The name of the load balancer by that of a target group attached to it."""
    return {group.key.id: name for name, groups in groups_by_balancer(view).items() for group in groups}


def first_fitting(wanted: WantedListener, groups: Iterable[CloudResource]) -> CloudResource | None:
    return next((group for group in groups if wanted.fits(group)), None)


def wanted_of(group: CloudResource, wanted: Sequence[WantedListener]) -> WantedListener | None:
    """The listener that a target group stands behind; `None` for one that CAPA did not make."""
    return next((listener for listener in wanted if listener.fits(group)), None)


def forwards_to(listener: JsonObject) -> str:
    """The ARN of the target group in the first action, the only thing that CAPA looks at; empty when it has none."""
    actions = sequence(listener.get("DefaultActions"))
    return text(dig(actions[0], "TargetGroupArn")) if actions else ""
