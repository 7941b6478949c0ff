"""When an edit happened: a window, and never more of it than is proven."""

from __future__ import annotations

from typing import Any

from drift_audit.classify.git_findings import git_findings
from drift_audit.classify.presence import leftover_finding
from drift_audit.interfaces import Leftover
from drift_audit.model.comparison import LeafOutcome
from drift_audit.model.findings import Between, Finding, Severity
from tests.builders import actor, resource_key
from tests.unit.classify.cases import cloud_context, compared, git_context, leaf, machine, pair


def edited(**changes: Any) -> Finding:
    which = pair()
    (found,) = git_findings(
        [compared(which, leaf(LeafOutcome.CHANGED_OOB, actor=actor(**changes)))], git_context(which)
    )
    return found


def test_an_edit_had_happened_by_the_end_of_its_window() -> None:
    found = edited(between=Between(after="2026-11-20T11:00:00Z", before="2026-11-20T11:50:02Z"))

    assert found.since == "2026-11-20T11:50:02Z"


def test_an_open_end_says_nothing_about_the_beginning() -> None:
    found = edited(between=Between(after="2026-11-20T11:00:00Z", before=""))

    assert found.since == ""
    assert any("at an unknown time" in fact for fact in found.evidence)
    assert not any("scale subresource" in fact or "?" in fact for fact in found.evidence)


def test_the_scale_subresource_keeps_no_time() -> None:
    found = edited(how="kubectl scale", between=Between(after="", before=""))

    assert any("keeps none for the scale subresource" in fact for fact in found.evidence)


def test_an_orphan_is_there_since_it_was_made() -> None:
    left = Leftover(
        resource=resource_key(),
        cluster=None,
        claimed="gone",
        why_sure="nobody names it",
        severity=Severity.HIGH,
        next_steps=(),
        created_at="2026-11-02T08:00:00Z",
    )

    assert leftover_finding(left, cloud_context(machine())).since == "2026-11-02T08:00:00Z"
