"""SARIF 2.1.0 for code scanning: findings at the line that declares what they are about.

One run per repository, for a viewer shows a file anchored result in its own repository only. What no file
declares has no place in a viewer of code, and GitHub refuses a whole upload for one result without a location:
such findings, and every gap, are notifications of the run.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from drift_audit.interfaces import RenderOptions
from drift_audit.model.findings import Finding
from drift_audit.model.result import AuditResult, GitViewEntry, Status
from drift_audit_reports.document import in_document_order
from drift_audit_reports.escaping import json_safe, one_line, sarif_text
from drift_audit_reports.forge import repository_path, shown_repo
from drift_audit_reports.ranking import Overview, finding_rank, overview_of
from drift_audit_reports.sarif_results import SOURCE_ROOT, message, result_of, rules_of
from drift_audit_reports.summary import gap_groups, unnamed_gaps
from drift_audit_reports.wording import counted, repo_name, subject_text

SarifObject: TypeAlias = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

MOST_RUNS = 20
MOST_RESULTS = 25_000
"""GitHub refuses a file with more of either. Source: GitHub docs, "SARIF results exceed one or more limits"."""

_MOST_NOTIFICATIONS = 1_000


class SarifReport:
    """`-o sarif`. Width, colour and verbosity change nothing."""

    name = "sarif"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        overview = overview_of(in_document_order(result))
        log = {"$schema": SCHEMA, "version": "2.1.0", "runs": _runs(overview)}
        return json_safe(json.dumps(log, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _runs(overview: Overview) -> list[SarifObject]:
    """The repositories with findings first, the most findings first; at least one run, for the gaps need a place."""
    by_repository: dict[str, list[Finding]] = defaultdict(list)
    nowhere: list[Finding] = []
    for finding in sorted(overview.result.findings, key=lambda one: (-one.severity.rank, finding_rank(one))):
        declared = finding.declared_at
        if declared is not None and repository_path(declared.file):
            by_repository[declared.repo].append(finding)
        else:
            nowhere.append(finding)
    read = {source.repo: source for source in reversed(overview.result.views.git)}
    repositories = sorted({*by_repository, *read}, key=lambda repo: (-len(by_repository.get(repo, ())), repo))
    left_out = [finding for repo in repositories[MOST_RUNS:] for finding in by_repository.get(repo, ())]
    notifications = _notifications(overview, [*nowhere, *left_out])
    return [
        _run(overview, repo, read.get(repo), by_repository.get(repo, ()), notifications)
        for repo in repositories[:MOST_RUNS]
    ] or [_run(overview, "", None, (), notifications)]


def _run(
    overview: Overview,
    repo: str,
    source: GitViewEntry | None,
    findings: Sequence[Finding],
    notifications: Sequence[SarifObject],
) -> SarifObject:
    result, told = overview.result, findings[:MOST_RESULTS]
    rules = rules_of(told)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    notes = list(notifications)
    if len(findings) > len(told):
        notes.append(_note("limit", f"{counted(len(findings) - len(told), 'more finding')}: see the JSON report"))
    run: SarifObject = {
        "tool": {
            "driver": {
                "name": result.tool.name,
                "version": result.tool.version,
                "semanticVersion": result.tool.version,
                "rules": rules,
                "notifications": [{"id": name, "shortDescription": {"text": text}} for name, text in _NOTES.items()],
            }
        },
        "automationDetails": {"id": f"drift-audit/{one_line(repo_name(repo)) or 'fleet'}/{one_line(result.run.id)}"},
        "invocations": [
            {
                # A run that could not read something was not successful: its silence means nothing.
                "executionSuccessful": overview.complete,
                "startTimeUtc": result.run.started_at,
                "endTimeUtc": result.run.finished_at,
                "toolExecutionNotifications": notes,
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [result_of(finding, index[one_line(finding.rule)], result.run) for finding in told],
    }
    revision = source.revision if source else next((f.declared_at.revision for f in findings if f.declared_at), "")
    told_besides = {"configDigest": result.run.config_digest, "status": result.status.value, "revision": revision}
    run["properties"] = {key: one_line(value) for key, value in told_besides.items() if value}
    if repo:
        run |= _provenance(repo, revision, source.ref if source else "")
    return run


def _provenance(repo: str, revision: str, ref: str) -> SarifObject:
    """Where the files come from. The schema wants an absolute address there, which a relative path is not."""
    address = _uri(repo)
    details: SarifObject = {"repositoryUri": address, "mappedTo": {"uriBaseId": SOURCE_ROOT}}
    details |= {key: one_line(value) for key, value in (("revisionId", revision), ("branch", ref)) if value}
    root = {"description": {"text": sarif_text(f"The root of {shown_repo(repo)}")}}
    known: SarifObject = {"versionControlProvenance": [details]} if address else {}
    return known | {"originalUriBaseIds": {SOURCE_ROOT: root}}


_ADDRESS = re.compile(
    r"(?P<server>[A-Za-z][A-Za-z0-9+.-]*://(?:[A-Za-z0-9._~-]+@)?[A-Za-z0-9.-]*(?::[0-9]{1,5})?)(?P<path>/.*)?"
)
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def _uri(repo: str) -> str:
    """The address of the repository as a URI; empty where it has none, as a relative path.

    What Git writes as `git@host:path` becomes `ssh://git@host/path`.
    """
    from urllib.parse import quote

    shown = one_line(shown_repo(repo))
    if "://" not in shown and ":" in shown and not shown.startswith(("/", ".")):
        host, _, path = shown.partition(":")
        shown = f"ssh://{host}/{path}"
    elif shown.startswith("/"):
        shown = f"file://{shown}"
    address = _ADDRESS.fullmatch(shown)
    if address is None:
        return ""
    return address["server"] + quote(_LONE_PERCENT.sub("%25", address["path"] or ""), safe="/:@!$&'()*+,;=~%")


# Notifications: what is not a result


_NOTES: Mapping[str, str] = {
    "gap": "Something that was to be read could not be read.",
    "undeclared": "A finding about something that no file of Git declares.",
    "limit": "Something that did not fit into this file.",
    "error": "The audit could not be done.",
}


def _notifications(overview: Overview, nowhere: Sequence[Finding]) -> list[SarifObject]:
    notes = []
    if overview.result.status is Status.ERROR:
        notes.append(_note("error", "The audit could not be done.", level="error"))
    for group in gap_groups(overview):
        remedy = f" Remedy: {group.remedy}" if group.remedy else ""
        notes += [_note("gap", f"{scope}: {group.reason}.{remedy}", level="error") for scope in group.scopes]
    if not overview.gaps and not overview.complete:
        notes += [_note("gap", reason, level="error") for reason in unnamed_gaps(overview, _MOST_NOTIFICATIONS)]
    notes += [
        _note("undeclared", f"{finding.severity}: {finding.title}: {subject_text(finding)}. {message(finding)}")
        for finding in nowhere
        if finding.suppressed is None
    ]
    if len(notes) > _MOST_NOTIFICATIONS:
        rest = len(notes) - _MOST_NOTIFICATIONS
        notes = [
            *notes[:_MOST_NOTIFICATIONS],
            _note("limit", f"{counted(rest, 'more notification')}: see the JSON report"),
        ]
    return notes


def _note(name: str, text: str, *, level: str = "warning") -> SarifObject:
    return {
        "descriptor": {"id": name, "index": list(_NOTES).index(name)},
        "level": level,
        "message": {"text": sarif_text(text)[:4000]},
    }
