"""What is left over in the clouds, and how far that can be known: read off a result, for every form of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from drift_audit.clock import moment
from drift_audit.model.findings import Finding, FindingKind
from drift_audit.model.keys import CloudScope
from drift_audit.model.result import AuditResult, CloudViewEntry, GapEntry
from drift_audit.model.views import View
from drift_audit_reports.ages import age_text

_CLAIM = "claims cluster "


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """One resource that claims a cluster and that no object of the fleet names."""

    provider: str
    account: str
    region: str
    type: str
    id: str
    age: str
    """As kubectl writes it, at the time of the audit; empty where the cloud does not tell."""
    created_at: str
    """RFC 3339; empty likewise."""
    claims: str
    """The name of the cluster in its tags."""
    cluster: str
    """That cluster as `management cluster/namespace/name`; empty when no audited management cluster has it."""
    severity: str
    confidence: str
    suppressed_by: str
    why: str
    """Why it is called left over."""
    next_steps: tuple[str, ...]
    finding: str
    """Id of the finding, as `check` reports it."""

    @property
    def scope(self) -> str:
        return f"{self.provider}/{self.account}/{self.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedScope:
    """One account and region, and how much of it somebody accounts for."""

    scope: str
    listed: int
    claimed: int
    orphans: int
    complete: bool
    """False where not everything was listed, so that the numbers are of what was."""

    @property
    def percent(self) -> float | None:
        """Rounded down, so that 100 means all; `None` where nothing was listed that could be accounted for."""
        return int(1000 * self.claimed / self.listed) / 10 if self.listed else None


def orphans_of(result: AuditResult) -> list[Orphan]:
    """The orphans by scope, claimed cluster and type, the oldest first."""
    found = [_orphan(each, result) for each in result.findings if each.kind is FindingKind.ORPHAN and each.resource]
    return sorted(
        found, key=lambda each: (each.scope, each.cluster or each.claims, each.type, each.created_at, each.id)
    )


def _orphan(finding: Finding, result: AuditResult) -> Orphan:
    resource = finding.resource
    assert resource is not None
    claim = finding.values.cloud.reason
    return Orphan(
        provider=resource.provider,
        account=resource.account,
        region=resource.region,
        type=resource.type,
        id=resource.id,
        age=age_text(finding.since, moment(result.run.finished_at)),
        created_at=finding.since,
        claims=claim.removeprefix(_CLAIM) if claim.startswith(_CLAIM) else "",
        cluster=str(finding.cluster) if finding.cluster else "",
        severity=finding.severity,
        confidence=finding.confidence,
        suppressed_by=finding.suppressed.rule if finding.suppressed else "",
        why="; ".join(finding.evidence),
        next_steps=finding.next_steps,
        finding=finding.id,
    )


def listed_scopes(result: AuditResult) -> list[ListedScope]:
    """Every account and region that was read."""
    left = Counter(
        each.resource.scope
        for each in result.findings
        if each.kind is FindingKind.ORPHAN and each.resource and each.suppressed is None
    )
    unread = {gap.scope for gap in result.coverage.gaps if gap.view == View.CLOUD}
    entries = sorted(result.views.cloud, key=lambda entry: (entry.provider, entry.account, entry.region))
    return [
        ListedScope(
            scope=f"{entry.provider}/{entry.account}/{entry.region}",
            listed=entry.resources,
            claimed=entry.claimed,
            orphans=left[CloudScope(entry.provider, entry.account, entry.region)],
            complete=not any(_is_inside(scope, entry) for scope in unread),
        )
        for entry in entries
    ]


def _is_inside(scope: str, entry: CloudViewEntry) -> bool:
    """True for the whole account and region, and for one type of resource in it."""
    return f"{scope}/".startswith(f"{entry.provider}/{entry.account}/{entry.region}/")


def unjudged(result: AuditResult) -> list[GapEntry]:
    """What was not read of clouds and management clusters: there, nothing may be called left over, and nothing clean.

    Nothing else says whose a resource is, so that gaps of other views do not matter here.
    """
    gaps = (gap for gap in result.coverage.gaps if gap.view in (View.CAPI, View.CLOUD))
    return sorted(gaps, key=lambda gap: (gap.view, gap.scope, gap.subject, gap.reason))
