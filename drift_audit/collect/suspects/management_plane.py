"""What controllers need to run: their Deployments, Pods and Leases, and the webhooks that every write goes through.

Of admission only what concerns Cluster API is kept: the webhooks of its providers, and those of others that take part
in its groups or in all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial

from drift_audit.collect.cluster.discovery import ServedKind
from drift_audit.collect.cluster.parsing import RawObject
from drift_audit.collect.cluster.plan import is_fleet_group
from drift_audit.collect.kinds import DEPLOYMENT, ENDPOINT_SLICE, LEASE, MUTATING, POD, VALIDATING
from drift_audit.collect.looking import Looker, Part, PartRead, Wanted
from drift_audit.collect.suspects.logs import PROVIDER
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import dig, mapping, sequence, text

INSTEAD = "set closer_look.controllers: false, to do without what controllers need"

_CONTAINERS: Wanted = {"name": None, "image": None, "args": None}
_KEPT: Mapping[ServedKind, Wanted] = {
    DEPLOYMENT: {
        "spec": {"replicas": None, "selector": None, "template": {"spec": {"containers": _CONTAINERS}}},
        "status": None,
    },
    POD: {
        "spec": {"nodeName": None, "containers": _CONTAINERS},
        "status": dict.fromkeys(
            ("phase", "reason", "message", "conditions", "startTime", "initContainerStatuses", "containerStatuses")
        ),
    },
    LEASE: {"spec": None},
    ENDPOINT_SLICE: {"addressType": None, "endpoints": None, "ports": None},
    VALIDATING: {"webhooks": None},
    MUTATING: {"webhooks": None},
}


def controller_reads(looker: Looker) -> list[PartRead[CapiObject]]:
    """What needs nothing to be known: the providers' Deployments, and the webhook configurations."""
    admission = [partial(_read, looker, kind, "", "", INSTEAD) for kind in (VALIDATING, MUTATING)]
    return [partial(_read, looker, DEPLOYMENT, "", PROVIDER, INSTEAD), *admission]


def pod_read(looker: Looker, instead: str) -> tuple[Part, list[CapiObject]]:
    """The providers' Pods: evidence themselves, and the way to their logs."""
    return _read(looker, POD, "", PROVIDER, instead)


def namespace_reads(looker: Looker, found: Iterable[CapiObject]) -> list[PartRead[CapiObject]]:
    """Leases and endpoints of the namespaces in which controllers run and webhooks are served."""
    namespaces = sorted({namespace for live in found for namespace in _namespaces_of(live)})
    return [
        partial(_read, looker, kind, namespace, "", INSTEAD)
        for namespace in namespaces
        for kind in (LEASE, ENDPOINT_SLICE)
    ]


def _read(
    looker: Looker, kind: ServedKind, namespace: str, selector: str, instead: str
) -> tuple[Part, list[CapiObject]]:
    part = looker.part(f"{kind.kind} in {namespace}" if namespace else kind.kind, instead)
    keep = _of_cluster_api if kind in (VALIDATING, MUTATING) else None
    found = looker.listed(part, kind, namespace=namespace, selector=selector, keep=keep)
    return part, [looker.kept(kind, raw, _KEPT[kind]) for raw in found]


def _of_cluster_api(raw: RawObject) -> RawObject:
    """The webhook configuration with the webhooks that concern Cluster API; empty when none does."""
    hooks = [hook for hook in map(mapping, sequence(raw.get("webhooks"))) if _concerns(_groups(hook))]
    return {**raw, "webhooks": hooks} if hooks else {}


def _groups(hook: Mapping[str, object]) -> Iterator[str]:
    for rule in map(mapping, sequence(hook.get("rules"))):  # type: ignore[arg-type]
        yield from map(text, sequence(rule.get("apiGroups")))


def _concerns(groups: Collection[str] | Iterator[str]) -> bool:
    return any(group == "*" or is_fleet_group(group) for group in groups)


def _namespaces_of(live: CapiObject) -> Iterator[str]:
    if live.namespace:
        yield live.namespace
    for hook in map(mapping, sequence(live.raw.get("webhooks"))):
        yield from filter(None, [text(dig(hook, "clientConfig", "service", "namespace"))])
