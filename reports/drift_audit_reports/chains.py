"""What a report says of something that is stuck or unwell, beside what it says of every cause.

Raw text, as in `wording`: each report escapes it for its own place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.findings import Certainty, ChainLink, Finding, Verdict
from drift_audit_reports.wording import listed, moment_text, object_text

CONSEQUENCE = "consequence"
"""The layer of every hop that is no cause itself."""

CERTAINTIES: Mapping[Certainty, str] = {
    Certainty.HIGH: "high: two independent sources agree",
    Certainty.MEDIUM: "medium: one source says so",
    Certainty.LOW: "low: only the time that it takes speaks",
}

_KINDS = ("ControlPlane", "MachineDeployment", "MachinePool", "MachineSet", "Cluster", "Machine")

_OF_HEALTH = (Verdict.STUCK, Verdict.UNHEALTHY)
_SUREST_FIRST = (Certainty.HIGH, Certainty.MEDIUM, Certainty.LOW, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Why it is so, who suffers, and how sure that is."""

    links: tuple[ChainLink, ...]
    """From the deepest broken thing up to the alarm, on one of the objects."""
    alike: int
    """On how many further objects it is the same."""
    mechanism: str
    certainty: str
    proofs: tuple[str, ...]
    affected: tuple[str, ...]
    """What else is not well because of it."""
    ruled_out: tuple[str, ...]
    possible: tuple[str, ...]


def story_of(findings: Iterable[Finding]) -> Story | None:
    """The story of a cause by its findings; `None` where none of them tells of health."""
    tellers = [finding for finding in findings if tells_of_health(finding)]
    if not tellers:
        return None
    teller = min(tellers, key=_telling)
    subjects = {object_text(one.object) for one in tellers if one.object is not None}
    alike = [one for one in tellers if one.rule == teller.rule and one.object != teller.object]
    return Story(
        links=teller.chain,
        alike=len(alike),
        mechanism="; ".join(dict.fromkeys(one.reaction for one in tellers if one.reaction)),
        certainty=CERTAINTIES[teller.certainty] if teller.certainty else "",
        proofs=teller.evidence,
        affected=tuple(sorted({name for one in tellers for name in one.affected} - subjects, key=_standing)),
        ruled_out=_each(one.ruled_out for one in tellers),
        possible=_each(one.possible_causes for one in tellers),
    )


def _telling(finding: Finding) -> tuple[int, int, bool]:
    """The worst and surest speaks for all; of equals the one with the longest chain, then the first."""
    surest = _SUREST_FIRST.index(finding.certainty)
    return -finding.severity.rank, surest, not finding.chain


def _standing(name: str) -> tuple[int, str]:
    """What people know comes first: the Cluster, its control plane, its pools; Machines last."""
    kind = name.partition("/")[0]
    known = next((number for number, end in enumerate(_KINDS) if kind.endswith(end)), len(_KINDS))
    return (-1 if kind == "Cluster" else known), name


def _each(told: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for some in told for one in some))


def tells_of_health(finding: Finding) -> bool:
    """True for a finding that says why something does not happen or is not well; it has no three values."""
    return finding.verdict in _OF_HEALTH or bool(finding.chain)


def then_text(findings: Iterable[Finding]) -> str:
    """What happens next if nobody acts; of stuck things nothing does, and their `reaction` is how it came about."""
    return "; ".join(dict.fromkeys(one.reaction for one in findings if one.reaction and not tells_of_health(one)))


def link_text(link: ChainLink) -> str:
    """`node join · Machine/fleet/a: no Node has joined, since 2026-11-20 01:13:00 UTC`."""
    layer = "" if link.layer == CONSEQUENCE else f"{link.layer} · "
    fact = f": {link.fact}" if link.fact else ""
    since = f", since {moment_text(link.since)}" if link.since else ""
    return f"{layer}{link.object}{fact}{since}"


def affected_text(story: Story, most: int) -> str:
    """`14: Cluster/fleet/one, Machine/fleet/a and 12 more`; empty when nothing else suffers."""
    return f"{len(story.affected):,}: {listed(story.affected, most)}" if story.affected else ""


def alike_text(story: Story) -> str:
    """That the chain is one of several; empty when it is the only one."""
    return f"likewise on {story.alike:,} more" if story.alike else ""
