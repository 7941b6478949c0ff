"""JUnit XML for CI systems: a suite per cluster, a test case for the cluster and for each of its findings.

Element and attribute names, and their order, follow the schema that Jenkins checks (xunit-plugin, junit-10.xsd),
which GitLab, Azure Pipelines, CircleCI and Bamboo read as well. A clean test case claims something, so none is
written for what was not wholly read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from drift_audit.interfaces import RenderOptions
from drift_audit.model.findings import Finding
from drift_audit.model.result import AuditResult, ClusterEntry, ClusterStatus, Run, Status
from drift_audit_reports.chains import CERTAINTIES, link_text, tells_of_health
from drift_audit_reports.document import in_document_order
from drift_audit_reports.eliding import prose
from drift_audit_reports.escaping import xml_text
from drift_audit_reports.ranking import Fold, Overview, fold_of, overview_of
from drift_audit_reports.summary import FOLDS, gap_groups, headline, unnamed_gaps
from drift_audit_reports.values import LABELS, value_rows
from drift_audit_reports.wording import (
    actor_text,
    beginning_text,
    counted,
    declared_text,
    listed,
    resource_text,
    subject_text,
    verdict_text,
)

_LONGEST = 1_000
_MOST_REASONS = 100


class Outcome(StrEnum):
    """The element inside a test case; a passed one has none."""

    PASSED = ""
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    outcome: Outcome = Outcome.PASSED
    type: str = ""
    message: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    name: str
    cases: tuple[Case, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(case.outcome is outcome for case in self.cases)


class JunitReport:
    """`-o junit`. Width, colour and verbosity change nothing."""

    name = "junit"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        overview = overview_of(in_document_order(result))
        suites = tuple(_suites(overview))
        facts = _facts(overview)
        root = Element("testsuites", {"name": _line(result.tool.name), **_counts(suites), "time": _seconds(result)})
        for suite in suites:
            _write(root, suite, facts, started=result.run.started_at)
        indent(root)
        return "<?xml version='1.0' encoding='UTF-8'?>\n" + tostring(root, encoding="unicode") + "\n"


# What the suites say


def _suites(overview: Overview) -> Iterable[Suite]:
    yield Suite(name="coverage", cases=tuple(_coverage_cases(overview)))
    cases: dict[str, list[Case]] = defaultdict(list)
    failing = _failing(overview)
    open_in = Counter(finding.cluster for finding in overview.open)
    failing_in = Counter(finding.cluster for finding in overview.open if finding.id in failing)
    for entry in overview.result.clusters:
        cases[str(entry.key)].append(
            _cluster_case(entry, overview.result.status, found=open_in[entry.key], failing=failing_in[entry.key])
        )
    for finding in (*overview.open, *(one for fold in FOLDS for one in overview.folded[fold])):
        case = _finding_case(finding, overview.result.run, fails=finding.id in failing)
        cases[str(finding.cluster or finding.management_cluster)].append(case)
    for name in sorted(cases):
        yield Suite(name=name, cases=tuple(cases[name]))


def _coverage_cases(overview: Overview) -> Iterable[Case]:
    if overview.complete:
        yield Case(name="everything that was to be read was read")
        return
    for group in gap_groups(overview):
        for scope in group.scopes:
            yield Case(
                name=f"{scope} can be read",
                outcome=Outcome.ERROR,
                type="gap",
                message=group.reason,
                text=f"{group.reason}\nRemedy: {group.remedy or 'none is known'}",
            )
    if not overview.gaps:
        for reason in unnamed_gaps(overview, _MOST_REASONS):
            yield Case(name="everything can be judged", outcome=Outcome.ERROR, type="gap", message=reason, text=reason)


def _cluster_case(entry: ClusterEntry, status: Status, *, found: int, failing: int) -> Case:
    """The cluster as a whole: it passes only when it was wholly judged and nothing was found."""
    name = "Git, management cluster and cloud agree"
    told = f"{counted(found, 'finding')}: see the test cases of this suite"
    if failing:
        return Case(name=name, outcome=Outcome.FAILURE, type=entry.status, message=told)
    if entry.status in (ClusterStatus.INCOMPLETE, ClusterStatus.ERROR) or not entry.complete or status is Status.ERROR:
        unread = "not wholly judged: something that belongs to it could not be read"
        return Case(name=name, outcome=Outcome.ERROR, type="incomplete", message=unread, text=unread)
    if found or entry.status is not ClusterStatus.OK:
        return Case(name=name, outcome=Outcome.SKIPPED, message=f"{told}; none of them fails a run")
    return Case(name=name)


def _failing(overview: Overview) -> frozenset[str]:
    """The findings that fail the run: those that count, from its threshold on."""
    threshold = overview.result.run.fail_on.rank
    return frozenset(one.id for one in overview.open if one.severity.rank >= threshold)


_SKIPPED: Mapping[Fold, str] = {
    Fold.OPEN: "below the severity that fails a run",
    Fold.POTENTIAL: "potential: never fails a run",
    Fold.RECONCILING: "a difference within its time: never fails a run",
}


def _finding_case(finding: Finding, run: Run, *, fails: bool) -> Case:
    fold = fold_of(finding)
    where = " ".join(part for part in (subject_text(finding), finding.path) if part)
    name = f"{finding.title}: {where} [{finding.id}]"
    told = _details(finding, run)
    match fold:
        case Fold.UNDETERMINED:
            return Case(name=name, outcome=Outcome.ERROR, type=finding.verdict, message=_values(finding), text=told)
        case Fold.SUPPRESSED if finding.suppressed is not None:
            rule = finding.suppressed
            message = f"suppressed by {rule.rule} until {rule.expires}, owner {rule.owner}: {rule.reason}"
            return Case(name=name, outcome=Outcome.SKIPPED, type=finding.verdict, message=message)
        case _ if fails:
            message = f"{finding.severity}: {verdict_text(finding.verdict)}. {_values(finding)}"
            return Case(name=name, outcome=Outcome.FAILURE, type=finding.verdict, message=message, text=told)
        case _:
            return Case(name=name, outcome=Outcome.SKIPPED, type=finding.verdict, message=_SKIPPED.get(fold, fold))


def _values(finding: Finding) -> str:
    """What differs; of what has no values, what was seen."""
    seen = finding.chain[0].fact if finding.chain else finding.title
    return ", ".join(f"{LABELS[row.view]} {row.text}" for row in value_rows(finding, 200)) or seen


def _details(finding: Finding, run: Run) -> str:
    _, began = beginning_text([finding], run)
    told = (
        ("git", declared_text(finding.declared_at) if finding.declared_at else ""),
        ("cloud", resource_text(finding.resource) if finding.resource else ""),
        ("by", actor_text(finding.actor) if finding.actor else ""),
        ("since", began),
        ("how" if tells_of_health(finding) else "then", finding.reaction),
        *(("because", link_text(link)) for link in finding.chain),
        ("proven", CERTAINTIES[finding.certainty] if finding.certainty else ""),
        ("affects", f"{len(finding.affected):,}: {listed(finding.affected, 10)}" if finding.affected else ""),
        *(("perhaps", cause) for cause in finding.possible_causes),
        *(("ruled out", cause) for cause in finding.ruled_out),
        ("owner", finding.owner),
        *(("evidence", fact) for fact in finding.evidence),
        *(("next", step) for step in finding.next_steps),
    )
    lines = [_values(finding), *(f"{label}: {text}" for label, text in told if text)]
    return "\n".join(lines)


# How they are written


def _facts(overview: Overview) -> Mapping[str, str]:
    """Told in every suite: CI systems take suites apart."""
    result = overview.result
    return {
        "run": result.run.id,
        "config_digest": result.run.config_digest,
        "status": result.status.value,
        "complete": "yes" if overview.complete else "no",
        "headline": headline(overview),
    }


def _write(root: Element, suite: Suite, facts: Mapping[str, str], *, started: str) -> None:
    attributes = {
        "name": _line(suite.name),
        **_counts([suite]),
        "skipped": str(suite.count(Outcome.SKIPPED)),
        "time": "0",
        "timestamp": _line(started).removesuffix("Z"),
        "hostname": "localhost",
    }
    element = SubElement(root, "testsuite", attributes)
    properties = SubElement(element, "properties")
    for name, value in facts.items():
        SubElement(properties, "property", {"name": name, "value": _line(value)})
    for case in suite.cases:
        _write_case(element, case, classname=suite.name)


def _write_case(suite: Element, case: Case, *, classname: str) -> None:
    element = SubElement(suite, "testcase", {"name": _line(case.name), "classname": _line(classname), "time": "0"})
    if case.outcome is Outcome.PASSED:
        return
    attributes = {"message": _line(case.message)}
    if case.type:
        attributes["type"] = _line(case.type)
    inner = SubElement(element, case.outcome.value, attributes)
    if case.text:
        inner.text = "\n".join(_line(line) for line in case.text.split("\n"))


def _line(text: str) -> str:
    return xml_text(prose(text, _LONGEST))


def _counts(suites: Sequence[Suite]) -> dict[str, str]:
    return {
        "tests": str(sum(len(suite.cases) for suite in suites)),
        "failures": str(sum(suite.count(Outcome.FAILURE) for suite in suites)),
        "errors": str(sum(suite.count(Outcome.ERROR) for suite in suites)),
    }


def _seconds(result: AuditResult) -> str:
    return f"{result.run.duration_s:.3f}"
