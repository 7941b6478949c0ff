"""What Git declares for one management cluster: each object once, at the head and as it was applied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from drift_audit.correlate.deliveries import deliveries
from drift_audit.correlate.marks import delivery_of
from drift_audit.correlate.repositories import covers, delivers, depth
from drift_audit.model.delivery import Delivery
from drift_audit.model.keys import ObjectKey, split_api_version
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.views import ClusterView, GitSourceView, Rendering


@dataclass(frozen=True, slots=True)
class Declared:
    """One object on the Git sides."""

    source: GitSourceView
    head: Declaration | None
    applied: Declaration | None
    rivals: tuple[Declaration, ...] = ()
    """Declarations of further sources that differ from this one."""

    @property
    def declaration(self) -> Declaration:
        found = self.head or self.applied
        assert found is not None, "a declared object is declared at the head or as applied"
        return found


@dataclass(frozen=True, slots=True)
class AppliedState:
    """The applied side of one object, as far as it is known."""

    declaration: Declaration | None
    is_head: bool | None
    """`None` when the applied revision is unknown."""


def index_declared(
    view: ClusterView, sources: Iterable[GitSourceView], known: Sequence[Delivery]
) -> dict[ObjectKey, Declared]:
    """Declarations by key; of an object that two sources declare, the first source is taken."""
    found: dict[ObjectKey, Declared] = {}
    for source in sources:
        heads, applied = _sides(view, source, known)
        for key in {**heads, **applied}:
            here = Declared(source, heads.get(key), applied.get(key))
            found[key] = _contested(found[key], here) if key in found else here
    return found


def _contested(first: Declared, second: Declared) -> Declared:
    """The first with the second as a rival, unless they say the same; the second, where only it has the object now."""
    if first.head is None and second.head is not None:
        return second
    if first.head is None or second.head is None or first.head.raw == second.head.raw:
        return first
    return replace(first, rivals=(*first.rivals, second.head))


_Side = Mapping[ObjectKey, Declaration]


def _sides(view: ClusterView, source: GitSourceView, known: Sequence[Delivery]) -> tuple[_Side, _Side]:
    """(head, applied). A head that was read only in part lends what it lacks from the applied side.

    For an object of a file that could not be read is not removed from Git. The other way round nothing is
    lent: whether an object was applied already, nobody can say then, and it may be new.
    """
    heads = _by_key(view, source, source.head, known)
    applied = _by_key(view, source, source.applied, known) if source.applied else heads
    if source.head is None or not source.head.complete:
        heads = {**applied, **heads}
    return heads, applied


def _by_key(
    view: ClusterView, source: GitSourceView, rendering: Rendering | None, known: Sequence[Delivery]
) -> dict[ObjectKey, Declaration]:
    """Objects whose name the server makes up (`generateName`) have no key, and are left out."""
    declarations = rendering.declarations if rendering else ()
    placed = (place(view, source, each, known) for each in declarations if not each.generate_name)
    return {each.key: each for each in placed}


def place(view: ClusterView, source: GitSourceView, declaration: Declaration, known: Sequence[Delivery]) -> Declaration:
    """The declaration with the namespace that it gets in the cluster: none for a cluster-scoped kind."""
    group, _ = split_api_version(declaration.api_version)
    listing = view.kinds.get((group, declaration.kind))
    if listing is not None and not listing.namespaced:
        return replace(declaration, namespace="") if declaration.namespace else declaration
    delivery = delivery_of_source(source, declaration, known)
    if delivery is not None and delivery.namespace and (delivery.namespace_wins or not declaration.namespace):
        return replace(declaration, namespace=delivery.namespace)
    return declaration


def delivery_of_source(source: GitSourceView, declaration: Declaration, known: Sequence[Delivery]) -> Delivery | None:
    """The delivery that applies the file of this declaration; `None` when none does, or several could."""
    file = declaration.location.file
    fitting = [each for each in known if delivers(each, source) and covers(each.path, file)]
    nearest = max((depth(each.path) for each in fitting), default=0)
    nearby = [each for each in fitting if depth(each.path) == nearest]
    return nearby[0] if len(nearby) == 1 else None


def applied_state(declared: Declared, delivery: Delivery | None) -> AppliedState:
    """What was applied of this object, judged by the revision that its own delivery names.

    The rendering of a source is that of one revision, and a delivery of it may lag behind. Then nothing is
    known of what it applied but that it is not the head.
    """
    head, applied = declared.source.head, declared.source.applied
    revision = delivery.applied_revision if delivery else ""
    if not revision:
        return AppliedState(declared.applied, None if applied is None else False)
    if head is not None and revision == head.revision:
        return AppliedState(declared.head, True)
    if applied is not None and revision == applied.revision:
        return AppliedState(declared.applied, False)
    return AppliedState(None, False)


def applied_revision(view: ClusterView, source: GitSourceView) -> str:
    """The commit of this source that the cluster's GitOps tools applied last; empty when nobody says.

    Asked of the deliveries that apply its files. Where several disagree, the most common answer counts: a
    delivery that lags behind shows with its own objects.
    """
    known = deliveries(view)
    answers: Counter[str] = Counter()
    for declaration in source.head.declarations if source.head else ():
        live = view.objects.get(place(view, source, declaration, known).key)
        delivery = _applying(source, declaration, live, known)
        if delivery is not None and delivery.applied_revision:
            answers[delivery.applied_revision] += 1
    return answers.most_common(1)[0][0] if answers else ""


def _applying(
    source: GitSourceView, declaration: Declaration, live: CapiObject | None, known: Sequence[Delivery]
) -> Delivery | None:
    marked = delivery_of(live, known) if live is not None else None
    return marked or delivery_of_source(source, declaration, known)
