"""Layer 0: the API server asks a webhook before it writes or converts, and the webhook does not answer.

One cause for the whole management cluster: it is told once for each webhook, whoever stumbles over it.
Texts: k8s.io/apiserver `pkg/admission/plugin/webhook/errors`, `apiextensions-apiserver/pkg/apiserver/conversion`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

from drift_audit.model.findings import Severity
from drift_audit.model.health import Layer
from drift_audit.stuck.case import Case, Proof, Said
from drift_audit.stuck.clocks import elapsed
from drift_audit.stuck.controllers import behind_service, has_endpoints, webhook_configuration
from drift_audit.stuck.signature import Sign, Signature

_ADMISSION = r'failed calling webhook \\?"(?P<hook>[^"\\]+)\\?"'
_CONVERSION = r"conversion webhook for (?P<kind>[^,\s]+, Kind=\w+) failed"
_UNREACHABLE = (
    r"connection refused|no endpoints available|context deadline exceeded|i/o timeout|no route to host|no such host"
    r"|has prevented the request from succeeding|could not find the requested resource"
    r"|connection reset by peer|Client\.Timeout exceeded|service \\?\"[^\"]+\" not found|\bEOF\b"
)
_CERTIFICATE = r"x509: |tls: "
DOWN = re.compile(rf"{_ADMISSION}.*?(?P<why>{_UNREACHABLE})", re.IGNORECASE | re.DOTALL)
CERTIFICATE = re.compile(
    rf"(?:{_ADMISSION}|{_CONVERSION}).*?(?P<why>(?:{_CERTIFICATE})[^\n\"]*)", re.IGNORECASE | re.DOTALL
)
CONVERSION = re.compile(rf"{_CONVERSION}(?P<why>[^\n]*)", re.IGNORECASE)
_SERVICE = re.compile(r"https://(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc")
_ROTATION = timedelta(minutes=3)
"""A certificate that is renewed is unknown to the API server for up to 90 s (cluster-api#10522)."""


def _looks(pattern: re.Pattern[str], told: str, least: timedelta = timedelta(0)) -> Callable[[Case], Sign | None]:
    def look(case: Case) -> Sign | None:
        found = case.said(pattern)
        if found is None:
            return None
        said, match = found
        lasted = elapsed(said.since, case.now)
        if lasted is not None and lasted < least:
            return None
        return _sign(case, said, _hook(match), " ".join(match["why"].split()).strip(" :"), told)

    return look


def _hook(match: re.Match[str]) -> str:
    """The webhook's name; of a conversion, which has none, the kind."""
    named = match.groupdict()
    return str(named.get("hook") or named.get("kind"))


def _sign(case: Case, said: Said, hook: str, why: str, told: str) -> Sign | None:
    service = _SERVICE.search(said.text)
    name, namespace = (service["service"], service["namespace"]) if service else ("", "")
    answers = has_endpoints(case, name, namespace) if service else None
    if answers and said.source != "condition":
        # What somebody met some minutes ago, and the webhook answers again.
        return None
    certain = tuple(behind_service(case, name, namespace)) if service else ()
    return Sign(
        fact=f"{told.format(hook=hook)}: {why}" if why else told.format(hook=hook),
        since=said.since,
        proofs=(said.proof, *certain),
        variant=hook,
        subject=webhook_configuration(case, hook),
        values=(("webhook", hook), ("service", name or "<service>"), ("webhook_namespace", namespace or "<namespace>")),
        contradicted_by=(Proof("controller", f"Service {namespace}/{name} has ready endpoints"),) if answers else (),
    )


_LOOK = "kubectl -n {webhook_namespace} get endpointslices,pods,events"

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="MGMT-WEBHOOK-CERT",
        layer=Layer.MANAGEMENT,
        severity=Severity.CRITICAL,
        title="The certificate of a webhook is not accepted",
        kinds=("*",),
        looks=_looks(CERTIFICATE, "the API server does not accept the certificate of {hook}", _ROTATION),
        mechanism=(
            "cert-manager did not renew the certificate, or its CA was not written into the webhook's configuration: "
            "the handshake fails, and the API server refuses every write that it has to ask the webhook about."
        ),
        next_steps=(
            "See whether cert-manager renews it: `kubectl get certificates,certificaterequests -A`.",
            "Compare the caBundle with the CA: `kubectl get validatingwebhookconfigurations -o yaml`.",
            "Read the log of cert-manager's cainjector before anything is restarted.",
        ),
        source="k8s.io/apiserver admission/plugin/webhook/errors; cluster-api#10522",
        shared=True,
        confirm="kubectl -n {webhook_namespace} get certificates",
    ),
    Signature(
        id="MGMT-CONVERSION",
        layer=Layer.MANAGEMENT,
        severity=Severity.CRITICAL,
        title="A conversion webhook does not answer",
        kinds=("*",),
        looks=_looks(CONVERSION, "objects of {hook} cannot be converted"),
        mechanism=(
            "Objects are stored in one version and asked for in another; without the webhook neither reads nor watches "
            "of that version work, so that the caches of controllers stand still and no condition changes at all."
        ),
        next_steps=(
            "Look at what stands behind it: `" + _LOOK + "`.",
            "Look at the CRD: `kubectl get crd -o yaml`, `.spec.conversion` and `.status.storedVersions`.",
        ),
        source="k8s.io/apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go",
        shared=True,
        confirm=_LOOK,
    ),
    Signature(
        id="MGMT-WEBHOOK-DOWN",
        layer=Layer.MANAGEMENT,
        severity=Severity.CRITICAL,
        title="An admission webhook does not answer",
        kinds=("*",),
        looks=_looks(DOWN, "the API server cannot reach the webhook {hook}"),
        mechanism=(
            "The API server asks the webhook before it writes, and refuses the write when nobody answers: controllers "
            "can change nothing of the kinds concerned, not even take a finalizer away."
        ),
        next_steps=(
            "Look at what stands behind it: `" + _LOOK + "`.",
            "Bring its controller back. Deleting the webhook configuration lets through what it is there to refuse.",
        ),
        source="k8s.io/apiserver admission/plugin/webhook/errors (ToStatusErr, NewCallWebhookError)",
        shared=True,
        confirm=_LOOK,
    ),
)
