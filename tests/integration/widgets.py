"""A small CRD with one field of every structure that ownership distinguishes, and with defaults."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.rig.client import Json, RigClient, reference
from tests.rig.crds import install_crds

GROUP, VERSION = "bench.cluster.x-k8s.io", "v1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "Widget"
_GONE_WITHIN_SECONDS = 60.0

_STRING: Json = {"type": "string"}
_INTEGER: Json = {"type": "integer"}
_SPEC: Json = {
    "size": _INTEGER,
    "mode": {"type": "string", "default": "Plain"},
    "title": _STRING,
    "paused": {"type": "boolean"},
    "port": {"x-kubernetes-int-or-string": True},
    "tags": {"type": "array", "items": _STRING},
    "zones": {"type": "array", "x-kubernetes-list-type": "set", "items": _STRING},
    "options": {"type": "object", "additionalProperties": _STRING},
    "frozen": {
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "properties": {"first": _STRING, "second": _STRING},
    },
    "nested": {
        "type": "object",
        "properties": {"depth": _INTEGER, "inner": {"type": "object", "properties": {"note": _STRING}}},
    },
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "maybe": {"type": "string", "nullable": True},
    "parts": {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name", "side"],
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": _STRING,
                "side": {"type": "string", "default": "left"},
                "weight": _INTEGER,
                "value": {"x-kubernetes-preserve-unknown-fields": True},
            },
        },
    },
}
CRD: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"widgets.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": KIND, "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": _SPEC},
                            "status": {"type": "object", "properties": {"size": _INTEGER}},
                        },
                    }
                },
                "subresources": {
                    "status": {},
                    "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"},
                },
            }
        ],
    },
}


@contextmanager
def widgets_installed(client: RigClient) -> Iterator[None]:
    """The CRD for the block; it and every Widget are gone afterwards."""
    install_crds(client, [CRD])
    try:
        yield
    finally:
        _remove(client, reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", CRD["metadata"]["name"]))


def _remove(client: RigClient, crd: Json) -> None:
    """Deletes the CRD and waits until it is gone: what is applied to one in deletion is lost."""
    client.delete(crd)
    deadline = time.monotonic() + _GONE_WITHIN_SECONDS
    while client.find(crd) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the CRD is still there after {_GONE_WITHIN_SECONDS:.0f} s")
        time.sleep(0.1)
