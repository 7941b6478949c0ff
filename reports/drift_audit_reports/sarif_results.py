"""Findings as SARIF results, and the rules that they name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from drift_audit.model.findings import DeclaredAt, Finding, Severity, Verdict
from drift_audit.model.result import Run
from drift_audit_reports.chains import CERTAINTIES, link_text, tells_of_health
from drift_audit_reports.eliding import prose
from drift_audit_reports.escaping import one_line, sarif_text
from drift_audit_reports.forge import repository_path
from drift_audit_reports.ranking import Fold, fold_of
from drift_audit_reports.values import LABELS, value_rows
from drift_audit_reports.wording import (
    actor_text,
    beginning_text,
    listed,
    object_text,
    place_of,
    resource_text,
    verdict_text,
)

SarifObject: TypeAlias = dict[str, Any]

SOURCE_ROOT = "SRCROOT"

_LEVELS: Mapping[Severity, str] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_KINDS: Mapping[Fold, str] = {
    Fold.OPEN: "fail",
    Fold.SUPPRESSED: "fail",
    Fold.POTENTIAL: "review",
    Fold.UNDETERMINED: "open",
    Fold.RECONCILING: "informational",
}
"""SARIF 3.27.9. A suppressed result stays a failure that its `suppressions` excuse."""

_LONGEST_VALUE = 200
_LONGEST_TEXT = 600


def rules_of(findings: Sequence[Finding]) -> list[SarifObject]:
    """A rule for each id, in their order: texts that stay the same from run to run, as viewers want of a rule."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[one_line(finding.rule)].append(finding)
    return [_rule(id, by_rule[id]) for id in sorted(by_rule)]


def _rule(id: str, findings: Sequence[Finding]) -> SarifObject:
    titles = sorted({finding.title for finding in findings})
    verdicts = ", ".join(sorted({verdict_text(finding.verdict) for finding in findings}))
    worst = max((finding.severity for finding in findings), key=lambda severity: severity.rank)
    short = titles[0] if len(titles) == 1 else f"{id}: {verdicts}"
    return {
        "id": id,
        "shortDescription": {"text": sarif_text(prose(short, _LONGEST_TEXT))},
        "fullDescription": {"text": sarif_text(f"{_compared(findings)}: {verdicts}.")},
        "help": {"text": "What each verdict means, and on what grounds it is given: docs/verdicts.md of drift-audit."},
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": {"tags": ["drift", *sorted({finding.kind.value for finding in findings} - {"drift"})]},
    }


def _compared(findings: Sequence[Finding]) -> str:
    """What the rule looks at."""
    of_health = all(finding.verdict in (Verdict.STUCK, Verdict.UNHEALTHY) for finding in findings)
    return "Objects of Cluster API and what they wait for" if of_health else "Git, management cluster and cloud"


def result_of(finding: Finding, rule_index: int, run: Run) -> SarifObject:
    """One finding that a file declares; raises no error for hostile text, which leaves here escaped."""
    fold = fold_of(finding)
    kind = _KINDS[fold]
    id = one_line(finding.id)
    made: SarifObject = {
        "ruleId": one_line(finding.rule),
        "ruleIndex": rule_index,
        "kind": kind,
        # SARIF 3.27.10: only a failure has a level.
        "level": _LEVELS[finding.severity] if kind == "fail" else "none",
        "message": {"text": _whole_message(finding, run)},
        "locations": [_location(finding)],
        "partialFingerprints": {
            "driftAuditFinding/v1": id,
            # GitHub knows a result again by this key alone; the id stays when lines move.
            "primaryLocationLineHash": f"{id}:1",
        },
        "properties": {
            "verdict": finding.verdict.value,
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "cluster": one_line(str(finding.cluster or finding.management_cluster)),
            **({"owner": one_line(finding.owner)} if finding.owner else {}),
        },
    }
    if finding.suppressed is not None:
        rule = finding.suppressed
        made["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": one_line(rule.reason),
                "properties": {key: one_line(getattr(rule, key)) for key in ("rule", "owner", "expires")},
            }
        ]
    return made


def message(finding: Finding) -> str:
    """The values side by side, raw text."""
    rows = value_rows(finding, _LONGEST_VALUE)
    return "; ".join(
        f"{LABELS[row.view]} {row.text}" + (f" ({place})" if (place := place_of(finding, row.view)) else "")
        for row in rows
    )


def _whole_message(finding: Finding, run: Run) -> str:
    label, began = beginning_text([finding], run)
    told = (
        finding.title,
        f"{finding.path}: {verdict_text(finding.verdict)}" if finding.path else verdict_text(finding.verdict),
        message(finding),
        f"By {actor_text(finding.actor)}" if finding.actor else "",
        f"{label.capitalize()} {began}" if began else "",
        f"{'How' if tells_of_health(finding) else 'Then'}: {finding.reaction}" if finding.reaction else "",
        *(f"Because: {link_text(link)}" for link in finding.chain),
        f"Proven: {CERTAINTIES[finding.certainty]}" if finding.certainty else "",
        f"Affects {len(finding.affected):,}: {listed(finding.affected, 10)}" if finding.affected else "",
        *(f"Perhaps: {cause}" for cause in finding.possible_causes),
        *(f"Ruled out: {cause}" for cause in finding.ruled_out),
        *(f"Next: {step}" for step in finding.next_steps),
    )
    return ". ".join(sarif_text(prose(part, _LONGEST_TEXT)) for part in told if part)


def _location(finding: Finding) -> SarifObject:
    declared = finding.declared_at
    location: SarifObject = {"physicalLocation": _place(declared)} if declared else {}
    logical = [
        {"fullyQualifiedName": one_line(name), "kind": kind}
        for name, kind in (
            (object_text(finding.object) if finding.object else "", "object"),
            (resource_text(finding.resource) if finding.resource else "", "resource"),
        )
        if name
    ]
    return location | ({"logicalLocations": logical} if logical else {})


def _place(declared: DeclaredAt) -> SarifObject:
    return {
        "artifactLocation": {"uri": repository_path(declared.file), "uriBaseId": SOURCE_ROOT},
        # A line that is only the nearest known one is the best place that there is; unknown is the first line.
        "region": {"startLine": max(declared.line, 1)},
    }
