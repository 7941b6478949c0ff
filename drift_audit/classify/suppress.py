"""Suppressions: findings that an owner accepts, for a reason and a time. They stay visible and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import date
from fnmatch import fnmatchcase

from drift_audit.config.settings import SuppressionMatch, SuppressionRule
from drift_audit.model.findings import Finding, Suppression
from drift_audit.model.result import SuppressionUse


def suppress(
    findings: Iterable[Finding], rules: Iterable[SuppressionRule], today: date
) -> tuple[list[Finding], tuple[SuppressionUse, ...]]:
    """The findings, those that a valid rule covers marked as such; and what each rule did."""
    known = list(rules)
    valid = [rule for rule in known if rule.expires >= today]
    expired = [rule for rule in known if rule.expires < today]
    used: Counter[str] = Counter()
    counted_again: Counter[str] = Counter()
    marked: list[Finding] = []
    for finding in findings:
        rule = next((rule for rule in valid if matches(rule.match, finding)), None)
        if rule is None:
            marked.append(finding)
            counted_again.update(rule.name for rule in expired if matches(rule.match, finding))
            continue
        used[rule.name] += 1
        suppression = Suppression(
            rule=rule.name, owner=rule.owner, reason=rule.reason, expires=rule.expires.isoformat()
        )
        marked.append(replace(finding, suppressed=suppression))
    uses = tuple(
        SuppressionUse(
            rule=rule.name,
            matched=used[rule.name],
            expires_in_days=(rule.expires - today).days,
            owner=rule.owner,
            reason=rule.reason,
            expires=rule.expires.isoformat(),
            counted_again=counted_again[rule.name],
        )
        for rule in known
    )
    return marked, uses


def matches(match: SuppressionMatch, finding: Finding) -> bool:
    """True when every pattern that the rule gives fits the finding."""
    facts = _facts(finding)
    return all(
        fnmatchcase(facts[field.name], pattern) for field in fields(match) if (pattern := getattr(match, field.name))
    )


def _facts(finding: Finding) -> dict[str, str]:
    cluster, target = finding.cluster, finding.object
    return {
        "id": finding.id,
        "rule": finding.rule,
        "verdict": finding.verdict.value,
        "management_cluster": finding.management_cluster,
        "cluster": f"{cluster.namespace}/{cluster.name}" if cluster else "",
        "kind": target.kind if target else "",
        "namespace": target.namespace if target else "",
        "name": target.name if target else "",
        "resource": str(finding.resource) if finding.resource else "",
        "path": finding.path,
    }
