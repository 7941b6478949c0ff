"""The owner tree of a workload cluster: its objects, the cloud resources they stand for, and what is wrong on them.

Nothing of a cluster is left out for lack of a place. What is named and gone is a `MISSING` node, what could not be read
an `UNKNOWN` one, what claims the cluster and is nobody's an `ORPHAN` under the infrastructure cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drift_audit.explain.tree_folding import Branch, folded, preorder, pruned
from drift_audit.explain.tree_looks import Look, Twig, look_of_findings, look_of_object
from drift_audit.explain.tree_parts import CORE_GROUP, ClusterParts, TreeSources, parts_of
from drift_audit.explain.tree_places import NOT_OWNED, Places, infrastructure_of, places_of
from drift_audit.explain.tree_resources import resource_twigs
from drift_audit.explain.tree_unread import unread_cloud, unread_git, unread_kinds
from drift_audit.model.findings import Finding, Verdict
from drift_audit.model.keys import ClusterKey, ObjectKey, ResourceKey, split_api_version
from drift_audit.model.tree import ClusterTree, NodeState, TreeNode
from drift_audit.model.views import View

_ON_THE_OBJECT = frozenset({Verdict.EDITED_IN_CLUSTER, Verdict.ADOPTED, Verdict.NOT_APPLIED})
"""Verdicts that are about what the object says, although they name a resource too."""


def full_tree(sources: TreeSources, cluster: ClusterKey, *, unfolded: bool = False) -> ClusterTree | None:
    """Everything of one cluster, alike siblings folded unless they are wanted one by one; `None` without its view."""
    for parts in parts_of(sources, {cluster}):
        grown = _grown(parts, sources.now, sources.patience)
        return ClusterTree(cluster=cluster, nodes=tuple(preorder(grown if unfolded else folded(grown))))
    return None


def pruned_trees(sources: TreeSources) -> tuple[ClusterTree, ...]:
    """The trees of all clusters with a finding that is not suppressed, cut down to the problems and the way to
    them; what is well, and what is alike, is folded."""
    troubled = {finding.cluster for finding in sources.findings if finding.cluster and finding.suppressed is None}
    trees = []
    for parts in parts_of(sources, troubled):
        cut = folded(pruned(_grown(parts, sources.now, sources.patience)))
        trees.append(ClusterTree(cluster=parts.cluster, nodes=tuple(preorder(cut))))
    return tuple(trees)


@dataclass(slots=True, kw_only=True)
class _Judged:
    """The findings of a cluster by what they are about; each is taken once."""

    objects: dict[tuple[str, str, str, str], list[Finding]] = field(default_factory=lambda: defaultdict(list))
    resources: dict[ResourceKey, list[Finding]] = field(default_factory=lambda: defaultdict(list))
    others: list[Finding] = field(default_factory=list)

    def of(self, key: ObjectKey) -> list[Finding]:
        return self.objects.pop((key.group, key.kind, key.namespace, key.name), [])


def _grown(parts: ClusterParts, now: datetime, patience: timedelta) -> Branch:
    """The whole tree of a cluster."""
    places = places_of(parts)
    judged = _judged(parts)
    twigs: dict[Hashable, Twig] = {}
    resources = dict(resource_twigs(parts, judged.resources))
    twigs[parts.root] = _root(parts, judged, now, patience)
    twigs.update(_object_twigs(parts, places, judged, now, patience))
    twigs.update(resources)
    twigs.update(_unread_twigs(parts, places))
    twigs.update(_finding_twigs(parts, judged, twigs))
    if any(twig.parent == NOT_OWNED for twig in twigs.values()):
        look = Look(message="these name the cluster, and nothing of it owns or names them")
        twigs[NOT_OWNED] = Twig(parts.root, View.CAPI, "", NOT_OWNED.name, look)
    return _joined_up(parts, twigs)


def _judged(parts: ClusterParts) -> _Judged:
    """Each finding at the resource it is about, where that is in the tree, else at its object."""
    shown = {link.resource for link in parts.links} | {absence.link.resource for absence in parts.absences}
    shown |= {leftover.resource for leftover in parts.leftovers}
    judged = _Judged()
    for finding in parts.findings:
        target, resource = finding.object, finding.resource
        if resource in shown and resource and not (target and finding.verdict in _ON_THE_OBJECT):
            judged.resources[resource].append(finding)
        elif target is not None:
            group = split_api_version(target.api_version)[0]
            judged.objects[group, target.kind, target.namespace, target.name].append(finding)
        else:
            judged.others.append(finding)
    return judged


def _root(parts: ClusterParts, judged: _Judged, now: datetime, patience: timedelta) -> Twig:
    live, findings = parts.objects.get(parts.root), judged.of(parts.root)
    if live is not None:
        look = look_of_object(live, findings, now, patience)
    else:
        look = look_of_findings(findings) or Look(state=NodeState.UNKNOWN, message="the Cluster is not in the view")
    return Twig(None, View.CAPI, "Cluster", parts.cluster.name, look)


def _object_twigs(
    parts: ClusterParts, places: Places, judged: _Judged, now: datetime, patience: timedelta
) -> Iterator[tuple[ObjectKey, Twig]]:
    for key, place in places.objects.items():
        live = parts.view.objects[key]
        look = look_of_object(live, judged.of(key), now, patience)
        yield key, _twig(place.parent, key, parts, look.doubted(place.doubt).remarked(place.remark))
    for key, absent in places.absent.items():
        state = NodeState.MISSING if absent.gone else NodeState.UNKNOWN
        if absent.gone and _is_leaving(parts, absent.parent):
            state = NodeState.CHANGING
        look = look_of_findings(judged.of(key)) or Look(state=state, message=absent.message)
        yield key, _twig(absent.parent, key, parts, look)


def _is_leaving(parts: ClusterParts, key: ObjectKey) -> bool:
    live = parts.objects.get(key)
    return live is not None and live.deleting


def _twig(parent: Hashable, key: ObjectKey, parts: ClusterParts, look: Look) -> Twig:
    """An object's node; its namespace is told only where it is not that of the cluster."""
    elsewhere = key.namespace and key.namespace != parts.cluster.namespace
    return Twig(parent, View.CAPI, key.kind, f"{key.namespace}/{key.name}" if elsewhere else key.name, look)


