"""Joins what Git declares with what the management cluster holds, object by object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from drift_audit.correlate.deliveries import deliveries, delivery_of, knows, marked_delivery, same_repository
from drift_audit.correlate.derivation import is_derived, origins_of
from drift_audit.correlate.fleet import Fleet, is_capi
from drift_audit.model.delivery import Delivery
from drift_audit.model.keys import ObjectKey, split_api_version
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.pairing import Membership, ObjectPair, Pairing
from drift_audit.model.views import ClusterView, GitSourceView


@dataclass(frozen=True, slots=True)
class _Declared:
    """One object on the Git sides."""

    source: GitSourceView
    head: Declaration | None
    applied: Declaration | None

    @property
    def declaration(self) -> Declaration:
        found = self.head or self.applied
        assert found is not None, "a declared object is declared at the head or as applied"
        return found


# Made by controllers or installers at start-up, never by a person: not expected in Git.
_SELF_MADE = frozenset({("AWSClusterControllerIdentity", "default"), ("AzureClusterIdentity", "default")})
_INSTALLER_GROUPS = frozenset({"clusterctl.cluster.x-k8s.io", "operator.cluster.x-k8s.io"})


def pair_objects(view: ClusterView, sources: Iterable[GitSourceView]) -> Pairing:
    """Every declared object and every CAPI object of one management cluster, each once."""
    own = [source for source in sources if source.management_cluster == view.management_cluster]
    declared = _index(view, own)
    known = deliveries(view)
    fleet = Fleet(view, {key: item.declaration for key, item in declared.items()})
    git_complete = bool(own) and all(source.head is not None and source.head.complete for source in own)
    pairs = [_declared_pair(view, key, item, known, fleet) for key, item in sorted(declared.items())]
    for key, live in sorted(view.objects.items()):
        if key not in declared and is_capi(key.group):
            pair = _live_only(view, live, known, fleet, git_complete=git_complete)
            if pair is not None:
                pairs.append(pair)
    return Pairing(
        management_cluster=view.management_cluster,
        pairs=tuple(pairs),
        origins=origins_of(view),
        deliveries=known,
    )


def applied_revision(view: ClusterView, source: GitSourceView) -> str:
    """The commit of this source that the cluster's GitOps tool applied last; empty when nobody says.

    Asked of the deliveries whose repository is this one, and of those whose marks the declared objects
    carry. Where several disagree, the most common answer counts: a Kustomization that lags behind shows
    as its own objects' delivery.
    """
    known = deliveries(view)
    answers: Counter[str] = Counter()
    for delivery in known:
        if delivery.applied_revision and same_repository(delivery.repo, source.repo):
            answers[delivery.applied_revision] += 1
    for declaration in source.head.declarations if source.head else ():
        live = view.objects.get(_placed(view, source, declaration).key)
        marked = delivery_of(live, known) if live else None
        if marked is not None and marked.applied_revision:
            answers[marked.applied_revision] += 1
    return answers.most_common(1)[0][0] if answers else ""


def _index(view: ClusterView, sources: Iterable[GitSourceView]) -> dict[ObjectKey, _Declared]:
    """Declarations by key; of an object that two sources declare, the first source is taken."""
    found: dict[ObjectKey, _Declared] = {}
    for source in sources:
        heads = _by_key(view, source, source.head.declarations if source.head else ())
        applied = heads if source.applied is None else _by_key(view, source, source.applied.declarations)
        for key in {**heads, **applied}:
            found.setdefault(key, _Declared(source, heads.get(key), applied.get(key)))
    return found


def _by_key(
    view: ClusterView, source: GitSourceView, declarations: Iterable[Declaration]
) -> Mapping[ObjectKey, Declaration]:
    placed = (_placed(view, source, each) for each in declarations if not each.generate_name)
    return {each.key: each for each in placed}


def _placed(view: ClusterView, source: GitSourceView, declaration: Declaration) -> Declaration:
    """The declaration with the namespace that the cluster will give it: none for a cluster-scoped kind."""
    group, _ = split_api_version(declaration.api_version)
    listing = view.kinds.get((group, declaration.kind))
    if listing is not None and not listing.namespaced and declaration.namespace:
        return replace(declaration, namespace="")
    return declaration


def _declared_pair(
    view: ClusterView, key: ObjectKey, declared: _Declared, known: Iterable[Delivery], fleet: Fleet
) -> ObjectPair:
    declaration = declared.declaration
    version = split_api_version(declaration.api_version)[1]
    live = view.object_in(key, version)
    delivery = delivery_of(live, known) if live else _delivery_of_source(declared.source, known)
    head = declared.source.head
    applied_known = declared.source.applied is not None or (delivery is not None and delivery.applied_revision != "")
    membership, note = _membership(view, key, declared, live)
    if live is not None and delivery is not None and knows(view, delivery, live) is False:
        note = f"marked as applied by {delivery}, whose inventory does not list it"
    elif live is not None and delivery is None and marked_delivery(live) is not None:
        note = f"marked as applied by {marked_delivery(live)}, which does not exist"
    return ObjectPair(
        management_cluster=view.management_cluster,
        key=key,
        membership=membership,
        head=declared.head,
        applied=declared.applied,
        live=live,
        cluster=fleet.cluster_of(key, live.raw if live else declaration.raw),
        delivery=delivery,
        applier=declared.source.applier,
        head_committed_at=head.committed_at if head else "",
        head_is_applied=declared.source.applied is None if applied_known else None,
        note=note,
    )


def _membership(
    view: ClusterView, key: ObjectKey, declared: _Declared, live: CapiObject | None
) -> tuple[Membership, str]:
    if live is not None:
        return (Membership.PAIRED if declared.head else Membership.PENDING_DELETE), ""
    if key in view.objects:
        served = ", ".join(view.kinds[key.group, key.kind].served) if (key.group, key.kind) in view.kinds else "another"
        return Membership.UNREADABLE, f"Git uses an API version that is not served (served: {served})"
    listing = view.kinds.get((key.group, key.kind))
    if listing is None or not listing.complete:
        reason = listing.reason if listing else "the management cluster does not serve this kind"
        return Membership.UNREADABLE, reason
    if view.namespaces and key.namespace and key.namespace not in view.namespaces:
        return Membership.UNREADABLE, "its namespace is outside this audit"
    if declared.applied is None:
        return Membership.PENDING_CREATE, ""
    return (Membership.MISSING_LIVE if declared.head else Membership.PENDING_DELETE), ""


def _delivery_of_source(source: GitSourceView, known: Iterable[Delivery]) -> Delivery | None:
    same = [delivery for delivery in known if same_repository(delivery.repo, source.repo)]
    return same[0] if len(same) == 1 else None


def _live_only(
    view: ClusterView, live: CapiObject, known: Iterable[Delivery], fleet: Fleet, *, git_complete: bool
) -> ObjectPair | None:
    """An object that no configured source declares; `None` when that says nothing."""
    if live.key.group in _INSTALLER_GROUPS or (live.kind, live.name) in _SELF_MADE:
        return None
    delivery = delivery_of(live, known)
    membership, note = Membership.UNMANAGED, ""
    if is_derived(live):
        membership = Membership.DERIVED
    elif delivery is not None and knows(view, delivery, live) is not False:
        membership, note = Membership.UNREADABLE, f"declared by {delivery}, whose source is not part of this audit"
    elif marked_delivery(live) is not None:
        membership = Membership.LEFT_BEHIND
        note = f"marked as applied by {marked_delivery(live)}, which does not know it"
    elif not git_complete:
        return None
    return ObjectPair(
        management_cluster=view.management_cluster,
        key=live.key,
        membership=membership,
        live=live,
        cluster=fleet.cluster_of(live.key, live.raw),
        delivery=delivery,
        note=note,
    )
