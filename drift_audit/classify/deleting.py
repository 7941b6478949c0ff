"""The finding that a declared object is on its way out: deleted in the cluster, and held by its finalizers."""

from __future__ import annotations

import re

from drift_audit.classify.membership_rules import object_ref
from drift_audit.classify.repair import blocked_by
from drift_audit.classify.values import declared_at, shown
from drift_audit.model.findings import (
    NO_COUNTERPART,
    Confidence,
    Finding,
    FindingKind,
    Severity,
    ShownValues,
    Verdict,
    finding_id,
)
from drift_audit.model.pairing import Membership, ObjectPair
from drift_audit.model.values import ABSENT, Present, sequence, text

RULE = "git.deleting"
_PATH = "metadata.deletionTimestamp"
_TAKES_MACHINES_ALONG = re.compile(r"\w*Cluster|\w*ControlPlane|MachineDeployment|MachineSet|\w*MachinePool")


def deleting_finding(pair: ObjectPair, *, confirmed: bool) -> Finding | None:
    """The finding that somebody deletes what Git declares; `None` when nobody does.

    What controllers made goes and comes with every rollout, and what Git removed is meant to go: both are silent.
    """
    if pair.membership is not Membership.PAIRED or pair.live is None:
        return None
    since = text(pair.live.metadata.get("deletionTimestamp"))
    if not since:
        return None
    kind = pair.key.kind
    return Finding(
        id=finding_id(pair.management_cluster, str(pair.key), pair.key.group, _PATH, "git", FindingKind.DRIFT),
        kind=FindingKind.DRIFT,
        verdict=Verdict.EDITED_IN_CLUSTER,
        confidence=Confidence.CONFIRMED if confirmed else Confidence.POTENTIAL,
        severity=Severity.HIGH if _TAKES_MACHINES_ALONG.fullmatch(kind) else Severity.MEDIUM,
        rule=RULE,
        title=f"{kind} is declared in Git and is being deleted in the cluster",
        cluster=pair.cluster,
        management_cluster=pair.management_cluster,
        object=object_ref(pair),
        resource=None,
        path=_PATH,
        values=ShownValues(git=shown(ABSENT), capi=shown(Present(since)), cloud=NO_COUNTERPART),
        declared_at=declared_at(pair.declaration.location if pair.declaration else None),
        reaction=_reaction(pair),
        since=since,
        evidence=("Git declares the object, and a deletion of it was accepted.", _held_by(pair)),
        next_steps=(
            f"find out who deleted {pair.key}, and why: a deletion cannot be taken back",
            "if it is meant to go, remove it from Git too; if not, be ready to create it anew with all it owned",
        ),
    )


def _held_by(pair: ObjectPair) -> str:
    finalizers = [text(each) for each in sequence(pair.live.metadata.get("finalizers"))] if pair.live else []
    return f"finalizers that still hold it: {', '.join(finalizers) or 'none'}"


def _reaction(pair: ObjectPair) -> str:
    blocked = blocked_by(pair)
    return f"nothing will create it anew: {blocked}" if blocked else f"{pair.delivery} creates it anew once it is gone"
