"""Changes at admission, as a mutating webhook makes them: by a policy that the API server itself runs."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.rig.client import Json, reference
from tests.rig.management_cluster import ManagementCluster

_API = "admissionregistration.k8s.io/v1"
_EFFECTIVE_WITHIN_SECONDS = 30.0
_counter = itertools.count(1)


@contextmanager
def mutated_at_admission(cluster: ManagementCluster, probe: Json, expression: str) -> Iterator[None]:
    """For the block, writes of the probe's kind in the cluster's namespace get what the expression adds.

    `expression` is an apply configuration in CEL. `probe` is sent as a dry run until it comes back changed.
    """
    name = f"bench-{next(_counter)}"
    plural = cluster.client.path(probe).rsplit("/", 2)[1]
    rule = {
        "apiGroups": [probe["apiVersion"].rpartition("/")[0]],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": [plural],
    }
    policy = {
        "apiVersion": _API,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": cluster.namespace}},
                "resourceRules": [rule],
            },
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}],
        },
    }
    binding = {
        "apiVersion": _API,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name},
    }
    for each in (policy, binding):
        cluster.client.create(each, "rig-install")
    try:
        _await_effect(cluster, probe)
        yield
    finally:
        for kind in ("MutatingAdmissionPolicyBinding", "MutatingAdmissionPolicy"):
            cluster.client.delete(reference(_API, kind, name))


def _await_effect(cluster: ManagementCluster, probe: Json) -> None:
    deadline = time.monotonic() + _EFFECTIVE_WITHIN_SECONDS
    path = f"{cluster.client.path(probe).rpartition('/')[0]}?dryRun=All&fieldManager=probe"
    named = {**probe, "metadata": {**probe["metadata"], "name": "probe"}}
    while True:
        answer = cluster.client.raw("POST", path, named)
        same_labels = answer["metadata"].get("labels") == probe["metadata"].get("labels")
        if answer["spec"] != probe["spec"] or not same_labels:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"the policy changed nothing within {_EFFECTIVE_WITHIN_SECONDS:.0f} s")
        time.sleep(0.1)
