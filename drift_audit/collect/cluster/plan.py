"""What is read: which kinds, each in which API versions, in which namespaces, and which objects by name only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from drift_audit.collect.cluster.discovery import KindName, ServedKind
from drift_audit.model.keys import split_api_version
from drift_audit.model.objects import Declaration

_CAPI = "cluster.x-k8s.io"
_GITOPS_GROUPS = ("kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io")
_ARGO = "argoproj.io"
_KNOWN_FLEET_GROUPS = tuple(
    f"{prefix}{_CAPI}"
    for prefix in (
        *("", "addons.", "bootstrap.", "clusterctl.", "controlplane.", "infrastructure.", "ipam.", "runtime."),
        "operator.",
    )
)
"""RBAC knows no pattern for groups: these are the ones of Cluster API and of its providers so far."""
_ARGO_CD_KINDS = ("Application", "ApplicationSet", "AppProject")
"""The group is shared with Argo Workflows and Rollouts, whose objects say nothing about the fleet."""
_CAPI_VERSIONS = ("v1beta2", "v1beta1")
_BY_NAME_ONLY = {("", "Secret")}
"""Kinds of which nothing but what Git declares is ever asked for."""
_MANY_NAMESPACES = 40
"""From here on, one list over all namespaces is cheaper than one list for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What Git declares, as far as it decides what is read."""

    versions: Mapping[KindName, frozenset[str]] = field(default_factory=dict)
    """API versions that Git uses."""
    names: Mapping[KindName, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """(namespace, name) of the declared objects; the namespace is empty where Git leaves it out."""
    everywhere: frozenset[KindName] = frozenset()
    """Kinds that are listed wherever the audit looks, whatever Git declares: those that clusters wait for."""


def wanted_by(declarations: Iterable[Declaration], everywhere: Iterable[KindName] = ()) -> Wanted:
    """What has to be read to compare these declarations, and to see the kinds that clusters wait for."""
    versions: dict[KindName, set[str]] = defaultdict(set)
    names: dict[KindName, set[tuple[str, str]]] = defaultdict(set)
    for declaration in declarations:
        group, version = split_api_version(declaration.api_version)
        versions[group, declaration.kind].add(version)
        names[group, declaration.kind].add((declaration.namespace, declaration.name))
    return Wanted(
        versions={kind: frozenset(found) for kind, found in versions.items()},
        names={kind: frozenset(found) for kind, found in names.items()},
        everywhere=frozenset(everywhere),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KindPlan:
    """How one kind is read."""

    served: ServedKind
    version: str
    others: tuple[str, ...] = ()
    """Further versions that Git uses."""
    namespaces: tuple[str, ...] = ()
    """Listed one by one; empty: everything in one list."""
    names: tuple[tuple[str, str], ...] | None = None
    """Read one by one instead of listed: (namespace, name)."""

    @property
    def kind_name(self) -> KindName:
        return self.served.group, self.served.kind


def standing_rules() -> tuple[dict[str, list[str]], ...]:
    """The RBAC rules that every audit takes, whatever Git declares: what `deploy/kubernetes` grants."""
    verbs = ["get", "list"]
    return (
        {"apiGroups": [*_KNOWN_FLEET_GROUPS], "resources": ["*"], "verbs": verbs},
        {"apiGroups": [*_GITOPS_GROUPS], "resources": ["*"], "verbs": verbs},
        {"apiGroups": [_ARGO], "resources": [f"{kind.lower()}s" for kind in _ARGO_CD_KINDS], "verbs": verbs},
        {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["get"]},
    )


def is_fleet_group(group: str) -> bool:
    """True for the groups of Cluster API and its providers, whatever they are called."""
    return group == _CAPI or group.endswith(f".{_CAPI}")


def is_fleet_kind(group: str, kind: str) -> bool:
    """True for what is read even if Git does not mention it: Cluster API and the GitOps tools."""
    return is_fleet_group(group) or group in _GITOPS_GROUPS or (group == _ARGO and kind in _ARGO_CD_KINDS)


def concerns(group: str, wanted: Wanted) -> bool:
    """True for the groups that discovery has to look into."""
    named = {name for name, _ in (*wanted.versions, *wanted.everywhere)}
    return is_fleet_group(group) or group in _GITOPS_GROUPS or group == _ARGO or group in named


def plan_reads(kinds: Iterable[ServedKind], wanted: Wanted, namespaces: Sequence[str]) -> tuple[KindPlan, ...]:
    """One plan per kind to be read; `namespaces` is the configured restriction, empty for none."""
    return tuple(
        _plan(served, wanted, tuple(namespaces))
        for served in kinds
        if is_fleet_kind(served.group, served.kind)
        or (served.group, served.kind) in wanted.versions
        or (served.group, served.kind) in wanted.everywhere
    )


def chosen_versions(served: ServedKind, used_by_git: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """(the version to read in, further versions that Git uses).

    A served version that Git uses wins, since only in that one do values compare without conversion. Else the
    newest contract version of Cluster API that is served (v1beta2, then v1beta1), not the server's preference,
    which changes with every upgrade; for other groups the server's preference.
    """
    if is_fleet_group(served.group):
        pinned = [version for version in _CAPI_VERSIONS if version in served.versions]
    else:
        pinned = []
    ranked = list(dict.fromkeys([*pinned, *served.versions]))
    used = set(used_by_git)
    in_git = [version for version in ranked if version in used]
    return (in_git[0], tuple(in_git[1:])) if in_git else (ranked[0], ())


def _plan(served: ServedKind, wanted: Wanted, restriction: tuple[str, ...]) -> KindPlan:
    name = (served.group, served.kind)
    version, others = chosen_versions(served, wanted.versions.get(name, ()))
    plan = KindPlan(served=served, version=version, others=others, namespaces=restriction)
    declared = wanted.names.get(name, frozenset())
    if name in _BY_NAME_ONLY:
        within = (pair for pair in declared if not restriction or pair[0] in restriction)
        return KindPlan(served=served, version=version, others=others, names=tuple(sorted(within)))
    if not served.namespaced:
        return KindPlan(served=served, version=version, others=others)
    if is_fleet_group(served.group) or name in wanted.everywhere:
        return plan
    if is_fleet_kind(*name):
        # What applies a namespace usually lives in another one: without it, nobody could say why nothing repairs it.
        return KindPlan(served=served, version=version, others=others)
    return KindPlan(served=served, version=version, others=others, namespaces=_declared_in(declared, restriction))


def _declared_in(declared: Iterable[tuple[str, str]], restriction: tuple[str, ...]) -> tuple[str, ...]:
    """The namespaces in which Git declares objects of a kind that is not the fleet's own; empty: list them all."""
    found = {namespace for namespace, _ in declared}
    if "" in found:
        return restriction
    if restriction:
        # A kind declared only elsewhere is still listed somewhere: empty would mean everywhere.
        return tuple(sorted(found & set(restriction))) or restriction
    return tuple(sorted(found)) if len(found) < _MANY_NAMESPACES else ()
