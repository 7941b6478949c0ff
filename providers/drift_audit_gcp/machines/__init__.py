"""Instances and their disks: what stands behind a GCPMachine."""

from __future__ import annotations

from drift_audit.model.findings import Severity
from drift_audit.model.steps import asking
from drift_audit.model.values import Json
from drift_audit_gcp.family import Family, LeftoverRule
from drift_audit_gcp.machines.expected import EXPECTATIONS
from drift_audit_gcp.machines.names import doubtful_machines, group_of, named_instances, reached_disks, still_expected
from drift_audit_gcp.machines.observed import CONDITIONS, OBSERVATIONS
from drift_audit_gcp.resource_types import DISK, INSTANCE


def _exposed(wanted: Json, actual: Json) -> Severity | None:
    return Severity.CRITICAL if actual is True else None


FAMILY = Family(
    names=named_instances,
    reaches=reached_disks,
    attachments=group_of,
    doubts=doubtful_machines,
    expectations=EXPECTATIONS,
    observations=OBSERVATIONS,
    conditions=CONDITIONS,
    judgements={"gcp.instance.public-address": _exposed},
    leftovers=(
        LeftoverRule(
            type=INSTANCE,
            severity=Severity.HIGH,
            next_steps=(
                asking("Find out in the audit log who made instance {id}: method instances.insert."),
                "See whether a machine of the same name stands in another zone: CAPG looks into the first zone of the "
                "cluster, and makes a second instance there when that changes.",
            ),
            expected=still_expected,
        ),
    ),
    always_sent={
        INSTANCE: frozenset({"machineType", "status"}),
        DISK: frozenset({"sizeGb", "type"}),
    },
)
