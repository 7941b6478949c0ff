"""What a report says of stuck things: one story for a cause, told by the surest of its findings."""

from __future__ import annotations

from drift_audit.model.findings import Certainty, Severity
from drift_audit_reports.chains import affected_text, link_text, story_of, then_text
from tests.builders import finding
from tests.unit.reports.fleets import hop, never_joined, stuck_finding


def test_drift_alone_has_no_story() -> None:
    assert story_of([finding()]) is None


def test_the_worst_and_surest_finding_tells_the_chain() -> None:
    doubtful = stuck_finding("a", certainty=Certainty.MEDIUM)
    sure = stuck_finding("b")
    worst = stuck_finding("c", severity=Severity.CRITICAL, certainty=Certainty.LOW)

    told = [story_of([doubtful, sure]), story_of([doubtful, sure, worst])]

    assert [story.links[0].object if story else "" for story in told] == ["AWSMachine/fleet/b", "AWSMachine/fleet/c"]
    assert [story.alike if story else 0 for story in told] == [1, 2]


def test_who_is_a_subject_is_not_counted_as_affected_too() -> None:
    one = stuck_finding("a", affected=("AWSMachine/fleet/b", "Machine/fleet/a", "Cluster/fleet/us-2", "MachineSet/f/s"))
    other = stuck_finding("b", affected=("AWSMachine/fleet/a", "Machine/fleet/b"))

    story = story_of([one, other])

    assert story is not None
    assert affected_text(story, 3) == "4: Cluster/fleet/us-2, MachineSet/f/s, Machine/fleet/a and 1 more"


def test_how_it_came_about_is_not_what_happens_next() -> None:
    edit, *machines = never_joined()[1]

    assert then_text([edit, *machines]) == edit.reaction
    story = story_of([edit, *machines])
    assert story is not None and story.mechanism == machines[0].reaction


def test_a_consequence_needs_no_word_for_its_layer() -> None:
    assert link_text(hop("consequence", "Machine/f/a", "late")) == "Machine/f/a: late, since 2026-11-20 01:13:00 UTC"
    assert link_text(hop("intent", "Cluster/f/a", "paused", since="")) == "intent · Cluster/f/a: paused"
