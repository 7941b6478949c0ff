"""What the management cluster of a synthetic fleet tells a closer look: events, controllers, logs, kubeconfigs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

from benchmarks.illness import Illness, Patient
from benchmarks.kube_texts import FILLER, Json, body, listed, meta
from benchmarks.stamping import CLUSTER

LOG_LINES = 3000
"""Of each controller: as many as a closer look asks for."""
_PROVIDERS = {
    "cluster-api": "capi-system",
    "bootstrap-kubeadm": "capi-kubeadm-bootstrap-system",
    "control-plane-kubeadm": "capi-kubeadm-control-plane-system",
    "infrastructure-aws": "capa-system",
}
_GROUPS = {
    "cluster-api": "cluster.x-k8s.io",
    "bootstrap-kubeadm": "bootstrap.cluster.x-k8s.io",
    "control-plane-kubeadm": "controlplane.cluster.x-k8s.io",
    "infrastructure-aws": "infrastructure.cluster.x-k8s.io",
}
_SECRET = re.compile(r"/api/v1/namespaces/[^/]+/secrets/(?P<cluster>.+)-kubeconfig")
_LOG = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/pods/[^/]+/log")
_IN_NAMESPACE = re.compile(r"/namespaces/(?P<namespace>[^/]+)/(?P<plural>[^/]+)$")
_FIELD = re.compile(r"involvedObject\.name=(?P<name>[^,]+)")


class Beside:
    """The management cluster beside its fleet."""

    def __init__(self, illness: Illness, now: str, workloads: str, authority: bytes) -> None:
        self._illness = illness
        self._now = now
        self._workloads = workloads
        """Where the workload clusters are served: `https://127.0.0.1:6443`."""
        self._authority = base64.b64encode(authority).decode()

    def get(self, path: str, query: Mapping[str, str]) -> bytes | None:
        """`None` for what is not there."""
        if found := _SECRET.fullmatch(path):
            return body(self._kubeconfig(found["cluster"]))
        if found := _LOG.fullmatch(path):
            return self._log(found["namespace"])
        within = _IN_NAMESPACE.search(path)
        plural = within["plural"] if within else path.rpartition("/")[2]
        namespace = within["namespace"] if within else ""
        match plural:
            case "events":
                return listed("v1", "Event", self._events(namespace, query.get("fieldSelector", "")))
            case "pods":
                return listed("v1", "Pod", [self._pod(provider) for provider in _PROVIDERS])
            case "deployments":
                return listed("apps/v1", "Deployment", [_deployment(provider) for provider in _PROVIDERS])
            case "leases":
                return listed("coordination.k8s.io/v1", "Lease", [self._lease(namespace)])
            case "endpointslices":
                return listed("discovery.k8s.io/v1", "EndpointSlice", [_endpoints(namespace)])
            case "validatingwebhookconfigurations" | "mutatingwebhookconfigurations":
                kind = "ValidatingWebhookConfiguration" if plural[0] == "v" else "MutatingWebhookConfiguration"
                return listed("admissionregistration.k8s.io/v1", kind, [_webhooks(each) for each in _PROVIDERS])
        return None

    def _kubeconfig(self, cluster: str) -> Json:
        number = int(cluster.removeprefix(CLUSTER[:-4]))
        entry = {"server": f"{self._workloads}/workload/{number}", "certificate-authority-data": self._authority}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": cluster,
            "clusters": [{"name": cluster, "cluster": entry}],
            "users": [{"name": cluster, "user": {"token": "bench"}}],
            "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        }
        value = base64.b64encode(json.dumps(config).encode()).decode()
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": meta(f"{cluster}-kubeconfig"),
            "data": {"value": value},
        }

    def _events(self, namespace: str, fields: str) -> list[Json]:
        named = _FIELD.search(fields)
        return [
            event
            for patient in self._illness.patients
            if patient.namespace == namespace and (named is None or named["name"] == patient.name)
            for event in self._events_of(patient)
        ]

    def _events_of(self, patient: Patient) -> list[Json]:
        about = {"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta2", "kind": "AWSMachine"}
        about |= {"name": patient.infra, "namespace": patient.namespace, "uid": patient.infra_uid}
        told = patient.ailment.refusal or "Waiting for bootstrap to finish"
        return [
            {
                "metadata": meta(f"{patient.infra}.{number}", patient.namespace),
                "involvedObject": about,
                "type": "Warning" if patient.ailment.refusal else "Normal",
                "reason": "FailedCreate" if patient.ailment.refusal else "Waiting",
                "message": f"Failed to create instance: {told} (request {number:08x}-0000-4000-8000-000000000000)",
                "firstTimestamp": self._illness.since,
                "lastTimestamp": self._now,
                "count": 10,
                "source": {"component": "awsmachine-controller"},
            }
            for number in range(3)
        ]

    def _log(self, namespace: str) -> bytes:
        """Mostly about Machines that are well; what is said of the others comes again and again."""
        patients = [each for each in self._illness.patients if each.ailment.refusal] or list(self._illness.patients)
        lines = []
        for line in range(LOG_LINES):
            patient = patients[line // 10 % len(patients)]
            unwell = line % 10 == 0
            name = patient.infra if unwell else f"{patient.infra[:-5]}{line:05x}"
            said = f'"Reconciler error" err="{patient.ailment.refusal}"' if unwell else '"Reconciling AWSMachine"'
            lines.append(
                f"{self._now} {'E' if unwell else 'I'}1120 08:00:00.000000       1 controller.go:316] {said} "
                f'controller="awsmachine" AWSMachine="{patient.namespace}/{name}" namespace="{patient.namespace}" '
                f'name="{name}" reconcileID="{line:08x}-0000-4000-8000-000000000000"'
            )
        return "\n".join(lines).encode()

    def _pod(self, provider: str) -> Json:
        status = {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "startTime": self._illness.since,
        }
        metadata = meta(f"{provider}-manager-0", _PROVIDERS[provider], provider)
        return {"metadata": metadata, "spec": {"containers": [{"name": "manager", "env": FILLER}]}, "status": status}

    def _lease(self, namespace: str) -> Json:
        """Renewed for good: answers are kept, and must not lapse while others are measured."""
        spec = {"holderIdentity": "manager-0_1", "leaseDurationSeconds": 15, "renewTime": "2099-01-01T00:00:00.000000Z"}
        return {"metadata": meta(f"{namespace}-leader", namespace), "spec": spec}


def _deployment(provider: str) -> Json:
    template = {"spec": {"containers": [{"name": "manager", "args": ["--leader-elect"], "env": FILLER}]}}
    return {
        "metadata": meta(f"{provider}-manager", _PROVIDERS[provider], provider),
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": provider}}, "template": template},
        "status": {"replicas": 1, "availableReplicas": 1, "readyReplicas": 1},
    }


def _endpoints(namespace: str) -> Json:
    provider = next((name for name, where in _PROVIDERS.items() if where == namespace), namespace)
    metadata = meta(f"{provider}-webhook", namespace)
    return {
        "metadata": {**metadata, "labels": {"kubernetes.io/service-name": f"{provider}-webhook"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}],
        "ports": [{"port": 9443}],
    }


def _webhooks(provider: str) -> Json:
    service = {"name": f"{provider}-webhook", "namespace": _PROVIDERS[provider], "path": "/", "port": 443}
    rule = {"apiGroups": [_GROUPS[provider]], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["*"]}
    hook = {
        "name": f"default.{provider}",
        "clientConfig": {"service": service},
        "rules": [rule],
        "failurePolicy": "Fail",
    }
    return {"metadata": meta(provider), "webhooks": [hook]}
