"""Which drift can keep which things stuck: a table, by the rule of the drift and the signature of what is stuck.

A row says how the two must belong together. Where that alone proves it (the very field, the very instance), the order
in time is not asked for: a field's owner tells only by when it was written. Everywhere else the drift must have begun
first; what began later, or nobody knows when, is told as a possibility and never as the cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from drift_audit.model.findings import Finding, ValueState, Verdict

STUCK_PREFIX = "stuck."


def of_health(finding: Finding) -> bool:
    """True for what the stage of stuck things found, hazards included: it has a chain and no three values."""
    return finding.verdict in (Verdict.STUCK, Verdict.UNHEALTHY) or finding.rule.startswith(STUCK_PREFIX)


class Relation(StrEnum):
    """How the object of a drift and that of something stuck belong together."""

    SAME_FIELD = "same field"
    SAME_OBJECT = "same object"
    ON_THE_WAY = "on the way"
    """The drift is on an object between the cause and the alarm, or on one that suffers from it."""
    NAMED = "named"
    """An object on the way names the object of the drift in its spec, or was cut from it."""
    MENTIONED = "mentioned"
    """What is stuck tells the id of the drifted resource, as the error of a cloud does."""
    SAME_CLUSTER = "same cluster"
    DELIVERS = "delivers"
    """What is stuck is the GitOps object that brings the object of the drift into the cluster."""


_IN_CLUSTER = frozenset({Verdict.EDITED_IN_CLUSTER, Verdict.CONFLICT, Verdict.ADOPTED, Verdict.NOT_APPLIED})
_IN_CLOUD = frozenset({Verdict.EDITED_IN_CLOUD, Verdict.CONFLICT, Verdict.MISSING, Verdict.HAZARD})
_GONE = frozenset({Verdict.MISSING})


def _always(finding: Finding) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftEffect:
    """One row: this drift can keep these things stuck."""

    rules: tuple[str, ...]
    """Shell-style patterns of the rules of the drift: `aws.route-table.route-*`."""
    verdicts: frozenset[Verdict]
    signatures: tuple[str, ...]
    """Ids of the catalogue; `*` for any."""
    relation: Relation
    effect: str = ""
    """What lies between the two: `nodes cannot reach the API server`."""
    proves: bool = False
    """True where the relation alone proves it."""
    blocks: Callable[[Finding], bool] = _always
    """Which of the findings of these rules can have the effect: a rule that was added closes no door."""
    slack: timedelta = timedelta()
    """How long after the beginning of what is stuck the drift may still have done it: what waits for a Node begins to
    wait when the instance runs, and not when the way is closed."""


_API_PORTS = (443, 6443)
_NODE_PORTS = (*_API_PORTS, 2379, 2380, 10250)
_TRAFFIC = re.compile(r"(?:in|e)gress\[(?:all|tcp(?: (\d+)(?:-(\d+))?)?)(?: [^\]]*)?\]\Z")
"""How providers spell a rule of a firewall: `ingress[tcp 6443 from node]`, `egress[all to 0.0.0.0/0]`."""


def _closes(*ports: int) -> Callable[[Finding], bool]:
    """Whether a rule of a firewall is gone that let traffic to one of these ports through."""

    def closes(finding: Finding) -> bool:
        found = _TRAFFIC.match(finding.path)
        if found is None or finding.values.cloud.state is not ValueState.ABSENT:
            return False
        first = int(found[1]) if found[1] else 0
        last = int(found[2]) if found[2] else (first or 65535)
        return any(first <= port <= last for port in ports)

    return closes


def _not_a_tag(finding: Finding) -> bool:
    return ".tag" not in finding.rule


_JOINING = ("JOIN-NO-NODE", "JOIN-CCM", "JOIN-UNINITIALIZED-CAPI")
_UNREACHABLE = ("CP-UNREACHABLE", "CP-KUBECONFIG", "CP-INIT")
_NODES = ("NODE-NOTREADY", "NODE-IMAGE-PULL", "NODE-CNI")
_PEERS = ("CP-PREFLIGHT", "CP-QUORUM*", "CP-ETCD-MEMBER", "CP-ETCD-UNREACHABLE", "CP-ETCD-LEARNER")
_TO_JOIN = timedelta(minutes=20)

DRIFT_EFFECTS: Sequence[DriftEffect] = (
    # The very thing
    DriftEffect(rules=("git.*",), verdicts=_IN_CLUSTER, signatures=("*",), relation=Relation.SAME_FIELD, proves=True),
    DriftEffect(
        rules=("git.*",),
        verdicts=_IN_CLUSTER,
        signatures=("DRIFT-TEMPLATE-INPLACE",),
        relation=Relation.SAME_OBJECT,
        proves=True,
    ),
    DriftEffect(
        rules=("*.instance.missing", "*.instance.state"),
        verdicts=_IN_CLOUD,
        signatures=(
            "MACH-INSTANCE-GONE",
            "INFRA-FAILUREREASON",
            "NODE-NOTREADY",
            "JOIN-NO-NODE",
            "DEL-DRAIN-UNREACHABLE",
        ),
        relation=Relation.ON_THE_WAY,
        proves=True,
    ),
    DriftEffect(
        rules=("git.object-missing",),
        verdicts=_GONE,
        signatures=(
            "MACH-TEMPLATE-*",
            "INFRA-DELETED-OOB",
            "TOPO-*",
            "IDENT-*",
            "BOOT-*",
            "CP-CERT-MISSING",
            "CP-KUBECONFIG",
            "DEL-ORDER",
            "MHC-*",
            "NODE-CRS-NOTAPPLIED",
        ),
        relation=Relation.NAMED,
        effect="it is named, and nothing has that name",
        proves=True,
    ),
    DriftEffect(
        rules=("git.deleting",),
        verdicts=frozenset({Verdict.EDITED_IN_CLUSTER}),
        signatures=("DEL-*", "IDENT-DELETE-BLOCKED"),
        relation=Relation.ON_THE_WAY,
        proves=True,
    ),
    DriftEffect(
        rules=("*.missing", "*.subnet.free-addresses", "*.subnet.tag.*"),
        verdicts=_IN_CLOUD,
        signatures=("MACH-*", "INFRA-*", "DEL-DEPENDENCY"),
        relation=Relation.MENTIONED,
        proves=True,
    ),
    DriftEffect(
        rules=("*.load-balancer.missing", "*.classic-load-balancer.missing", "*.target-group.missing"),
        verdicts=_GONE,
        signatures=("INFRA-LB-NOT-READY", "MACH-LB-ATTACH"),
        relation=Relation.SAME_CLUSTER,
        proves=True,
    ),
    # What was written into an object that others are made from
    DriftEffect(
        rules=("git.*",),
        verdicts=_IN_CLUSTER,
        signatures=("TOPO-*", "BOOT-*", "MACH-*", "JOIN-PREFLIGHT-SKEW", "NODE-IMAGE-PULL"),
        relation=Relation.NAMED,
        effect="what is made from it has the edited value",
    ),
    DriftEffect(
        rules=("git.*",),
        verdicts=_IN_CLUSTER,
        signatures=("TOPO-*", "JOIN-PREFLIGHT-SKEW", "IDENT-*", "INFRA-*", "MHC-*", "CP-CERT-*"),
        relation=Relation.SAME_OBJECT,
    ),
    # The way between nodes and their API server
    DriftEffect(
        rules=("*.security-group.ingress", "*.security-group.egress"),
        verdicts=_IN_CLOUD,
        signatures=(*_JOINING, "NODE-NOTREADY"),
        relation=Relation.SAME_CLUSTER,
        effect="nodes cannot reach the API server",
        blocks=_closes(*_API_PORTS),
        slack=_TO_JOIN,
    ),
    DriftEffect(
        rules=("*.security-group.ingress", "*.security-group.egress"),
        verdicts=_IN_CLOUD,
        signatures=(*_UNREACHABLE, *_PEERS, "MACH-LB-ATTACH"),
        relation=Relation.SAME_CLUSTER,
        effect="nothing reaches the API server, or its peers do not reach each other",
        blocks=_closes(*_NODE_PORTS),
    ),
    DriftEffect(
        rules=("*.instance.security-groups", "*.instance.subnet", "*.instance.source-dest-check"),
        verdicts=_IN_CLOUD,
        signatures=(*_JOINING, *_NODES, *_PEERS),
        relation=Relation.ON_THE_WAY,
        effect="the instance is cut off from the API server",
        slack=_TO_JOIN,
    ),
    DriftEffect(
        rules=(
            "*.route-table.*",
            "*.subnet.route-table.*",
            "*.subnet.nat-gateway",
            "*.internet-gateway.attachment",
            "*.nat-gateway.missing",
            "*.internet-gateway.missing",
            "*.vpc.dns-*",
        ),
        verdicts=_IN_CLOUD,
        signatures=(*_JOINING, *_NODES, *_UNREACHABLE),
        relation=Relation.SAME_CLUSTER,
        effect="nodes have no way out of their subnets",
        blocks=_not_a_tag,
        slack=_TO_JOIN,
    ),
    DriftEffect(
        rules=("*load-balancer.*", "*.target-group.*"),
        verdicts=_IN_CLOUD,
        signatures=(*_JOINING, *_UNREACHABLE, *_PEERS, "INFRA-LB-NOT-READY", "MACH-LB-ATTACH", "NODE-NOTREADY"),
        relation=Relation.SAME_CLUSTER,
        effect="the address of the API server leads nowhere",
        blocks=_not_a_tag,
        slack=_TO_JOIN,
    ),
    # What nodes and controllers may do
    DriftEffect(
        rules=("*.instance.profile", "*.instance-profile.role", "*.instance-profile.missing", "*.iam-role.missing"),
        verdicts=_IN_CLOUD,
        signatures=("JOIN-CCM", "IDENT-IAM-DENIED", "DEL-VOLUME"),
        relation=Relation.SAME_CLUSTER,
        effect="nodes may not call the cloud",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckEffect:
    """One row of the other direction: while these are stuck, these differences stay."""

    signatures: tuple[str, ...]
    verdicts: frozenset[Verdict]
    relation: Relation


STUCK_EFFECTS: Sequence[StuckEffect] = (
    StuckEffect(signatures=("GITOPS-*",), verdicts=frozenset({Verdict.NOT_APPLIED}), relation=Relation.DELIVERS),
    StuckEffect(signatures=("*",), verdicts=frozenset({Verdict.NOT_RECONCILED}), relation=Relation.SAME_OBJECT),
    StuckEffect(signatures=("*",), verdicts=frozenset({Verdict.NOT_RECONCILED}), relation=Relation.ON_THE_WAY),
    StuckEffect(
        signatures=("PAUSE-CLUSTER", "IDENT-*", "INFRA-VPC-FAILED"),
        verdicts=frozenset({Verdict.NOT_RECONCILED}),
        relation=Relation.SAME_CLUSTER,
    ),
)
