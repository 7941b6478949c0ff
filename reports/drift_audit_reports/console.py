"""The report for a terminal: what an engineer reads at three in the morning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drift_audit.interfaces import RenderOptions
from drift_audit.model.remediation import Step
from drift_audit.model.result import AuditResult
from drift_audit_reports.cause_blocks import CauseBlocks
from drift_audit_reports.eliding import prose
from drift_audit_reports.escaping import one_line
from drift_audit_reports.ranking import Fold, Overview, overview_of
from drift_audit_reports.remediations import TITLE, counted_text, lines_of
from drift_audit_reports.summary import (
    FOLDS,
    GAP_LABELS,
    coverage_text,
    fleet_text,
    gap_groups,
    gaps_title,
    headline,
    opaque_text,
    reasons_text,
    result_line,
    severities_text,
    suppression_text,
    suppressions_in_order,
    unjudged_clusters,
    unnamed_gaps,
    unproven_groups,
)
from drift_audit_reports.wording import (
    counted,
    listed,
    moment_text,
    subject_text,
)

if TYPE_CHECKING:
    from drift_audit_reports.terminal import Page

_NARROWEST = 60
_MOST_CAUSES = 50
"""The worst ones; nobody reads on after fifty, and the headline counts them all."""
_MOST_REMEDIATIONS = 100

_LESS = {"history": "actors may be unknown in", "evidence": "causes may be less certain without"}
"""What it costs that something could not be read on which no verdict rests."""


class ConsoleReport:
    """`-o console`."""

    name = "console"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        from drift_audit_reports.terminal import Page

        page = Page(max(options.width, _NARROWEST), color=options.color)
        overview = overview_of(result)
        writer = _Writer(page, overview, verbose=options.verbose)
        writer.write()
        return page.finished()


class _Writer:
    """Writes one overview onto one page."""

    def __init__(self, page: Page, overview: Overview, *, verbose: bool) -> None:
        self.page = page
        self.overview = overview
        self.result = overview.result
        self.verbose = verbose
        self.causes = CauseBlocks(page, overview.result.run, verbose=verbose)
        self.most_gaps = 1000 if verbose else 12

    def write(self) -> None:
        self._header()
        if not self.overview.complete:
            self._gaps()
        self._unproven()
        causes = self.overview.causes
        most = len(causes) if self.verbose else _MOST_CAUSES
        for ranked in causes[:most]:
            self.causes.write(ranked)
        if causes[most:]:
            self.page.blank()
            rest = f"and {counted(len(causes[most:]), 'more cause')} ({severities_text(causes[most:])})"
            self.page.paragraph((rest, "bold"), ": see --verbose or -o json")
        self._folded()
        self._suppressed()
        if self.verbose:
            self._remediations()
        self._footer()

    def _header(self) -> None:
        run, tool = self.result.run, self.result.tool
        began = f" · {moment_text(run.started_at)} · run {run.id} · {run.duration_s:,.1f} s"
        if run.recording_digest:
            began += f" · from recording {run.recording_digest[:12]}"
        self.page.paragraph((f"{tool.name} {tool.version}", "bold"), began)
        self.page.paragraph(fleet_text(self.result))
        sentence = headline(self.overview)
        if self._is_short():
            sentence += f" · {coverage_text(self.result.coverage)}"
        self.page.paragraph((sentence, "bold"))

    def _is_short(self) -> bool:
        """True when nothing stands between the headline and the last line."""
        folded = any(self.overview.folded.values()) or suppressions_in_order(self.result) or opaque_text(self.result)
        return self.overview.complete and not self.overview.causes and not folded and not self.verbose

    def _unproven(self) -> None:
        """What of change histories and of evidence is missing. It stands beside the gaps: no verdict rests on it."""
        for group in unproven_groups(self.overview)[: self.most_gaps]:
            view = group.gaps[0].view
            less = _LESS.get(view, "less is proven without")
            told = f"{less} {listed(group.scopes, 3)}: {group.reason}"
            self.page.labelled(GAP_LABELS.get(view, view), prose(told))
            if group.remedy:
                self.page.labelled("→", prose(group.remedy))

    def _gaps(self) -> None:
        page = self.page
        page.blank()
        page.heading(("! INCOMPLETE  ", "bold magenta"), (gaps_title(self.overview), "bold"), right="", indent=2)
        groups = gap_groups(self.overview)
        for group in groups[: self.most_gaps]:
            page.labelled(GAP_LABELS.get(group.gaps[0].view, group.gaps[0].view), listed(group.scopes, 3))
            page.labelled("", prose(group.reason))
            if group.remedy:
                page.labelled("→", prose(group.remedy), style="bold")
        if len(groups) > self.most_gaps:
            page.labelled("", f"and {counted(len(groups) - self.most_gaps, 'more gap')}: see --verbose or -o json")
        if not groups:
            for reason in unnamed_gaps(self.overview, self.most_gaps):
                page.labelled("", prose(reason))
        unjudged = unjudged_clusters(self.result)
        if unjudged:
            page.labelled("clusters", "not wholly judged: ", listed(unjudged, 50 if self.verbose else 4))

    # After the causes

    def _folded(self) -> None:
        shown = [fold for fold in FOLDS if self.overview.folded[fold] and fold is not Fold.SUPPRESSED]
        if shown:
            self.page.blank()
        for fold in shown:
            findings = self.overview.folded[fold]
            self.page.paragraph(
                (f"{len(findings):,} {FOLDS[fold]}: ", "bold"), prose(reasons_text(findings, 3)), indent=2
            )
            if self.verbose:
                for finding in findings:
                    self.page.labelled("id", f"{finding.id}  {subject_text(finding)} {one_line(finding.path)}")

    def _suppressed(self) -> None:
        findings = self.overview.folded[Fold.SUPPRESSED]
        uses = suppressions_in_order(self.result)
        if not findings and not uses:
            return
        self.page.blank()
        self.page.paragraph((f"{counted(len(findings), 'finding')} suppressed", "bold"), indent=2)
        for use in uses:
            self.page.paragraph((use.rule, "bold"), "  ", prose(suppression_text(use)), indent=4)

    def _remediations(self) -> None:
        lines = lines_of(self.result)
        if not lines:
            return
        page = self.page
        page.blank()
        page.paragraph((f"{TITLE}: {counted_text(self.result)}", "bold"), indent=2)
        for line in lines[:_MOST_REMEDIATIONS]:
            page.paragraph((one_line(line.machine), "bold"), indent=4)
            for step, told in zip(Step, line.steps, strict=True):
                page.labelled(step.value, prose(told))
            page.labelled("repair", prose(line.repaired))
            if line.remarks:
                page.labelled("remark", prose(line.remarks))
        if lines[_MOST_REMEDIATIONS:]:
            page.paragraph(f"and {counted(len(lines) - _MOST_REMEDIATIONS, 'more Machine')}: see -o json", indent=4)

    def _footer(self) -> None:
        page = self.page
        if not self._is_short():
            page.blank()
            page.paragraph(" · ".join(filter(None, (coverage_text(self.result.coverage), opaque_text(self.result)))))
        if self.verbose:
            self._inputs()
        page.unwrapped((result_line(self.overview), "bold"))

    def _inputs(self) -> None:
        views, cost = self.result.views, self.result.cost
        for git in views.git:
            page_text = f"{git.repo}@{git.ref} {git.path} {git.revision[:12]} ({git.renderer})"
            self.page.labelled("git", f"{page_text}, {counted(git.declarations, 'declaration')}")
        for capi in views.capi:
            versions = ", ".join(f"{group} {version}" for group, version in sorted(capi.versions.items()))
            self.page.labelled("cluster", f"{capi.management_cluster}, {counted(capi.objects, 'object')}, {versions}")
        for cloud in views.cloud:
            scope = f"{cloud.provider}/{cloud.account}/{cloud.region}"
            self.page.labelled("cloud", f"{scope}, {counted(cloud.resources, 'resource')}")
        dearest = sorted(cost.by_scope.items(), key=lambda entry: (-entry[1], entry[0]))
        most = listed([f"{scope} {calls:,}" for scope, calls in dearest], 5)
        self.page.labelled("cost", f"{counted(cost.calls, 'call')}, {cost.throttles:,} throttled; {most}")
