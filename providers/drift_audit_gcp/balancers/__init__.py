"""The load balancers of an API server: instance groups, health checks, backend services, proxies, rules, addresses."""

from __future__ import annotations

from drift_audit_gcp.balancers.expected import EXPECTATIONS
from drift_audit_gcp.balancers.names import named_parts, unbuilt_balancers
from drift_audit_gcp.balancers.observed import CONDITIONS, OBSERVATIONS, only_swapped
from drift_audit_gcp.family import Family
from drift_audit_gcp.resource_types import ADDRESS, FORWARDING_RULE

FAMILY = Family(
    names=named_parts,
    doubts=unbuilt_balancers,
    expectations=EXPECTATIONS,
    observations=OBSERVATIONS,
    conditions=CONDITIONS,
    hindrances={"gcp.backend.groups": only_swapped},
    always_sent={ADDRESS: frozenset({"address"}), FORWARDING_RULE: frozenset({"IPAddress"})},
)
