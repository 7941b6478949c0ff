"""The HTML report as a text: self-contained, escaped, honest, and the same for the same result.

How it looks and behaves is tested in a browser: `tests/browser`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from enum import StrEnum
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_audit.interfaces import RenderOptions, ReportFormat
from drift_audit.model.result import AuditResult, CapiViewEntry, ClusterStatus, SuppressionUse, ViewEntries
from drift_audit.model.views import View
from drift_audit_reports.html_report.report import HtmlReport
from drift_audit_reports.wording import verdict_text
from tests.builders import (
    cause,
    cluster_entry,
    cluster_key,
    declared_at,
    finding,
    gap,
    result,
)
from tests.unit.reports.conftest import Golden
from tests.unit.reports.fleets import half_read_fleet, healthy_fleet, stuck_fleet, troubled_fleet, with_opaque_fields
from tests.unit.reports.hostile import ATTACK, hostile_finding, hostile_result
from tests.unit.reports.trees import big_fleet, half_read_and_pictured, pictured, troubled_and_pictured

VOID = {"meta", "input", "br", "path", "rect"}


class Elements(HTMLParser):
    """Every element with its attributes, and the text of the page without styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], "elements that are not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute is written twice: {tag} {names}"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


def render(audit: AuditResult) -> str:
    return HtmlReport().render(audit, RenderOptions())


def page(audit: AuditResult) -> Elements:
    return Elements(render(audit))


def without_looks(text: str) -> str:
    """For the golden files: the page without its style sheet, script and their hashes."""
    text = re.sub(r"<(style|script)>.*?</\1>", r"<\1>…</\1>", text, flags=re.DOTALL)
    return re.sub(r"'sha256-[^']+'", "'sha256-…'", text)


@pytest.mark.parametrize(
    ("name", "audit"),
    [
        ("troubled.html", troubled_and_pictured()),
        ("half-read.html", half_read_and_pictured()),
        ("healthy.html", healthy_fleet()),
        ("hostile.html", hostile_finding()),
        ("stuck.html", stuck_fleet()),
    ],
)
def test_the_page_reads_as_reviewed(name: str, audit: AuditResult, golden: Golden) -> None:
    golden(name, without_looks(render(audit)))


def test_the_headline_is_the_first_heading_and_says_the_verdict() -> None:
    headings = re.findall(r"<h1>(.*?)</h1>", render(troubled_fleet()))

    assert headings == ["Drift and stuck: 5 causes, 14 findings in 6 clusters (6 critical, 7 high, 1 medium)"]
    assert "<h1>In sync: " in render(healthy_fleet())
    assert "<h1>Incomplete: " in render(half_read_fleet())


def test_what_is_missing_stands_before_everything_else() -> None:
    text = page(half_read_fleet()).text.partition("Words\n")[2]

    assert text.index("Incomplete: what could not be read") < text.index("403 Forbidden") < text.index("\nFleet\n")
    assert text.index("Apply deploy/rbac.yaml") < text.index("\nFleet\n")


@pytest.mark.parametrize(
    "audit",
    [
        result(gaps=[gap()]),
        result(complete=False),
        result(gaps=[gap()], clusters=[cluster_entry(complete=False)]),
        result(clusters=[cluster_entry(status=ClusterStatus.INCOMPLETE)], complete=False),
    ],
)
def test_an_incomplete_audit_never_looks_in_sync(audit: AuditResult) -> None:
    text = render(audit)

    assert '<div class="answer incomplete">' in text
    assert "In sync" not in text
    assert "agree" not in re.sub(r'<section id="words".*', "", text, flags=re.DOTALL)


def test_an_unread_cluster_and_one_with_findings_are_never_green() -> None:
    audit = result(
        findings=[finding(cluster=cluster_key("eu-2"))], clusters=[cluster_entry(complete=False), cluster_entry("eu-2")]
    )

    cells = re.findall(r'<a class="cell (\w+)"', render(audit))

    assert cells == ["incomplete", "drifted"]


