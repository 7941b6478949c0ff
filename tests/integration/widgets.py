"""A small CRD with one field of every structure that ownership distinguishes, and with defaults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.rig.client import Json, RigClient, reference
from tests.rig.crds import install_crds

GROUP, VERSION = "bench.cluster.x-k8s.io", "v1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "Widget"

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
        client.delete(reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", CRD["metadata"]["name"]))
