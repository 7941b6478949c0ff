"""A management cluster with a few objects, for tests of the comparison as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drift_audit.compare.git import compare_with_git
from drift_audit.compare.managers import ManagerTable
from drift_audit.config.settings import ManagerRule
from drift_audit.model.comparison import LeafOutcome, ObjectComparison
from drift_audit.model.delivery import Delivery
from drift_audit.model.keys import ObjectKey, format_path
from drift_audit.model.objects import CapiObject, Declaration
from drift_audit.model.pairing import Membership, ObjectPair, Pairing
from drift_audit.model.values import Json
from drift_audit.model.views import ClusterView

FREE: Mapping[str, Any] = {"properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
FLUX = ObjectKey("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", "fleet")


def delivery(**changes: Any) -> Delivery:
    given = {"tool": "Flux", "object": FLUX, "applier": "kustomize-controller", **changes}
    return Delivery(**given)


def object_pair(head: Declaration | None, live: CapiObject | None, **changes: Any) -> ObjectPair:
    side = head or live
    assert side is not None
    given = {
        "management_cluster": "prod",
        "key": side.key,
        "membership": Membership.PAIRED,
        "head": head,
        "applied": head,
        "live": live,
        "head_is_applied": True,
        **changes,
    }
    return ObjectPair(**given)


def compared(
    head: Declaration | None,
    live: CapiObject | None,
    *,
    schema: Json = FREE,
    rules: Sequence[ManagerRule] = (),
    **changes: Any,
) -> ObjectComparison:
    """The comparison of one pair, the whole way."""
    pair = object_pair(head, live, **changes)
    group, _, version = (live.api_version if live else "").rpartition("/")
    view = ClusterView(
        management_cluster="prod",
        server_version="",
        objects={live.key: live} if live else {},
        schemas={(group, live.kind, version): schema} if live and schema else {},
    )
    pairing = Pairing(management_cluster="prod", pairs=(pair,))
    (comparison,) = compare_with_git(view, pairing, ManagerTable(rules))
    return comparison


def told(comparison: ObjectComparison) -> dict[str, LeafOutcome]:
    return {format_path(leaf.path): leaf.outcome for leaf in comparison.leaves}
