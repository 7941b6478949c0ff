"""The firewall rules that CAPG makes for a cluster. Source: CAPG v1.13.1 cloud/scope/firewall.go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.values import Json, JsonObject, dig, mapping, sequence, text
from drift_audit_gcp.fleet import GcpCluster
from drift_audit_gcp.networks.blocks import plain_blocks

ANYWHERE = "0.0.0.0/0"
OPEN = frozenset({ANYWHERE, "::/0"})
_LONGEST = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as Google should have it."""

    direction: str = "INGRESS"
    priority: int = 1000
    allowed: tuple[str, ...] = ()
    """`tcp:6443`, or `all`."""
    denied: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    source_tags: tuple[str, ...] = ()
    target_tags: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    """Declared, and never sent."""


def cluster_tags(cluster: GcpCluster) -> tuple[str, str]:
    return f"{cluster.name}-control-plane", f"{cluster.name}-node"


def expected_rules(cluster: GcpCluster) -> Mapping[str, Rule]:
    """By name. Of several with one name CAPG makes the first; in a shared VPC it makes none."""
    if cluster.shared_vpc:
        return {}
    found: dict[str, Rule] = {}
    firewall = mapping(cluster.network.get("firewall"))
    if firewall.get("defaultRulesManagement") != "Unmanaged":
        found.update(_defaults(cluster))
    for declared in map(mapping, sequence(firewall.get("firewallRules"))):
        found.setdefault(_name(cluster, declared), _rule(declared))
    return found


def _defaults(cluster: GcpCluster) -> Iterator[tuple[str, Rule]]:
    tags = cluster_tags(cluster)
    yield (
        f"allow-{cluster.name}-healthchecks",
        Rule(allowed=("tcp:6443",), sources=("35.191.0.0/16", "130.211.0.0/22"), target_tags=tags[:1]),
    )
    yield f"allow-{cluster.name}-cluster", Rule(allowed=("all",), source_tags=tags, target_tags=tags)


def _name(cluster: GcpCluster, declared: JsonObject) -> str:
    name = text(declared.get("name")) or f"{cluster.name}-{_direction(declared).lower()}"
    if not name.startswith(cluster.name):
        name = f"{cluster.name}-{name}"
    return name[:_LONGEST].removesuffix("-")


def _direction(declared: JsonObject) -> str:
    return (text(declared.get("direction")) or "Ingress").upper()


def _rule(declared: JsonObject) -> Rule:
    """With Google's own default: a rule for incoming traffic without any source is for all of them."""
    sources, source_tags = plain_blocks(declared.get("sourceRanges")), _texts(declared, "sourceTags")
    incoming = _direction(declared) == "INGRESS"
    priority = declared.get("priority")
    return Rule(
        direction=_direction(declared),
        priority=priority if isinstance(priority, int) and priority else 1000,
        allowed=protocols(declared.get("allowed")),
        denied=protocols(declared.get("denied")),
        sources=sources or ((ANYWHERE,) if incoming and not source_tags else ()),
        source_tags=source_tags,
        target_tags=_texts(declared, "targetTags"),
        destinations=plain_blocks(declared.get("destinationRanges")),
    )


def _texts(declared: JsonObject, field: str) -> tuple[str, ...]:
    return tuple(map(text, sequence(declared.get(field))))


def protocols(entries: Json) -> tuple[str, ...]:
    """`tcp:6443`, `tcp:30000-32767`, `all`: one text for each protocol and port."""
    return tuple(sorted({entry for found in sequence(entries) for entry in _ports(mapping(found))}))


def _ports(entry: JsonObject) -> Sequence[str]:
    protocol = text(entry.get("IPProtocol")).lower()
    ports = [text(port) for port in sequence(entry.get("ports"))]
    return [f"{protocol}:{port}" for port in ports] or [protocol]


def made_by_others(firewall: JsonObject) -> bool:
    """True for what the cloud provider in a cluster, GKE or an ingress controller made for a Service.

    Source: cloud-provider-gcp providers/gce/gce_loadbalancer_naming.go.
    """
    name = text(dig(firewall, "name"))
    return name.startswith(("k8s-", "k8s1-", "k8s2-", "gke-")) or "kubernetes.io/" in text(firewall.get("description"))
