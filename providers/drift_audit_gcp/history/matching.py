"""Which operations can have made a finding: those on its resource, of a kind that writes its field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from drift_audit.interfaces import Candidate
from drift_audit.model.changes import ChangeEvent, Fit
from drift_audit.model.findings import Finding, Verdict
from drift_audit.model.keys import ResourceKey
from drift_audit.model.values import text
from drift_audit.model.views import CloudScopeView
from drift_audit_gcp.history.source import SOURCE
from drift_audit_gcp.links import path_of
from drift_audit_gcp.resource_types import COLLECTIONS, GROUP_MEMBERS, INSTANCE_GROUP

_SHIELDED = frozenset({"updateshieldedinstanceconfig", "update"})
_ADDRESSES = frozenset({"addaccessconfig", "deleteaccessconfig", "updateaccessconfig", "updatenetworkinterface"})
_LABELS = frozenset({"setlabels"})
_GENERAL = frozenset({"patch", "update"})

WRITERS: Mapping[str, frozenset[str]] = {
    "gcp.instance.status": frozenset({"stop", "suspend", "reset", "compute.instances.preempted"}),
    "gcp.instance.machine-type": frozenset({"setmachinetype", "update"}),
    "gcp.instance.subnet": frozenset({"updatenetworkinterface"}),
    "gcp.instance.public-address": _ADDRESSES,
    "gcp.instance.ip-forwarding": frozenset({"update"}),
    "gcp.instance.service-account": frozenset({"setserviceaccount"}),
    "gcp.instance.scopes": frozenset({"setserviceaccount"}),
    "gcp.instance.labels": _LABELS,
    "gcp.instance.owned-label": _LABELS,
    "gcp.instance.role-label": _LABELS,
    "gcp.instance.network-tags": frozenset({"settags"}),
    "gcp.instance.metadata-keys": frozenset({"setmetadata"}),
    "gcp.instance.telling-metadata": frozenset({"setmetadata"}),
    "gcp.instance.provisioning": frozenset({"setscheduling"}),
    "gcp.instance.host-maintenance": frozenset({"setscheduling"}),
    "gcp.instance.secure-boot": _SHIELDED,
    "gcp.instance.vtpm": _SHIELDED,
    "gcp.instance.integrity-monitoring": _SHIELDED,
    "gcp.instance.accelerators": frozenset({"setmachineresources"}),
    "gcp.instance.deletion-protection": frozenset({"setdeletionprotection"}),
    "gcp.instance.alias-ranges": frozenset({"updatenetworkinterface"}),
    "gcp.instance.disks": frozenset({"attachdisk", "detachdisk"}),
    "gcp.boot-disk.size": frozenset({"resize", "update"}),
    "gcp.machine.registered": frozenset({"removeinstances"}),
    "gcp.instance-group.ports": frozenset({"setnamedports"}),
    "gcp.subnet.cidr": frozenset({"expandipcidrrange"}),
    "gcp.subnet.google-access": frozenset({"setprivateipgoogleaccess", "patch"}),
    "gcp.target-proxy.service": frozenset({"setbackendservice"}),
    "gcp.target-proxy.header": frozenset({"setproxyheader"}),
    "gcp.forwarding-rule.target": frozenset({"settarget"}),
    "gcp.forwarding-rule.labels": _LABELS,
}
"""By rule, in small letters: kinds of operations that write its field. Of other rules: `patch` and `update`.

Source: the methods of compute v1, whose names operations have as their type.
"""

_OF_VERDICT: Mapping[Verdict, frozenset[str]] = {
    Verdict.MISSING: frozenset({"delete"}),
    Verdict.ORPHAN: frozenset({"insert"}),
}


def candidates_of(findings: Sequence[Finding], clouds: Sequence[CloudScopeView]) -> Mapping[str, Sequence[Candidate]]:
    """By finding: what can have made it, newest first."""
    views = {cloud.scope: cloud for cloud in clouds}
    found: dict[str, Sequence[Candidate]] = {}
    for finding in findings:
        view = views.get(finding.resource.scope) if finding.resource is not None else None
        if view is not None and finding.resource is not None and view.history:
            found[finding.id] = tuple(_candidates(finding, finding.resource, view))
    return found


def _candidates(finding: Finding, key: ResourceKey, view: CloudScopeView) -> Iterator[Candidate]:
    collection = COLLECTIONS.get(INSTANCE_GROUP if key.type == GROUP_MEMBERS else key.type)
    if collection is None:
        return
    path = path_of(key.account, collection, key.id)
    there = view.resources.get((key.type, key.id))
    number = text(there.attributes.get("id")) if there is not None else ""
    for log in view.history:
        for event in log.events:
            if event.controller or not _is_of(event, path, number):
                continue
            kind = event.action.rpartition(":")[2].casefold()
            if (fit := _fit(finding, kind)) is not None:
                yield Candidate(change=event, fit=fit, source=SOURCE)


def _is_of(event: ChangeEvent, path: str, number: str) -> bool:
    """An earlier resource of the same name had another number."""
    target, target_number = event.resources
    return target == path and not (number and target_number and number != target_number)


def _fit(finding: Finding, kind: str) -> Fit | None:
    """What was written no operation tells: only that something is there, or no more, proves itself."""
    if wanted := _OF_VERDICT.get(finding.verdict):
        return Fit.VALUE if kind in wanted else None
    if kind in WRITERS.get(finding.rule, _GENERAL):
        return Fit.FIELD
    return Fit.SUBJECT if kind not in ("insert", "delete") else None