def test_a_management_cluster_that_was_not_read_stands_in_the_overview() -> None:
    views = ViewEntries(
        git=(),
        capi=tuple(
            CapiViewEntry(management_cluster=name, versions={}, objects=0, read_at="2026-11-20T02:00:00Z")
            for name in ("lost", "empty", "half")
        ),
        cloud=(),
    )
    unread = (
        gap(view=View.CAPI, scope="lost", reason="there is no such kubeconfig"),
        gap(view=View.CAPI, scope="half/clusters.cluster.x-k8s.io", reason="HTTP 403"),
    )

    text = page(result(gaps=unread, views=views, clusters=[])).text

    assert re.search(r"empty\s+No cluster is in it\.", text)
    assert re.search(r"half\s+Not wholly read: HTTP 403", text)
    assert re.search(r"lost\s+Not read: there is no such kubeconfig", text)


def test_a_fleet_in_sync_tells_what_was_not_compared() -> None:
    text = render(with_opaque_fields(healthy_fleet(), 14))

    assert "14 fields of Git not compared" in text
    assert '<div class="answer ok">' not in text


@pytest.mark.parametrize("audit", [troubled_and_pictured(), half_read_and_pictured(), pictured(hostile_result())])
def test_every_finding_of_the_result_is_on_the_page_once(audit: AuditResult) -> None:
    anchors = [value for value in page(audit).values("id") if value.startswith("finding-")]

    assert sorted(anchors) == sorted(f"finding-{one.id}" for one in audit.findings)


@pytest.mark.parametrize(
    "audit",
    [troubled_and_pictured(), half_read_and_pictured(), healthy_fleet(), pictured(hostile_result()), hostile_finding()],
)
def test_links_lead_to_something_on_the_page_or_to_a_forge(audit: AuditResult) -> None:
    elements = page(audit)
    ids = elements.values("id")

    assert len(ids) == len(set(ids))
    for address in elements.values("href"):
        assert address.startswith("https://github.com/") or address.removeprefix("#") in ids
    for attribute in ("aria-labelledby", "for"):
        assert set(elements.values(attribute)) <= set(ids)


def test_the_declaring_line_and_the_commit_are_linked() -> None:
    addresses = page(troubled_and_pictured()).values("href")
    revision = "8c1f2ab0" * 5

    assert f"https://github.com/platform/fleet/blob/{revision}/clusters/us-1/machines.yaml#L12" in addresses
    assert f"https://github.com/platform/fleet/commit/{'4be1d70c' * 5}" in addresses


def test_an_address_that_is_no_forge_is_text_without_credentials() -> None:
    for repo in ("https://bot:s3cret@git.example.com/fleet.git", "javascript:alert(1)//a/b"):
        one = finding(declared_at=declared_at(repo=repo))
        text = render(result([(cause([one]), [one])]))

        assert "s3cret" not in text
        assert "javascript:" not in text.replace(repo, "")


@pytest.mark.parametrize("audit", [troubled_and_pictured(), pictured(hostile_result())])
def test_nothing_is_loaded_from_anywhere(audit: AuditResult) -> None:
    text = render(audit)
    elements = page(audit)
    style = "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))

    assert {tag for tag, _ in elements.elements}.isdisjoint(
        {"link", "img", "iframe", "object", "embed", "base", "image"}
    )
    assert elements.values("src") == elements.values("srcset") == elements.values("style") == []
    assert "url(" not in style and "@import" not in style
    assert not [name for _, attributes in elements.elements for name in attributes if name.startswith("on")]


def test_the_policy_allows_exactly_what_the_page_brings() -> None:
    text = render(troubled_fleet())
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    parts = dict(part.strip().split(" ", 1) for part in policy.replace("&#39;", "'").split(";"))

    def hashes(tag: str) -> str:
        contents = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests = (hashlib.sha256(content.encode()).digest() for content in contents)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    assert parts["default-src"] == parts["form-action"] == parts["base-uri"] == "'none'"
    assert parts["style-src"] == hashes("style")
    assert parts["script-src"] == hashes("script")


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=30))
def test_any_text_anywhere_adds_no_element(attack: str) -> None:
    attacked, plain = page(pictured(hostile_result(attack))), page(pictured(hostile_result("x")))

    assert [tag for tag, _ in attacked.elements].count("script") == 1
    assert {tag for tag, _ in attacked.elements} <= {tag for tag, _ in plain.elements} | {"dl", "dt", "dd"}
    assert "\u202e" not in attacked.text and "\x1b" not in attacked.text


