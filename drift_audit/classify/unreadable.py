"""Gaps that only show when the views are held side by side: declared objects that nobody could compare."""

from __future__ import annotations

from collections import defaultdict

from drift_audit.model.pairing import Membership, ObjectPair, Pairing
from drift_audit.model.views import ClusterView, Gap, ScopeStatus, View


def pairing_gaps(view: ClusterView, pairing: Pairing) -> list[Gap]:
    """One gap per reason; kinds that the collector already reported as incomplete are not told twice."""
    by_reason: dict[tuple[str, str], list[ObjectPair]] = defaultdict(list)
    for pair in pairing.pairs:
        if pair.membership is not Membership.UNREADABLE:
            continue
        listing = view.kinds.get((pair.key.group, pair.key.kind))
        told = listing is not None and not listing.complete
        if not told and pair.key not in view.left_out and view.kinds:
            by_reason[pair.key.kind, pair.note].append(pair)
    return [
        Gap(
            view=View.GIT,
            scope=f"{pairing.management_cluster}/{kind}",
            subject=", ".join(str(pair.key) for pair in pairs[:3]) + (" ..." if len(pairs) > 3 else ""),
            reason=f"{len(pairs)} {kind} not compared: {note}",
            remedy=_remedy(note),
            status=ScopeStatus.PARTIAL,
        )
        for (kind, note), pairs in sorted(by_reason.items())
    ]


def _remedy(note: str) -> str:
    if "API version" in note:
        return "Move the manifests to a served API version."
    if "part of this audit" in note:
        return "Add the Git source of that GitOps object to this management cluster in the configuration."
    return "Widen the audit, or accept the lower coverage."
