"""Kubernetes objects that nobody applied, as short as their readers allow and as long as they really are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

FILLER = "x" * 3000
"""Environment, volumes and managed fields of a Pod: what is read and thrown away."""


def meta(name: str, namespace: str = "", provider: str = "") -> Json:
    placed = {"namespace": namespace} if namespace else {}
    labelled = {"labels": {"cluster.x-k8s.io/provider": provider}} if provider else {}
    return {"name": name, "uid": name, "creationTimestamp": "2026-11-01T08:00:00Z", **placed, **labelled}


def listed(api_version: str, kind: str, items: Sequence[Json]) -> bytes:
    return body(
        {"apiVersion": api_version, "kind": f"{kind}List", "metadata": {"resourceVersion": "1"}, "items": items}
    )


def body(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
