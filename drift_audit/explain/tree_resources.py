"""The cloud resources of a cluster, each under the object that stands for it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping

from drift_audit.explain.tree_looks import Look, Twig, look_of_findings, look_of_resource
from drift_audit.explain.tree_parts import ClusterParts
from drift_audit.explain.tree_places import infrastructure_of
from drift_audit.interfaces import Link
from drift_audit.model.findings import Finding
from drift_audit.model.keys import ObjectKey, ResourceKey
from drift_audit.model.tree import NodeState
from drift_audit.model.values import text
from drift_audit.model.views import View


def resource_twigs(
    parts: ClusterParts, findings: Mapping[ResourceKey, Collection[Finding]]
) -> Iterator[tuple[Hashable, Twig]]:
    """Cloud resources under the objects that stand for them; what nobody names under the infrastructure cluster."""
    infrastructure = infrastructure_of(parts)
    for link in parts.links:
        key = link.resource
        look = look_of_resource(parts.resource(key), findings.get(key, ()))
        look = look.doubted(_also_claimed(parts, link)).remarked(_shared_with(parts, link, infrastructure))
        yield (link.object, key), Twig(link.object, View.CLOUD, key.type, key.id, look)
    for absence in parts.absences:
        key = absence.link.resource
        state = NodeState.CHANGING if absence.transitional else NodeState.MISSING
        look = look_of_findings(findings.get(key, ())) or Look(state=state, message=absence.detail)
        yield (absence.link.object, key), Twig(absence.link.object, View.CLOUD, key.type, key.id, look)
    for leftover in parts.leftovers:
        key = leftover.resource
        look = look_of_resource(parts.resource(key), findings.get(key, ()))
        yield (infrastructure, key), Twig(infrastructure, View.CLOUD, key.type, key.id, look)


def _also_claimed(parts: ClusterParts, link: Link) -> str:
    """Who else stands for the very machine that this object stands for; empty when nobody does.

    Profiles, keys and groups are shared by right. What `spec.providerID` names (the contract of infrastructure
    machines) is not: one of two Machines is gone, or somebody restored an object.
    """
    live = parts.objects.get(link.object)
    claims = parts.claimants.get(link.resource, ())
    if live is None or not claims or not text(live.spec.get("providerID")).endswith(f"/{link.resource.id}"):
        return ""
    own = parts.cluster.management_cluster
    others = [
        str(key) if name == own else f"{key} of {name}" for name, key in claims if (name, key) != (own, link.object)
    ]
    return f"also claimed by {_some(others)}"


def _shared_with(parts: ClusterParts, link: Link, infrastructure: ObjectKey) -> str:
    """The infrastructure of other clusters that has the same network; empty when there is none."""
    if link.object != infrastructure:
        return ""
    own = (parts.cluster.management_cluster, link.object)
    claims = (each for each in parts.claimants.get(link.resource, ()) if each != own)
    others = [str(key) for _, key in claims if key.kind == infrastructure.kind]
    return f"shared with {_some(others)}" if others else ""


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
