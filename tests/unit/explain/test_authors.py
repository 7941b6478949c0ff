"""A finding shows who wrote its line, at exactly the revision that it shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drift_audit.explain.authors import with_authors
from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.findings import Commit, DeclaredAt
from drift_audit.model.views import GitSourceView, Rendering
from drift_audit_reports.console import ConsoleReport
from drift_audit_reports.markdown import MarkdownReport
from tests.builders import finding as a_finding
from tests.builders import result

ALICE = Commit(id="a" * 40, author="Alice Example", date="2026-01-15T09:00:00Z")
BOB = Commit(id="b" * 40, author="Bob Example", date="2026-03-01T12:00:00Z")
PLACE = DeclaredAt(repo="repo", revision="r1", file="a.yaml", line=3)


def source(revision: str = "r1", repo: str = "repo") -> GitSourceView:
    head = Rendering(
        revision=revision,
        renderer="plain",
        declarations=(),
        line_commits={("a.yaml", 3): ALICE},
        file_commits={"a.yaml": BOB},
    )
    return GitSourceView(
        management_cluster="prod",
        source="fleet",
        repo=repo,
        ref="main",
        path="",
        flavor="kubectl",
        applier="",
        head=head,
    )


def test_a_finding_takes_the_commits_of_its_line_and_file() -> None:
    (found,) = with_authors([replace(a_finding(), declared_at=PLACE)], [source()])

    assert found.declared_at == replace(PLACE, line_commit=ALICE, file_commit=BOB)


def test_the_same_line_at_another_revision_or_in_another_repository_is_another_line() -> None:
    finding = replace(a_finding(), declared_at=PLACE)

    found = with_authors([finding], [source(revision="r2"), source(repo="other")])

    assert found == (finding,)


def test_a_finding_without_a_place_stays_as_it_is() -> None:
    finding = replace(a_finding(), declared_at=None)

    assert with_authors([finding], [source()]) == (finding,)


@pytest.mark.parametrize("report", [ConsoleReport(), MarkdownReport()])
def test_reports_name_the_author_of_the_line_or_else_of_the_file(report: ReportFormat) -> None:
    written = a_finding(declared_at=replace(PLACE, line_commit=ALICE, file_commit=BOB))
    rendered = a_finding(declared_at=replace(PLACE, line=0, file_commit=BOB))

    of_line, of_file = (
        report.render(result(findings=[found]), RenderOptions(width=200)) for found in (written, rendered)
    )

    assert "line by Alice Example, 2026-01-15 09:00:00 UTC, commit aaaaaaaaaaaa" in of_line
    assert "file last changed by Bob Example" in of_file
