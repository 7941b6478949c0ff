"""What runs the controllers of a management cluster: their Deployments, Pods and Leases, and the endpoints of webhooks.

Read beside the suspects, and perhaps not at all: every function here answers "nothing known" then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from drift_audit.model.objects import CapiObject
from drift_audit.model.values import dig, mapping, sequence, text
from drift_audit.stuck.case import Case, Proof
from drift_audit.stuck.clocks import elapsed

PROVIDER_LABEL = "cluster.x-k8s.io/provider"
"""On CRDs and on Deployments alike: `infrastructure-aws`, `cluster-api`, `bootstrap-kubeadm` (clusterctl contract)."""
LEASE_LAPSED = timedelta(minutes=5)
"""Leases last 15 s (KCP: 60 s); reading a fleet takes minutes, and a lease is read once."""
_WEBHOOK_KINDS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_ADMISSION = "admissionregistration.k8s.io"
_CRASHES = (
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "CreateContainerConfigError",
    "CreateContainerError",
)
_FILTER = re.compile(r"^--watch-filter=(.*)$")


def beside(case: Case, group: str, *kinds: str) -> Iterator[CapiObject]:
    """What was read of these kinds beside the suspects."""
    view = case.around.beside
    for key, live in view.objects.items() if view else ():
        if key.group == group and key.kind in kinds:
            yield live


def deployments_for(case: Case, group: str, kind: str) -> list[CapiObject]:
    """The Deployments of the provider that brought the kind along, by the label that both have."""
    provider = case.graph.view.crd_labels.get((group, kind), {}).get(PROVIDER_LABEL)
    if not provider:
        return []
    return [live for live in beside(case, "apps", "Deployment") if live.labels.get(PROVIDER_LABEL) == provider]


def deployments_in(case: Case, namespace: str) -> list[CapiObject]:
    return [live for live in beside(case, "apps", "Deployment") if live.namespace == namespace]


def unavailable(deployment: CapiObject) -> tuple[str, str] | None:
    """(since when, what is wrong) of a Deployment without a single available replica; `None` while it has one."""
    wanted = deployment.spec.get("replicas", 1)
    if wanted == 0:
        return "", "it is scaled to 0 replicas"
    if deployment.status.get("availableReplicas"):
        return None
    entries = map(mapping, sequence(deployment.status.get("conditions")))
    available = next((entry for entry in entries if entry.get("type") == "Available"), {})
    since = text(available.get("lastTransitionTime")) if available.get("status") == "False" else ""
    return since or deployment.created_at, f"0 of {wanted} replicas are available"


def crash(case: Case, deployment: CapiObject) -> str:
    """Why a container of the Deployment's Pods does not run: `CrashLoopBackOff, last OOMKilled`; empty when unknown."""
    wanted = mapping(dig(deployment.spec, "selector", "matchLabels"))
    for pod in beside(case, "", "Pod"):
        if pod.namespace != deployment.namespace or not wanted.items() <= pod.labels.items():
            continue
        for container in map(mapping, sequence(pod.status.get("containerStatuses"))):
            waits = text(dig(container, "state", "waiting", "reason"))
            ended = text(dig(container, "lastState", "terminated", "reason"))
            if waits in _CRASHES:
                return f"{waits}, last {ended}" if ended else waits
    return ""


def lapsed_lease(case: Case, namespace: str) -> tuple[CapiObject, str] | None:
    """(the Lease, since when nobody renews it), where all leases of leaders in the namespace are that old."""
    leases = [live for live in beside(case, "coordination.k8s.io", "Lease") if live.namespace == namespace]
    ages = [(elapsed(text(live.spec.get("renewTime")), case.now), live) for live in leases]
    known = [(age, live) for age, live in ages if age is not None]
    if not known or len(known) < len(ages):
        return None
    age, live = min(known, key=lambda each: each[0])
    return (live, text(live.spec.get("renewTime"))) if age > LEASE_LAPSED else None


def watch_filter(deployment: CapiObject) -> str:
    """The value of `--watch-filter` that the controller was started with; empty for none."""
    containers = map(mapping, sequence(dig(deployment.spec, "template", "spec", "containers")))
    arguments = (text(each) for container in containers for each in sequence(container.get("args")))
    return next((match[1] for each in arguments if (match := _FILTER.match(each))), "")


def webhook_configuration(case: Case, webhook: str) -> CapiObject | None:
    """The configuration that has a webhook of this name."""
    for live in beside(case, _ADMISSION, *_WEBHOOK_KINDS):
        if any(mapping(each).get("name") == webhook for each in sequence(live.raw.get("webhooks"))):
            return live
    return None


def has_endpoints(case: Case, service: str, namespace: str) -> bool | None:
    """Whether anything ready stands behind a Service; `None` when its EndpointSlices were not read."""
    slices = [
        live
        for live in beside(case, "discovery.k8s.io", "EndpointSlice")
        if live.namespace == namespace and live.labels.get("kubernetes.io/service-name") == service
    ]
    if not slices:
        return None
    endpoints = (mapping(each) for live in slices for each in sequence(live.raw.get("endpoints")))
    return any(dig(endpoint, "conditions", "ready") is not False for endpoint in endpoints)


def behind_service(case: Case, service: str, namespace: str) -> Iterator[Proof]:
    """What speaks for nothing answering at a webhook's Service."""
    if has_endpoints(case, service, namespace) is False:
        yield Proof("controller", f"no ready endpoint in the EndpointSlices of Service {namespace}/{service}")
    for deployment in deployments_in(case, namespace):
        if found := unavailable(deployment):
            why = crash(case, deployment)
            told = f"Deployment {namespace}/{deployment.name}: {found[1]}"
            yield Proof("controller", f"{told} ({why})" if why else told)
