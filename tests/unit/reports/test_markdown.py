"""The Markdown report: whole, harmless, and never over the limit; markdown-it reads it as GitHub would."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.findings import Severity
from drift_audit.model.result import AuditResult
from drift_audit_reports.markdown import MOST_BYTES, MarkdownReport
from tests.builders import cause, cluster_key, finding, gap, result, shown_values
from tests.unit.reports.conftest import Golden
from tests.unit.reports.fleets import half_read_fleet, healthy_fleet, stuck_fleet, troubled_fleet, with_opaque_fields
from tests.unit.reports.hostile import hostile_finding, hostile_result

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SUMMARY = re.compile(r"<details><summary>(\S+) <b>\w+</b>: [^<>\n]*</summary>\n")


def render(audit: AuditResult) -> str:
    return MarkdownReport().render(audit, RenderOptions())


def tokens_of(markdown: str) -> list[Token]:
    flat: list[Token] = []
    for block in MARKDOWN.parse(markdown):
        flat += [block, *(block.children or [])]
    return flat


def html_of(markdown: str) -> list[str]:
    return [token.content for token in tokens_of(markdown) if token.type in ("html_block", "html_inline")]


def is_harmless(markdown: str) -> bool:
    """No link, image or heading that is not ours, and no HTML but what the report itself writes."""
    tokens = tokens_of(markdown)
    ours = {"<br>", "<sub>", "</sub>", "</details>\n"}
    html = [content for content in html_of(markdown) if content not in ours and not SUMMARY.fullmatch(content)]
    types = {token.type for token in tokens}
    text = "\n".join(token.content for token in tokens if token.type == "text")
    return (
        not html
        and types.isdisjoint({"link_open", "image", "fence", "code_block", "hr", "em_open", "s_open"})
        and not re.search(r"@\w|://|www\.|#\d", text)
    )


def many_causes(count: int) -> AuditResult:
    groups = []
    for number in range(count):
        one = finding(
            path=f"spec.field{number}",
            title=f"Field {number} was changed outside Cluster API by somebody",
            cluster=cluster_key(f"eu-{number}"),
            severity=Severity.CRITICAL if number == 0 else Severity.LOW,
            next_steps=("Put it back",),
        )
        groups.append((cause([one]), [one]))
    return result(groups)


def test_the_troubled_fleet_reads_as_reviewed(golden: Golden) -> None:
    golden("troubled.md", render(troubled_fleet()))


def test_the_stuck_fleet_reads_as_reviewed(golden: Golden) -> None:
    golden("stuck.md", render(stuck_fleet()))


def test_the_half_read_fleet_reads_as_reviewed(golden: Golden) -> None:
    golden("half-read.md", render(half_read_fleet()))


def test_the_healthy_fleet_reads_as_reviewed(golden: Golden) -> None:
    golden("healthy.md", render(healthy_fleet()))


def test_a_hostile_fleet_reads_as_reviewed(golden: Golden) -> None:
    golden("hostile.md", render(hostile_finding()))


def test_the_first_line_says_the_verdict() -> None:
    assert render(troubled_fleet()).startswith(
        "## Drift and stuck: 5 causes, 14 findings in 6 clusters (6 critical, 7 high, 1 medium)\n"
    )
    assert render(healthy_fleet()).startswith("## In sync: ")
    assert render(half_read_fleet()).startswith("## Incomplete: ")


def test_gaps_stand_before_the_first_cause() -> None:
    text = render(half_read_fleet())

    assert text.index("### ⚠️ Incomplete") < text.index("403 Forbidden") < text.index("| | Cause |")


def test_an_incomplete_audit_never_says_in_sync() -> None:
    assert "in sync" not in render(result(gaps=[gap()])).lower()


def test_an_incomplete_audit_without_gaps_has_the_section_too() -> None:
    assert "does not say what is missing" in render(result(complete=False))


def test_every_cause_is_one_row_and_one_closed_detail() -> None:
    text = render(troubled_fleet())

    rows = [token for token in tokens_of(text) if token.type == "tr_open"]
    value_tables = text.count("| | value | where |")
    assert len(SUMMARY.findall(text)) == text.count("</details>") == 5
    assert len(rows) == (1 + 5) + value_tables * 4


@pytest.mark.parametrize("audit", [troubled_fleet(), half_read_fleet(), healthy_fleet(), hostile_result()])
def test_nothing_but_our_own_markup_is_in_the_report(audit: AuditResult) -> None:
    assert is_harmless(render(audit))


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_any_text_anywhere_leaves_the_report_harmless(attack: str) -> None:
    text = render(hostile_result(attack))

    assert is_harmless(text)
    assert len(SUMMARY.findall(text)) == text.count("</details>\n")


@pytest.mark.parametrize("count", [1, 20, 60, 400, 3000])
def test_the_report_keeps_to_the_limit_and_counts_what_it_leaves_out(count: int) -> None:
    text = render(many_causes(count))

    told = len(SUMMARY.findall(text))
    rows = text.split("<details>")[0].count("\n| 🔵") + text.split("<details>")[0].count("\n| 🔴")
    assert len(text.encode()) <= MOST_BYTES
    assert told == text.count("</details>")
    assert (f"**{count - told:,} more cause" in text) == (told < count)
    assert (f"{count - rows:,} more causes not shown: see the JSON report." in text) == (rows < count)
    assert "Field 0 was changed" in text


@pytest.mark.parametrize("length", [1_000, 4_000])
def test_monstrous_names_neither_break_the_limit_nor_hide_the_verdict(length: int) -> None:
    text = render(hostile_result("@\U000e0041`" * length))

    assert len(text.encode()) <= MOST_BYTES
    assert text.startswith("## Incomplete: 5 causes")
    assert is_harmless(text)


def test_one_monstrous_cause_does_not_hide_the_details_of_the_next() -> None:
    monster = finding(
        path="a", severity=Severity.CRITICAL, next_steps=tuple(f"{number}{'@' * 500}" for number in range(9))
    )
    plain = finding(path="spec.plain")

    text = render(result([(cause([monster]), [monster]), (cause([plain]), [plain])]))

    assert "`spec.plain` · edited in the cloud" in text
    assert "**1 more cause not shown in detail: see the JSON report.**" in text


def test_many_gaps_are_counted() -> None:
    gaps = [gap(f"aws/123456789012/eu-west-1/type-{number}", reason=f"reason {number} " * 20) for number in range(300)]

    text = render(result(gaps=gaps))

    assert len(text.encode()) <= MOST_BYTES
    assert re.search(r"- \d+ more gaps: see the JSON report", text)


def test_values_with_pipes_and_backticks_stay_in_their_cell() -> None:
    nasty = finding(values=shown_values("a|b", "`a` \\| ``b``", "<!-- c -->"))

    tokens = tokens_of(render(result([(cause([nasty]), [nasty])])))

    spans = [token.content for token in tokens if token.type == "code_inline"]
    assert {"a|b", "`a` \\| ``b``", "<!-- c -->"} <= set(spans)


def test_suppressions_are_listed_with_owner_and_expiry() -> None:
    text = render(troubled_fleet())

    assert "suppressed by `known-bastion`: 1 finding, expires in 12 days, owner platform: bastion hosts need it" in text
    assert "suppressed by `old-lab`: 0 findings, expired 3 days ago" in text


def test_a_recording_is_named() -> None:
    audit = healthy_fleet()

    assert "from recording 0123456789ab" in render(
        replace(audit, run=replace(audit.run, recording_digest="0123456789abcdef"))
    )


def test_it_is_what_the_interface_asks_for() -> None:
    assert isinstance(MarkdownReport(), ReportFormat)


def test_a_fleet_in_sync_tells_what_was_not_compared() -> None:
    text = render(with_opaque_fields(healthy_fleet(), 14))

    assert "agree" not in text
    assert "14 fields of Git not compared" in text
