"""What was read and what it cost, and which rules hide what: the last sections of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drift_audit.model.result import AuditResult, Run
from drift_audit.model.views import ScopeStatus
from drift_audit_reports.eliding import prose
from drift_audit_reports.forge import commit_address, shown_repo
from drift_audit_reports.html_report.anchors import name_of
from drift_audit_reports.html_report.variants import LONGEST_TEXT, Place
from drift_audit_reports.html_report.words import EXPIRES_SOON_DAYS, VIEW_TITLES
from drift_audit_reports.ranking import Overview
from drift_audit_reports.summary import counted_again_text, opaque_text
from drift_audit_reports.wording import counted, moment_text

_MOST_COSTLY = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionView:
    rule: str
    owner: str
    reason: str
    matched: int
    counted_again: str
    """Of an expired rule: how many open findings it would hide."""
    expires: str
    mark: str
    """`expired` or `expires soon`; empty for neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """One view that was read, as a row."""

    title: str
    name: Place
    facts: str
    versions: tuple[str, ...] = ()
    """Which API version each kind was read in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLine:
    view: str
    scope: str
    status: str
    note: str
    calls: int
    seconds: float


def suppression_views(overview: Overview) -> tuple[SuppressionView, ...]:
    """All rules, the soonest to expire first, used or not."""
    views = []
    for use in sorted(overview.result.suppressions, key=lambda use: (use.expires_in_days, use.rule)):
        days = use.expires_in_days
        left = f"in {counted(days, 'day')}" if days >= 0 else f"{counted(-days, 'day')} ago"
        views.append(
            SuppressionView(
                rule=name_of(use.rule),
                owner=name_of(use.owner),
                reason=prose(use.reason, LONGEST_TEXT),
                matched=use.matched,
                counted_again=counted_again_text(use.counted_again) if use.counted_again else "",
                expires=f"{name_of(use.expires)}, {left}" if use.expires else left,
                mark="expired" if days < 0 else "expires soon" if days <= EXPIRES_SOON_DAYS else "",
            )
        )
    return tuple(views)


def source_views(result: AuditResult) -> tuple[SourceView, ...]:
    """Every view that was read."""
    return (*_git_sources(result), *_cluster_sources(result), *_cloud_sources(result))


def _git_sources(result: AuditResult) -> Sequence[SourceView]:
    return [
        SourceView(
            title="Git",
            name=Place(
                text=name_of(f"{shown_repo(view.repo)} {view.path}@{view.ref} {view.revision[:12]}"),
                address=commit_address(view.repo, view.revision),
            ),
            facts=prose(
                " · ".join(
                    filter(
                        None,
                        (
                            f"for {view.management_cluster}",
                            counted(view.declarations, "declaration"),
                            view.renderer,
                            f"applied {view.applied_revision[:12]}" if view.applied_revision else "",
                            f"{counted(view.opaque_fields, 'field')} not compared" if view.opaque_fields else "",
                        ),
                    )
                ),
                LONGEST_TEXT,
            ),
        )
        for view in result.views.git
    ]


def _cluster_sources(result: AuditResult) -> Sequence[SourceView]:
    return [
        SourceView(
            title="Management cluster",
            name=Place(text=name_of(view.management_cluster)),
            facts=prose(
                f"{counted(view.objects, 'object')} · read at {moment_text(view.read_at)}"
                f" · kubernetes {view.versions.get('kubernetes', 'of an unknown version')}",
                LONGEST_TEXT,
            ),
            versions=tuple(
                name_of(f"{kind} {version}") for kind, version in sorted(view.versions.items()) if kind != "kubernetes"
            ),
        )
        for view in result.views.capi
    ]


def _cloud_sources(result: AuditResult) -> Sequence[SourceView]:
    return [
        SourceView(
            title="Cloud",
            name=Place(text=name_of(f"{view.provider}/{view.account}/{view.region}")),
            facts=prose(
                counted(view.resources, "resource")
                + (f", {view.claimed:,} of them belong to an object of the fleet" if view.claimed else "")
                + f" · read at {moment_text(view.read_at)}",
                LONGEST_TEXT,
            ),
        )
        for view in result.views.cloud
    ]


def scope_lines(result: AuditResult) -> tuple[ScopeLine, ...]:
    """Every scope; what was not wholly read comes first."""
    reads = sorted(
        result.coverage.scopes, key=lambda read: (read.status is ScopeStatus.COMPLETE, read.view, read.scope)
    )
    return tuple(
        ScopeLine(
            view=VIEW_TITLES.get(read.view) or name_of(read.view),
            scope=name_of(read.scope),
            status=read.status.value,
            note=prose(read.reason, LONGEST_TEXT),
            calls=read.calls,
            seconds=read.seconds,
        )
        for read in reads
    )


def dearest_scopes(result: AuditResult) -> tuple[tuple[str, int], ...]:
    """The scopes with the most calls."""
    ordered = sorted(result.cost.by_scope.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple((name_of(scope), calls) for scope, calls in ordered[:_MOST_COSTLY])


def run_facts(result: AuditResult) -> tuple[tuple[str, str], ...]:
    """Label and text; what an auditor copies into his own papers."""
    run: Run = result.run
    cost = result.cost
    facts = (
        ("Run", run.id),
        ("Started", moment_text(run.started_at)),
        ("Finished", moment_text(run.finished_at)),
        ("Duration", f"{run.duration_s:,.1f} s"),
        ("Calls", f"{cost.calls:,}, {cost.throttles:,} of them throttled"),
        ("Config digest", run.config_digest),
        ("Recording digest", run.recording_digest or ""),
        ("Program", f"{result.tool.name} {result.tool.version}, result schema {result.schema_version}"),
        ("Not compared", opaque_text(result)),
    )
    return tuple((label, name_of(text)) for label, text in facts if text)