def test_bidirectional_and_control_characters_are_spelled_out() -> None:
    text = page(pictured(hostile_result(ATTACK))).text

    assert "\\u202e" in text and "\\x1b[2J" in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


def test_what_the_template_prints_itself_is_spelled_out_too() -> None:
    audit = healthy_fleet()

    text = render(replace(audit, run=replace(audit.run, started_at="2026\u202e<b>")))

    assert "2026\\u202e&lt;b&gt;" in text and "\u202e" not in text


def test_a_run_id_cannot_leave_the_style_sheet() -> None:
    audit = healthy_fleet()
    run = replace(audit.run, id='"}</style><script>alert(1)</script>', config_digest='";}*{display:none}')

    elements = page(replace(audit, run=run))

    assert [tag for tag, _ in elements.elements].count("script") == 1
    assert [tag for tag, _ in elements.elements].count("style") == 2


def test_the_same_result_in_another_order_is_the_same_page() -> None:
    audit = troubled_and_pictured()
    shuffled = replace(
        audit,
        findings=tuple(reversed(audit.findings)),
        causes=tuple(reversed(audit.causes)),
        clusters=tuple(reversed(audit.clusters)),
        trees=tuple(reversed(audit.trees)),
        suppressions=tuple(reversed(audit.suppressions)),
    )

    assert render(shuffled) == render(audit)


def test_suppressions_are_listed_with_owner_reason_and_a_mark_when_they_end_soon() -> None:
    audit = replace(
        troubled_fleet(),
        suppressions=(
            SuppressionUse(
                rule="known-bastion",
                matched=1,
                expires_in_days=14,
                owner="platform",
                reason="bastion hosts need it",
                expires="2026-12-02",
            ),
            SuppressionUse(rule="old-lab", matched=0, expires_in_days=-3, owner="me", reason="old", counted_again=1),
            SuppressionUse(rule="later", matched=0, expires_in_days=15),
        ),
    )

    text = page(audit).text

    assert re.search(
        r"known-bastion\s*expires soon 2026-12-02, in 14 days\s*1\s*platform\s*bastion hosts need it", text
    )
    assert re.search(r"old-lab\s*expired 3 days ago\s*0\s*1 open finding fits it\s*me\s*old", text)
    assert re.search(r"later\s*in 15 days", text)


def test_a_verdict_without_words_of_its_own_is_told_by_its_name() -> None:
    class LaterVerdict(StrEnum):
        EDITED_AND_FORGOTTEN = "edited_and_forgotten"

    assert verdict_text(LaterVerdict.EDITED_AND_FORGOTTEN) == "edited and forgotten"  # type: ignore[arg-type]


def test_the_tree_is_a_list_as_well_and_its_problems_lead_to_the_findings() -> None:
    text = render(troubled_and_pictured())

    own = text[text.index("Owner tree of prod/fleet/us-2;") :]
    picture, _, nodes = own[: own.index("</details>")].partition("</svg>")
    assert "us-2-md-1-7hk2p" in picture and "■ stuck" in picture
    assert "Provisioning for 47 min: VcpuLimitExceeded" in nodes
    assert re.search(r'<a href="#finding-[0-9a-f]{16}">finding</a>', nodes)


def test_a_cluster_that_only_a_finding_names_has_its_place() -> None:
    text = render(result(findings=[finding(cluster=cluster_key("ghost"))], clusters=[]))

    assert re.search(r'<a class="cell drifted"[^>]*title="prod/fleet/ghost: drifted, 1 finding"', text)


@pytest.mark.parametrize(("causes", "per_cause", "values"), [(10_000, 1, 1), (2, 5_000, 5_000)])
def test_ten_thousand_findings_keep_to_the_budget_of_a_page(causes: int, per_cause: int, values: int) -> None:
    audit = big_fleet(clusters=500, causes=causes, per_cause=per_cause, values=values)

    text = render(audit)

    assert len(re.findall(r'<li class="row" id="finding-', text)) == 10_000
    assert text.count("<") // 2 < 250_000, "elements"
    assert len(text.encode()) < 20_000_000


def test_it_is_what_the_interface_asks_for() -> None:
    assert isinstance(HtmlReport(), ReportFormat)
