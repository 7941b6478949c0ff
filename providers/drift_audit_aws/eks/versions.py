"""Kubernetes versions as EKS knows them: two numbers."""

from __future__ import annotations

import re

from drift_audit.model.values import Json, Observed, Present, text

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:[.+-].*)?\Z")


def minor(spelled: str) -> Observed | None:
    """`1.31` of `v1.31.4`; nothing where no version is asked for."""
    found = _VERSION.match(spelled)
    return Present(f"{found[1]}.{found[2]}") if found else None


def number(version: Json) -> tuple[int, int]:
    """For comparing; what is no version is older than any."""
    found = _VERSION.match(text(version))
    return (int(found[1]), int(found[2])) if found else (0, 0)
