"""Layer 6: the data that a machine boots with is not made, or does not let it join."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import conditions_of
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.second_opinion import consoles, said
from drift_audit.stuck.signatures.waiting import unwell
from drift_audit.stuck.wording import first_line

_KINDS = ("KubeadmConfig", "Machine")
_FILES = re.compile(
    r"Failed to (?:prepare spec\.files|read content from secrets for spec\.files|read password from secrets"
    r"|create kubeconfig for spec\.joinConfiguration\.discovery\.file)"
)
_SECRET = re.compile(r"secret not found: (?P<name>\S+?)(?::|$)|Secret \"?(?P<other>[\w./-]+)\"? not found")
_LOCK = re.compile(
    r"Waiting for Machine (?P<holder>\S+) to initialize"
    r"|Failed to (?:acquire init lock|get information about the existing init lock|get machine holding init lock)"
    r"|Cannot acquire the init lock"
)
_TOKEN_LOG = re.compile(r"failed to (?:get bootstrap token secret in order to refresh it|refresh bootstrap token)")
_TOKEN_CONSOLE = re.compile(
    r"couldn't validate the identity of the API Server|could not find a JWS signature|token id \S+ is invalid"
    r"|Unauthorized"
)
_CA_CONSOLE = re.compile(
    r"x509: certificate signed by unknown authority|public key \S+ not pinned|cluster CA found in cluster-info"
)


def _files(case: Case) -> Sign | None:
    told = case.said(_FILES, "condition", "log")
    missing = case.said(_SECRET)
    available = case.conditions.failing("DataSecretAvailable")
    older = available is not None and available.reason == "DataSecretGenerationFailed"
    if case.live.deleting or not (told or older):
        return None
    shown = told[0] if told else said_by(available) if available else None
    if shown is None:
        return None
    name = next(filter(None, missing[1].groups()), "") if missing else ""
    return Sign(
        fact=f"its bootstrap data cannot be made{f': Secret {name} is not there' if name else ''}",
        since=shown.since,
        proofs=(shown.proof, *((missing[0].proof,) if missing and missing[0] != shown else ())),
        variant=name or first_line(shown.text),
        values=(("secret", name.rpartition("/")[2] or "SECRET"),),
    )


def _certificates(case: Case) -> Sign | None:
    failing = case.conditions.failing("CertificatesAvailable")
    if failing is None or case.live.deleting:
        return None
    above = case.control_plane
    missing = above is not None and conditions_of(above).failing("CertificatesAvailable") is not None
    return Sign(
        fact="the certificates of the cluster could not be read for its bootstrap data",
        since=failing.since,
        proofs=(said_by(failing).proof, *(Proof("log", line.message) for line in case.logs[:1])),
        variant=failing.reason,
        waits_for=unwell(above) if missing else (),
    )


def _lock(case: Case) -> Sign | None:
    told = case.said(_LOCK, "log")
    if told is None or case.live.deleting or text(case.live.at("status", "dataSecretName")):
        return None
    cluster = case.cluster
    if cluster is None or conditions_of(cluster).holding("ControlPlaneInitialized") is not None:
        return None
    name = told[1].groupdict().get("holder") or ""
    holder = case.graph.named("Machine", case.live.namespace, name) if name else None
    return Sign(
        fact=f"another Machine holds the lock of `kubeadm init`{f': {name}' if name else ''}",
        since=told[0].since,
        proofs=(told[0].proof, *((Proof("object", f"Machine {name} does not exist"),) if name and not holder else ())),
        waits_for=unwell(holder),
    )


def _ca_differs(case: Case) -> Sign | None:
    return _console_says(case, _CA_CONSOLE, "the machine does not trust the authority of the API server that it joins")


def _token(case: Case) -> Sign | None:
    told = case.said(_TOKEN_LOG, "log")
    if told is not None and not case.live.deleting and case.live.kind == "KubeadmConfig":
        return Sign(
            fact="its bootstrap token could not be refreshed",
            since=told[0].since,
            proofs=(told[0].proof,),
        )
    return _console_says(case, _TOKEN_CONSOLE, "the API server refuses the bootstrap token of the machine")


def _console_says(case: Case, pattern: re.Pattern[str], fact: str) -> Sign | None:
    """What the console of a machine that has not joined shows."""
    live = case.live
    if live.kind != "Machine" or live.deleting or live.at("status", "nodeRef", "name"):
        return None
    answers = [answer for answer in consoles(case) if pattern.search(answer.fact + answer.evidence)]
    if not answers:
        return None
    waiting = case.conditions.failing("NodeHealthy", "Ready")
    return Sign(
        fact=fact,
        since=text(live.status.get("lastUpdated")),
        proofs=(*(said(answer) for answer in answers), *((said_by(waiting).proof,) if waiting else ())),
    )


_SOURCE = "CAPI v1.14.0 bootstrap/kubeadm/reconcilers/kubeadmconfig/kubeadmconfig_controller.go"

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="BOOT-FILES",
        layer=Layer.BOOTSTRAP,
        severity=Severity.HIGH,
        title="A Secret that bootstrap data is made of is missing",
        kinds=("KubeadmConfig",),
        looks=_files,
        mechanism="Files, passwords or kubeconfigs of the KubeadmConfig refer to a Secret or a key that is not there.",
        next_steps=(
            "Look for it: `kubectl -n {namespace} get secret {secret}`.",
            "Restore the Secret from Git or from where secrets are kept; the controller tries again by itself.",
        ),
        source=f"{_SOURCE} resolveFiles, resolveUsers",
    ),
    Signature(
        id="BOOT-CERTIFICATES",
        layer=Layer.BOOTSTRAP,
        severity=Severity.HIGH,
        title="Bootstrap data cannot be made without the cluster's certificates",
        kinds=("KubeadmConfig",),
        looks=_certificates,
        mechanism="A Machine joins with the authorities of the cluster: a Secret of one is missing or cannot be read.",
        next_steps=("Look at the Secrets: `kubectl -n {namespace} get secrets | grep {cluster}-`.",),
        source=f"{_SOURCE} joinControlplane",
        clock=Clock.COMPONENTS,
    ),
    Signature(
        id="BOOT-INIT-LOCK",
        layer=Layer.BOOTSTRAP,
        severity=Severity.HIGH,
        title="No Machine may initialise the control plane, because another holds the lock",
        kinds=("KubeadmConfig",),
        looks=_lock,
        mechanism="One Machine at a time runs `kubeadm init`; the lock goes when its Machine is gone.",
        next_steps=(
            "Look who holds it: `kubectl -n {namespace} get configmap {cluster}-lock -o yaml`.",
            "Mend or delete that Machine; the lock is released by itself.",
        ),
        source="CAPI v1.14.0 bootstrap/kubeadm/pkg/locking/control_plane_init_mutex.go",
        clock=Clock.MACHINE_PENDING,
    ),
    Signature(
        id="BOOT-CA-MISMATCH",
        layer=Layer.BOOTSTRAP,
        severity=Severity.CRITICAL,
        title="New machines do not trust the authority of their cluster",
        kinds=("Machine",),
        looks=_ca_differs,
        mechanism="The Secret with the cluster's authority was replaced: new machines are told to trust another one.",
        next_steps=(
            "Compare the Secret {cluster}-ca with the ConfigMap cluster-info in kube-public of the workload cluster.",
            "Restore the Secret as it was.",
        ),
        source="kubeadm discovery/token (pinned public keys); capi.md 2.3",
        clock=Clock.MACHINE_PROVISIONED,
    ),
    Signature(
        id="BOOT-TOKEN",
        layer=Layer.BOOTSTRAP,
        severity=Severity.HIGH,
        title="New machines come with a bootstrap token that has run out",
        kinds=_KINDS,
        looks=_token,
        mechanism=(
            "A token lives for 15 minutes and is refreshed until the Node is there; a pause, a stopped controller or a "
            "launch template that nobody renews leaves machines with an old one."
        ),
        next_steps=(
            "In the workload cluster: `kubectl -n kube-system get secrets | grep bootstrap-token`.",
            "End the pause, if there is one; then let the provider renew the launch template.",
        ),
        source=f"{_SOURCE} refreshBootstrapTokenIfNeeded",
        clock=Clock.MACHINE_PROVISIONED,
    ),
)
