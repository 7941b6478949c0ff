"""Names of places on the page. The same in every run, so that a link into a report can be sent to a colleague."""

from __future__ import annotations

import hashlib
import re

from drift_audit.model.findings import Cause
from drift_audit.model.keys import ClusterKey
from drift_audit_reports.eliding import prose

_LONGEST_NAME = 200
_HEX = re.compile(r"[0-9a-f]{8,64}")


def cluster_anchor(cluster: ClusterKey) -> str:
    return "cluster-" + hashlib.sha256("\x00".join(_parts(cluster)).encode("utf-8", "surrogatepass")).hexdigest()[:10]


def finding_anchor(finding_id: str) -> str:
    return "finding-" + _token(finding_id)


def cause_anchor(cause: Cause) -> str:
    return "cause-" + _token(cause.id)


def name_of(text: str) -> str:
    """A name of somebody else on one line, cut where it is monstrous."""
    return prose(text, _LONGEST_NAME)


def _parts(cluster: ClusterKey) -> tuple[str, str, str]:
    return cluster.management_cluster, cluster.namespace, cluster.name


def _token(id: str) -> str:
    """An id that can stand in an address; our own ids are hexadecimal already."""
    return id if _HEX.fullmatch(id) else hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
