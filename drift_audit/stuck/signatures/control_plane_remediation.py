"""Layer 5: control-plane Machines that KCP will not remediate.

Why a Machine is not healthy is another matter, and a finding of its own: these stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.stuck.case import Case, said_by
from drift_audit.stuck.signature import Looks, Sign, Signature

_SINGLE = re.compile(r"can't remediate if current replicas are less or equal to 1")
_LIMIT = re.compile(r"already failed (?:(?P<times>\d+) times \(MaxRetry\)|in the latest (?P<period>\S+) \(RetryPeriod)")
_UNSAFE = re.compile(
    r"could result in (?:loosing Kubernetes control plane components or in etcd quorum loss|etcd loosing quorum)"
)


def _refused(pattern: re.Pattern[str], fact: str) -> Looks:
    """Recognises a reason of KCP on the Machine that it should remediate."""

    def looks(case: Case) -> Sign | None:
        remediated = case.conditions.failing("OwnerRemediated")
        match = pattern.search(remediated.message) if remediated else None
        if remediated is None or match is None or case.live.deleting:
            return None
        shown = " ".join(f"{found} {name}" for name, found in match.groupdict().items() if found)
        return Sign(
            fact=f"{fact}: {shown}" if shown else fact,
            since=remediated.since,
            proofs=(said_by(remediated).proof,),
        )

    return looks


def _row(name: str, severity: Severity, title: str, looks: Looks, mechanism: str, *steps: str) -> Signature:
    return Signature(
        id=name,
        layer=Layer.CONTROL_PLANE,
        severity=severity,
        title=title,
        kinds=("Machine",),
        looks=looks,
        mechanism=mechanism,
        next_steps=("Look at the Machine: `kubectl -n {namespace} describe machine {name}`.", *steps),
        source="CAPI v1.14.0 controlplane/kubeadm/reconcilers/kubeadmcontrolplane/remediation.go",
        clock=Clock.REMEDIATION_BLOCKED,
        kind=FindingKind.HEALTH,
    )


SIGNATURES: Sequence[Signature] = (
    _row(
        "CP-SINGLE",
        Severity.HIGH,
        "The only Machine of a control plane cannot be remediated",
        _refused(_SINGLE, "KCP will not delete its only Machine"),
        "With one replica, deleting it deletes the cluster: only people can mend it.",
        "Scale to 3 in Git while the API server still works; else restore from a backup of etcd.",
    ),
    _row(
        "CP-REMEDIATION-UNSAFE",
        Severity.CRITICAL,
        "A control-plane Machine cannot be remediated without losing the cluster",
        _refused(_UNSAFE, "KCP will not delete it: etcd would lose its quorum, or the API server its last instance"),
        "More Machines are unhealthy than the cluster can lose, so that KCP keeps its hands off all of them.",
        "Mend one of the others by hand first; force nothing.",
    ),
    _row(
        "CP-REMEDIATION-LIMIT",
        Severity.HIGH,
        "A control plane has given up replacing a Machine",
        _refused(_LIMIT, "KCP has stopped, since every replacement failed"),
        "Each replacement fails in the same way, until `maxRetry` is reached or within `retryPeriod`.",
        "Find out why the first one failed, and mend that; KCP tries again after `minHealthyPeriod`, or with a higher "
        "`maxRetry` in Git.",
    ),
)
