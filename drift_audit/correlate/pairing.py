"""Puts the declarations of Git and the objects of a management cluster side by side, object by object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drift_audit.correlate.declared import (
    AppliedState,
    Declared,
    applied_revision,
    applied_state,
    delivery_of_source,
    index_declared,
)
from drift_audit.correlate.deliveries import deliveries
from drift_audit.correlate.derivation import is_derived, origins_of
from drift_audit.correlate.fleet import CORE_GROUP, Fleet, is_capi
from drift_audit.correlate.marks import Inventories, delivery_of, is_gone, marked_delivery, other_origin
from drift_audit.correlate.repositories import bare, covers, delivers
from drift_audit.model.delivery import Delivery
from drift_audit.model.keys import ClusterKey, ObjectKey, split_api_version
from drift_audit.model.objects import CapiObject
from drift_audit.model.pairing import Membership, ObjectPair, Pairing
from drift_audit.model.views import ClusterView, GitSourceView, KindListing

__all__ = ["applied_revision", "pair_objects"]

# Made by controllers at start-up, never by a person: not expected in Git.
_SELF_MADE = frozenset({("AWSClusterControllerIdentity", "default")})
_INSTALLER_GROUPS = frozenset({"clusterctl.cluster.x-k8s.io", "operator.cluster.x-k8s.io"})
_INSTALLER_LABELS = ("cluster.x-k8s.io/provider", "clusterctl.cluster.x-k8s.io")


def pair_objects(view: ClusterView, sources: Iterable[GitSourceView]) -> Pairing:
    """Every declared object and every CAPI object of one management cluster, each once.

    What the configuration narrows away (namespaces, a label selector) is in no pair: it is not part of the audit.
    """
    own = [source for source in sources if source.management_cluster == view.management_cluster]
    known = deliveries(view)
    declared = index_declared(view, own, known)
    fleet = Fleet(view, {key: item.declaration for key, item in declared.items()})
    joining = _Joining(view, own, known, fleet, Inventories(view))
    pairs = [joining.declared(key, item) for key, item in sorted(declared.items()) if joining.concerns(key, item)]
    for key, live in sorted(view.objects.items()):
        if key not in declared and is_capi(key.group):
            pair = joining.live_only(live)
            if pair is not None:
                pairs.append(pair)
    return Pairing(
        management_cluster=view.management_cluster,
        pairs=tuple(pairs),
        origins=origins_of(view),
        deliveries=known,
    )


def _complete(sources: Sequence[GitSourceView]) -> bool:
    """True when all of Git was read, so that what is not in it is not declared."""
    return bool(sources) and all(
        source.head is not None and source.head.complete and not source.gaps for source in sources
    )


@dataclass(frozen=True, slots=True)
class _Joining:
    view: ClusterView
    sources: Sequence[GitSourceView]
    known: Sequence[Delivery]
    fleet: Fleet
    inventories: Inventories

    def concerns(self, key: ObjectKey, declared: Declared) -> bool:
        """False for what the configuration leaves out of the audit."""
        if self.view.namespaces and key.namespace and key.namespace not in self.view.namespaces:
            return False
        cluster = self.fleet.named_cluster(key, declared.declaration.raw)
        of_cluster = ObjectKey(CORE_GROUP, "Cluster", cluster.namespace, cluster.name) if cluster else key
        return key not in self.view.left_out and of_cluster not in self.view.left_out

    def declared(self, key: ObjectKey, declared: Declared) -> ObjectPair:
        """The pair of an object that Git declares, at the head or as applied."""
        declaration = declared.declaration
        live = self.view.object_in(key, split_api_version(declaration.api_version)[1])
        if live is None and declared.head is None:
            # Only what the head uses was read in its own version; to tell that the object is still there, any will do.
            live = self.view.objects.get(key)
        delivery = delivery_of(live, self.known) if live else None
        delivery = delivery or delivery_of_source(declared.source, declaration, self.known)
        state = applied_state(declared, delivery)
        membership, note = self._membership(key, declared, state, live)
        head = declared.source.head
        return ObjectPair(
            management_cluster=self.view.management_cluster,
            key=key,
            membership=membership,
            head=declared.head,
            applied=state.declaration,
            live=live,
            cluster=self.cluster_of(key, live, declared),
            delivery=delivery,
            applier=declared.source.applier,
            head_committed_at=head.changed(declaration) if head else "",
            head_is_applied=state.is_head,
            note=note or (self._stale_mark(live) if live else ""),
            rivals=declared.rivals,
        )

    def cluster_of(self, key: ObjectKey, live: CapiObject | None, declared: Declared) -> ClusterKey | None:
        return self.fleet.cluster_of(key, live.raw if live else declared.declaration.raw)

    def _membership(
        self, key: ObjectKey, declared: Declared, state: AppliedState, live: CapiObject | None
    ) -> tuple[Membership, str]:
        if live is not None:
            return (Membership.PAIRED if declared.head else Membership.PENDING_DELETE), ""
        listing = self.view.kinds.get((key.group, key.kind))
        if key in self.view.objects:
            return Membership.UNREADABLE, _why_not_in_version(declared, listing.served if listing else ())
        if listing is None or not listing.complete:
            reason = listing.reason if listing else ""
            return Membership.UNREADABLE, reason or "the management cluster was not asked for this kind"
        if declared.head is None:
            return Membership.PENDING_DELETE, ""
        if state.declaration is None:
            return Membership.PENDING_CREATE, _why_not_there(declared, listing)
        return Membership.MISSING_LIVE, _why_not_there(declared, listing)

    def _stale_mark(self, live: CapiObject) -> str:
        """Why the tool that an object is marked with does not apply it; empty when it does, or when nobody knows."""
        marked = marked_delivery(live)
        if marked is None:
            return ""
        delivery = delivery_of(live, self.known)
        if delivery is None:
            return f"marked as applied by {marked}, which does not exist" if is_gone(self.view, marked) else ""
        if self.inventories.knows(delivery, live) is False:
            return f"marked as applied by {delivery}, whose inventory does not list it"
        return ""

    def live_only(self, live: CapiObject) -> ObjectPair | None:
        """An object that no configured source declares; `None` when that says nothing."""
        membership, note = self._undeclared(live)
        if membership is None:
            return None
        return ObjectPair(
            management_cluster=self.view.management_cluster,
            key=live.key,
            membership=membership,
            live=live,
            cluster=self.fleet.cluster_of(live.key, live.raw),
            delivery=delivery_of(live, self.known),
            note=note,
        )

    def _undeclared(self, live: CapiObject) -> tuple[Membership | None, str]:
        if live.key.group in _INSTALLER_GROUPS or (live.kind, live.name) in _SELF_MADE:
            return None, ""
        if any(label in live.labels for label in _INSTALLER_LABELS):
            return None, ""
        if is_derived(live):
            return Membership.DERIVED, ""
        stale = self._stale_mark(live)
        if stale and _complete(self.sources):
            return Membership.LEFT_BEHIND, stale
        if stale:  # the part of Git that was not read may well declare it
            return Membership.UNREADABLE, stale
        delivery = delivery_of(live, self.known)
        if delivery is not None and self._read_all_of(delivery):
            return Membership.PENDING_DELETE, f"{delivery} still lists it, and Git does not declare it"
        elsewhere = delivery or marked_delivery(live) or other_origin(live)
        if elsewhere:
            return Membership.UNREADABLE, f"declared by {elsewhere}, whose source is not part of this audit"
        if self.view.left_out and self.fleet.cluster_of(live.key, live.raw) is None:
            # It may belong to a Cluster that the label selector leaves out.
            return None, ""
        return (Membership.UNMANAGED if _complete(self.sources) else None), ""

    def _read_all_of(self, delivery: Delivery) -> bool:
        """True when the configured sources hold all that this delivery applies, as it applies it."""
        if delivery.rewrites:
            return False
        return any(
            delivers(delivery, source) and covers(source.path, bare(delivery.path))
            for source in self.sources
            if _complete([source])
        )


def _why_not_there(declared: Declared, listing: KindListing) -> str:
    """Why it cannot be there at all; empty where it could be."""
    declaration = declared.declaration
    if not listing.served:
        return f"the management cluster serves no kind {declaration.kind} in {declaration.api_version}"
    if split_api_version(declaration.api_version)[1] not in listing.served:
        return _why_not_in_version(declared, listing.served)
    return ""


def _why_not_in_version(declared: Declared, served: Sequence[str]) -> str:
    version = split_api_version(declared.declaration.api_version)[1]
    if version in served:
        return f"it was not read in API version {version}, which Git uses"
    return f"Git uses API version {version}, which is not served (served: {', '.join(served) or 'unknown'})"