def _unread_twigs(parts: ClusterParts, places: Places) -> Iterator[tuple[Hashable, Twig]]:
    unread = unread_git(parts)
    if unread:
        yield ("unread", View.GIT), Twig(parts.root, View.GIT, "git", "", Look(state=NodeState.UNKNOWN, message=unread))
    infrastructure = infrastructure_of(parts)
    for kind, message in unread_kinds(parts, infrastructure.kind):
        yield ("unread", kind), Twig(parts.root, View.CAPI, kind, "", Look(state=NodeState.UNKNOWN, message=message))
    known = infrastructure == parts.root or infrastructure in places.objects or infrastructure in places.absent
    for kind, message in unread_cloud(parts, infrastructure.kind):
        look = Look(state=NodeState.UNKNOWN, message=message)
        yield ("cloud", kind), Twig(infrastructure if known else parts.root, View.CLOUD, kind, "", look)


def _finding_twigs(
    parts: ClusterParts, judged: _Judged, twigs: Mapping[Hashable, Twig]
) -> Iterator[tuple[Hashable, Twig]]:
    """What only findings know of: declared objects that are not there, resources that no provider linked."""
    for (group, kind, namespace, name), findings in sorted(judged.objects.items()):
        key, look = ObjectKey(group, kind, namespace, name), look_of_findings(findings) or Look()
        absent = key not in parts.view.objects and parts.view.listed(group, kind)
        if absent and look.state is NodeState.DRIFTED:
            look = Look(state=NodeState.MISSING, since=look.since, message=look.message, findings=look.findings)
        yield key, _twig(parts.root, key, parts, look)
    for finding in judged.others:
        resource = finding.resource
        kind, name = (resource.type, resource.id) if resource else ("", finding.title)
        infrastructure = infrastructure_of(parts)
        parent = infrastructure if resource and infrastructure in twigs else parts.root
        view = View.CLOUD if resource else View.CAPI
        yield ("finding", finding.id), Twig(parent, view, kind, name, look_of_findings([finding]) or Look())


def _joined_up(parts: ClusterParts, twigs: Mapping[Hashable, Twig]) -> Branch:
    """The tree of all twigs; one whose parent is nowhere hangs on the Cluster."""
    branches = {
        key: Branch(
            TreeNode(
                depth=0,
                view=twig.view,
                kind=twig.kind,
                name=twig.name,
                state=twig.look.state,
                since=twig.look.since,
                message=twig.look.message,
                findings=twig.look.findings,
            )
        )
        for key, twig in twigs.items()
    }
    root, infrastructure = parts.root, infrastructure_of(parts)
    for key, twig in sorted(twigs.items(), key=lambda item: _order(item[0], item[1], infrastructure)):
        if key != root:
            parent = twig.parent if twig.parent in branches and twig.parent != key else root
            branches[parent].children.append(branches[key])
    return branches[root]


def _order(key: Hashable, twig: Twig, infrastructure: ObjectKey) -> tuple[int, str, bool, str]:
    """Infrastructure, control plane, workers, then the rest; of one kind what is not well comes first."""
    return _rank(key, infrastructure), twig.kind, twig.look.state is NodeState.OK, twig.name


def _rank(key: Hashable, infrastructure: ObjectKey) -> int:
    if not isinstance(key, ObjectKey):
        return 5
    if key == NOT_OWNED:
        return 9
    if key == infrastructure:
        return 0
    if key.kind.endswith("Template") or key.kind == "ClusterClass":
        return 7
    groups: Iterable[tuple[str, int]] = (
        (f"controlplane.{CORE_GROUP}", 1),
        (CORE_GROUP, 2),
        (f"infrastructure.{CORE_GROUP}", 3),
        (f"bootstrap.{CORE_GROUP}", 4),
    )
    return next((rank for group, rank in groups if key.group == group), 6)
