"""Security group rules in one spelling: one row per protocol, ports, source and description.

CAPA compares rules in just this exploded form, with the description as part of a rule's identity
(pkg/cloud/services/securitygroup/securitygroups.go, expandIngressRules and ingressRulesFromSDKType;
api/v1beta2/network_types.go, IngressRule.Equals).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from drift_audit.model.values import Json, JsonObject, mapping, sequence, text

_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}
_WITH_PORTS = frozenset({"tcp", "udp", "icmp", "icmpv6"})
_SHOWN = {"-1": "all", "4": "IP-in-IP", "50": "ESP"}

EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})

SENSITIVE_PORTS: Mapping[int, str] = {
    22: "SSH",
    2379: "etcd",
    2380: "etcd peers",
    3389: "RDP",
    6443: "Kubernetes API",
    10250: "kubelet",
    10255: "kubelet, read-only",
    10257: "controller manager",
    10259: "scheduler",
}
"""Ports that give whoever reaches them a hold on a node or on the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One permission of one source."""

    protocol: str
    """`tcp`, `udp`, `icmp`, `icmpv6`, or a number as text; `-1` is all."""
    from_port: int | None
    """`None` where ports mean nothing: AWS leaves them out, moto does not."""
    to_port: int | None
    source: str
    """A canonical CIDR, a group id or a prefix list id."""
    description: str = ""
    declared: tuple[str, ...] = ()
    """Where the spec asks for it; empty for what AWS has and for what CAPA adds by itself."""

    def as_json(self) -> JsonObject:
        return {
            "protocol": self.protocol,
            "fromPort": self.from_port,
            "toPort": self.to_port,
            "source": self.source,
            "description": self.description,
            "declared": self.declared,
        }

    @property
    def flow(self) -> tuple[str, int | None, int | None, str]:
        """What the rule lets through, whatever it is called."""
        return self.protocol, self.from_port, self.to_port, self.source

    @property
    def by_prefix_list(self) -> bool:
        return self.source.startswith("pl-")


def rule(
    protocol: Json, from_port: Json, to_port: Json, source: str, description: Json, declared: tuple[str, ...] = ()
) -> Rule:
    """The rule in its one spelling."""
    spelled = _NAMES.get(text(protocol).lower(), text(protocol).lower())
    ported = spelled in _WITH_PORTS
    return Rule(
        protocol=spelled,
        from_port=_port(from_port) if ported else None,
        to_port=_port(to_port) if ported else None,
        source=canonical_source(source),
        description=text(description),
        declared=declared,
    )


def rule_of(value: Json) -> Rule:
    """The rule that `Rule.as_json` wrote."""
    entry = mapping(value)
    return rule(
        entry.get("protocol"),
        entry.get("fromPort"),
        entry.get("toPort"),
        text(entry.get("source")),
        entry.get("description"),
        tuple(text(step) for step in sequence(entry.get("declared"))),
    )


def canonical_source(source: str) -> str:
    """A CIDR as AWS stores it (`10.0.0.5/16` becomes `10.0.0.0/16`); anything else unchanged."""
    if "/" not in source:
        return source
    try:
        return str(ipaddress.ip_network(source, strict=False))
    except ValueError:
        return source


def exploded(permissions: Json) -> Iterator[Rule]:
    """The rules of `IpPermissions` or `IpPermissionsEgress` as EC2 describes them."""
    for permission in map(mapping, sequence(permissions)):
        for source, description in _sources(permission):
            yield rule(
                permission.get("IpProtocol"), permission.get("FromPort"), permission.get("ToPort"), source, description
            )


def _sources(permission: JsonObject) -> Iterator[tuple[str, Json]]:
    for ranges, name in _SOURCES:
        for entry in map(mapping, sequence(permission.get(ranges))):
            source = text(entry.get(name))
            if source:
                yield source, entry.get("Description")


_SOURCES = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("UserIdGroupPairs", "GroupId"),
    ("PrefixListIds", "PrefixListId"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDifference:
    """One rule that is on one side only, or that is only called differently."""

    wanted: Rule | None
    actual: Rule | None

    @property
    def rule(self) -> Rule:
        found = self.actual or self.wanted
        assert found is not None
        return found


def differences(wanted: Iterable[Rule], actual: Iterable[Rule]) -> Iterator[RuleDifference]:
    """Every rule that differs, sorted by what it lets through."""
    wants = {(found.flow, found.description): found for found in wanted}
    has = {(found.flow, found.description): found for found in actual}
    missing = {key: found for key, found in wants.items() if key not in has}
    extra = {key: found for key, found in has.items() if key not in wants}
    for key in sorted(missing, key=str):
        twin = next((other for other in sorted(extra, key=str) if other[0] == key[0]), None)
        yield RuleDifference(wanted=missing[key], actual=extra.pop(twin) if twin is not None else None)
    for key in sorted(extra, key=str):
        yield RuleDifference(wanted=None, actual=extra[key])


def shown(found: Rule, names: Mapping[str, str], direction: str = "from") -> str:
    """`tcp 22 from 0.0.0.0/0`, with the role in place of the id for groups of the cluster."""
    return f"{_traffic(found)} {direction} {names.get(found.source, found.source)}"


def shown_fully(found: Rule, names: Mapping[str, str], direction: str = "from") -> str:
    """The same with the description: `tcp 22 from 0.0.0.0/0 "SSH"`."""
    said = f' "{found.description}"' if found.description else ""
    return shown(found, names, direction) + said


def opens_to_everyone(found: Rule) -> str:
    """What the rule lays open to the whole internet, `SSH`; empty when nothing sensitive."""
    if found.source not in EVERYWHERE:
        return ""
    if found.protocol == "-1":
        return "all ports"
    if found.protocol not in {"tcp", "udp"} or found.from_port is None or found.to_port is None:
        return ""
    if (found.from_port, found.to_port) == (0, 65535):
        return "all ports"
    names = [name for port, name in SENSITIVE_PORTS.items() if found.from_port <= port <= found.to_port]
    return ", ".join(names) if found.protocol == "tcp" else ""


def _traffic(found: Rule) -> str:
    protocol = _SHOWN.get(found.protocol, found.protocol)
    if found.from_port is None:
        return protocol
    if found.from_port == found.to_port:
        return f"{protocol} {found.from_port}"
    return f"{protocol} {found.from_port}-{found.to_port}"


def _port(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
