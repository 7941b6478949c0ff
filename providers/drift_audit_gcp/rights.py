"""The custom role that an audit takes: the permissions of all readers, and nothing that changes or reveals anything."""

from __future__ import annotations

from collections.abc import Mapping

from drift_audit_gcp.history.source import PERMISSION as HISTORY_PERMISSION
from drift_audit_gcp.reading import READERS

IDENTITY_PERMISSION = "compute.projects.get"


def permissions() -> tuple[str, ...]:
    """Every permission that reading takes, sorted."""
    reading = (permission for reader in READERS for permission in reader.permissions)
    return tuple(sorted({HISTORY_PERMISSION, IDENTITY_PERMISSION, *reading}))


def role() -> Mapping[str, object]:
    """The definition of the role, for `gcloud iam roles create --file`: `deploy/gcp/role.yaml`."""
    return {
        "title": "drift-audit read-only",
        "description": "What drift-audit reads of a project. Made of its own calls.",
        "stage": "GA",
        "includedPermissions": list(permissions()),
    }
