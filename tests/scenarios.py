"""Scenarios that tests played, and what the audit said of each: a golden file each, and a row of docs/stuck.md.

    said = stuck_in(result)
    told(said[0], scenario="A person paused the whole Cluster", proved_on=LIVE, seconds=took)

`told` is a fixture. It compares with `tests/golden/scenarios/`, all but the seconds, and writes the file under
`--update-golden`. What is random in a run (suffixes of names, namespaces, times, ports) is `…` there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from drift_audit.model.findings import Finding, FindingKind
from drift_audit.model.result import AuditResult
from drift_audit.stuck.findings import RULE_PREFIX

FOLDER = Path(__file__).parent / "golden" / "scenarios"
LIVE = "live controllers"
"""Cluster API's own controllers wrote every object (`tests/rig/capi`)."""
WRITTEN = "objects as the controllers write them"
"""On the real API server, in the shapes that the controllers' source gives them."""
_MOST_EVIDENCE = 3
_RANDOM = (
    re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"),
    re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    re.compile(r"/tmp/[\w/.-]+/(?=[\w.-]+\.log\b)"),
    re.compile(r"(?<=127\.0\.0\.1:)\d+|(?<=localhost:)\d+"),
    re.compile(r"(?<=-)[bcdfghjklmnpqrstvwxz2456789]{5}(?:-[bcdfghjklmnpqrstvwxz2456789]{5})*\b"),
    re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b"),
)
"""Moments, uids, ports of this machine, the suffixes that Kubernetes gives to names, the ids that AWS gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that was broken, and the cause that the audit named first."""

    scenario: str
    """What was broken, in one sentence."""
    proved_on: str
    signature: str
    """The finding's rule without its prefix."""
    cause: str
    object: str
    """Kind and name."""
    evidence: tuple[str, ...]
    seconds: float
    """How long the audit took."""

    @property
    def file(self) -> str:
        return f"{re.sub(r'[^a-z0-9]+', '-', self.scenario.lower()).strip('-')}.json"


@dataclass(frozen=True, slots=True)
class Told:
    """Compares what was told of a scenario with its golden file, or writes that."""

    update: bool
    folder: Path = FOLDER

    def __call__(self, finding: Finding, *, scenario: str, proved_on: str, seconds: float) -> None:
        found = scenario_of(finding, scenario=scenario, proved_on=proved_on, seconds=seconds)
        file = self.folder / found.file
        before = _read(file) if file.exists() else None
        if self.update and (before is None or _but_seconds(before) != _but_seconds(found)):
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n")
            return
        assert before is not None, f"{file.name} is missing; run pytest with --update-golden"
        assert _but_seconds(found) == _but_seconds(before)


def stuck_in(result: AuditResult) -> list[Finding]:
    """What is said to be stuck or not well, the worst finding of each cause, in the order of the reports."""
    by_id = {finding.id: finding for finding in result.findings}
    found = []
    for cause in result.causes:
        members = (by_id[each] for each in cause.findings)
        own = [finding for finding in members if finding.kind in (FindingKind.STUCK, FindingKind.HEALTH)]
        if own:
            found.append(min(own, key=lambda finding: (-finding.severity.rank, str(finding.object), finding.id)))
    return found


def scenario_of(finding: Finding, *, scenario: str, proved_on: str, seconds: float) -> Scenario:
    """What was told, without what is random in it."""
    target = finding.object
    return Scenario(
        scenario=scenario,
        proved_on=proved_on,
        signature=finding.rule.removeprefix(RULE_PREFIX),
        cause=finding.title,
        object=_lasting(f"{target.kind}/{target.name}" if target else str(finding.cluster), finding),
        evidence=tuple(_lasting(line, finding) for line in finding.evidence[:_MOST_EVIDENCE]),
        seconds=round(seconds, 1),
    )


def scenarios() -> Iterator[Scenario]:
    """Those of the golden files."""
    for file in sorted(FOLDER.glob("*.json")):
        yield _read(file)


def _lasting(text: str, finding: Finding) -> str:
    """The text in one line, as every run has it."""
    lasting = " ".join(text.split())
    for namespace in {finding.object.namespace if finding.object else "", *_namespace_of_cluster(finding)} - {""}:
        lasting = re.sub(rf"(?<![\w-]){re.escape(namespace)}(?![\w-])", "…", lasting)
    for pattern in _RANDOM:
        lasting = pattern.sub("…", lasting)
    return lasting


def _namespace_of_cluster(finding: Finding) -> set[str]:
    return {finding.cluster.namespace} if finding.cluster else set()


def _read(file: Path) -> Scenario:
    fields = json.loads(file.read_text())
    return Scenario(**{**fields, "evidence": tuple(fields["evidence"])})


def _but_seconds(scenario: Scenario) -> dict[str, object]:
    """What has to be the same in every run. Of two objects that say the same, one says it first."""
    fields = {name: value for name, value in asdict(scenario).items() if name != "seconds"}
    return {**fields, "evidence": sorted(scenario.evidence)}
