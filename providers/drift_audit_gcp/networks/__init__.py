"""Network, router with NAT, subnets and firewall rules of a cluster."""

from __future__ import annotations

from drift_audit.model.findings import Severity
from drift_audit.model.steps import asking
from drift_audit.model.values import Json
from drift_audit_gcp.family import Family, LeftoverRule
from drift_audit_gcp.networks.expected import EXPECTATIONS
from drift_audit_gcp.networks.names import named_parts, unbuilt_networks
from drift_audit_gcp.networks.observed import COMPARERS, CONDITIONS, OBSERVATIONS
from drift_audit_gcp.networks.rules import OPEN
from drift_audit_gcp.resource_types import NETWORK, ROUTER, SUBNETWORK


def _opened(wanted: Json, actual: Json) -> Severity | None:
    return Severity.CRITICAL if actual in OPEN and wanted is None else None


def _allowed(wanted: Json, actual: Json) -> Severity | None:
    return Severity.CRITICAL if actual == "all" and wanted is None else None


def _leftover(kind: str, method: str) -> LeftoverRule:
    step = asking(f"Find out in the audit log who made {{id}}: method {method}.insert.")
    return LeftoverRule(type=kind, severity=Severity.MEDIUM if kind == NETWORK else Severity.LOW, next_steps=(step,))


FAMILY = Family(
    names=named_parts,
    doubts=unbuilt_networks,
    expectations=EXPECTATIONS,
    observations=OBSERVATIONS,
    conditions=CONDITIONS,
    comparers=COMPARERS,
    judgements={"gcp.firewall.sources": _opened, "gcp.firewall.allowed": _allowed},
    leftovers=(
        _leftover(NETWORK, "networks"),
        _leftover(SUBNETWORK, "subnetworks"),
        _leftover(ROUTER, "routers"),
    ),
    always_sent={SUBNETWORK: frozenset({"ipCidrRange"})},
)
