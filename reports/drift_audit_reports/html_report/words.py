"""The looks and the long words of the HTML report. No state is told by colour alone: each has a sign and a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drift_audit.model.findings import FindingKind, Verdict
from drift_audit.model.result import ClusterStatus, Status
from drift_audit.model.tree import NodeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a state is shown."""

    css: str
    """Class that gives the colour."""
    sign: str
    """One character of a font that every system has."""
    word: str


CLUSTER_LOOKS: Mapping[ClusterStatus, Look] = {
    ClusterStatus.ERROR: Look(css="error", sign="×", word="could not be audited"),
    ClusterStatus.STUCK: Look(css="stuck", sign="■", word="stuck"),
    ClusterStatus.DRIFTED: Look(css="drifted", sign="≠", word="drifted"),
    ClusterStatus.INCOMPLETE: Look(css="incomplete", sign="?", word="not wholly judged"),
    ClusterStatus.OK: Look(css="ok", sign="✓", word="in sync"),
}
"""The worst first."""

NODE_LOOKS: Mapping[NodeState, Look] = {
    NodeState.MISSING: Look(css="error", sign="×", word="missing"),
    NodeState.STUCK: Look(css="stuck", sign="■", word="stuck"),
    NodeState.DRIFTED: Look(css="drifted", sign="≠", word="drifted"),
    NodeState.ORPHAN: Look(css="drifted", sign="◇", word="orphan"),
    NodeState.UNKNOWN: Look(css="incomplete", sign="?", word="not known"),
    NodeState.CHANGING: Look(css="changing", sign="↻", word="changing"),
    NodeState.OK: Look(css="ok", sign="✓", word="as it should be"),
}

STATUS_LOOKS: Mapping[Status, Look] = {
    Status.ERROR: Look(css="error", sign="×", word="Error"),
    Status.INCOMPLETE: Look(css="incomplete", sign="?", word="Incomplete"),
    Status.DRIFT: Look(css="drifted", sign="≠", word="Drift"),
    Status.IN_SYNC: Look(css="ok", sign="✓", word="In sync"),
}

CLEAN_WITH_RESERVE = Look(css="changing", sign="•", word="Nothing that fails a run")

KINDS: Mapping[FindingKind, str] = {
    FindingKind.MISSING: "missing",
    FindingKind.STUCK: "stuck",
    FindingKind.DRIFT: "drift",
    FindingKind.HEALTH: "health",
    FindingKind.HAZARD: "hazard",
    FindingKind.ORPHAN: "orphan",
    FindingKind.UNMANAGED: "unmanaged",
}

VIEW_TITLES: Mapping[str, str] = {
    "git": "Git",
    "capi": "Management cluster",
    "cloud": "Cloud",
    "workload": "Workload cluster",
    "history": "Change history",
    "evidence": "Evidence",
}

MEANINGS: Mapping[Verdict, str] = {
    Verdict.EDITED_IN_CLUSTER: "The object differs from Git, and somebody other than the GitOps tool wrote the field.",
    Verdict.EDITED_IN_CLOUD: "Git and the object agree, the cloud differs, and no error or rollout explains it.",
    Verdict.EDITED_AND_REVERTED: "Somebody edited the cloud, and the controller has put it back.",
    Verdict.NOT_APPLIED: "Git is ahead of the management cluster: committed, and not applied.",
    Verdict.NOT_RECONCILED: "The object is ahead of the cloud: its controller has not carried it out.",
    Verdict.ADOPTED: "A controller overwrote a declared field, usually with what it found in the cloud.",
    Verdict.CONFLICT: "Git, the management cluster and the cloud hold three different values.",
    Verdict.MISSING: "A complete listing of the right place does not hold what is declared or named.",
    Verdict.ORPHAN: "A cloud resource says that it belongs to a cluster, and no object of the fleet names it.",
    Verdict.UNMANAGED: "An object that no Git source declares and no controller made.",
    Verdict.HAZARD: "A configuration that will hurt, such as two writers of one field.",
    Verdict.STUCK: "Something takes longer than it may, and what keeps it from happening is named with its evidence.",
    Verdict.UNHEALTHY: "Something is not well although nothing waits for it.",
    Verdict.RECONCILING: "A difference within a creation, deletion or rollout that is still in its time.",
    Verdict.UNDETERMINED: "Something that a judgement needs could not be read.",
}
"""For the glossary; a verdict without a sentence is left out of it."""

GRADES: tuple[tuple[str, str], ...] = (
    ("A", "an audit event with user, call and field"),
    ("B", "the field's owner, within a window that begins with an apply of that field"),
    ("C", "the field's owner, within a window that is open at its beginning"),
    ("D", "candidates only"),
    ("E", "nothing is known"),
)

EXPIRES_SOON_DAYS = 14
