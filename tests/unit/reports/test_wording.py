"""Sentence pieces: times no narrower than measured, places no more exact than known."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.findings import Between
from drift_audit_reports.wording import (
    actor_text,
    actors_text,
    affected,
    beginning_text,
    between_text,
    counted,
    declared_text,
    listed,
    moment_text,
    repo_name,
    since_text,
)
from tests.builders import actor, cluster_key, declared_at, finding, object_ref, result


@pytest.mark.parametrize(
    ("after", "before", "told"),
    [
        ("2026-11-19T21:10:00Z", "2026-11-19T21:14:32Z", "between 2026-11-19 21:10:00 and 21:14:32 UTC"),
        ("2026-11-19T23:59:00Z", "2026-11-20T00:01:00Z", "between 2026-11-19 23:59:00 and 2026-11-20 00:01:00 UTC"),
        ("2026-11-19T21:10:05Z", "2026-11-19T21:10:05Z", "at 2026-11-19 21:10:05 UTC"),
        ("2026-11-19T23:10:00+02:00", "", "after 2026-11-19 21:10:00 UTC"),
        ("", "2026-11-19T21:10:00Z", "before 2026-11-19 21:10:00 UTC"),
        ("", "", "at an unknown time"),
        ("garbage", "garbage", "at an unknown time"),
    ],
)
def test_a_window_is_told_as_wide_as_it_is(after: str, before: str, told: str) -> None:
    assert between_text(Between(after=after, before=before)) == told


def test_an_actor_comes_with_the_window_and_the_grade() -> None:
    assert actor_text(actor()) == (
        "kubectl-edit (kubectl edit), between 2026-11-19 21:10:00 and 21:14:32 UTC, evidence grade B (managedFields)"
    )


def test_several_actors_are_counted() -> None:
    findings = [finding(actor=actor()), finding(actor=actor("j.doe", "AWS console")), finding(actor=None)]

    assert actors_text(findings).endswith(", and 1 other")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "platform/fleet//clusters/eu-1.yaml:41"),
        ({"exact": False}, "near platform/fleet//clusters/eu-1.yaml:41"),
        ({"line": 0}, "platform/fleet//clusters/eu-1.yaml"),
    ],
)
def test_a_place_in_git_is_no_more_exact_than_known(changes: dict[str, Any], told: str) -> None:
    assert declared_text(declared_at(**changes)) == told


@pytest.mark.parametrize(
    ("repo", "name"),
    [
        ("https://git.example.com/platform/fleet.git", "platform/fleet"),
        ("git@git.example.com:platform/fleet.git", "platform/fleet"),
        ("/srv/git/fleet/", "git/fleet"),
        ("fleet", "fleet"),
        ("https://bot:s3cret@git.example.com/fleet.git", "git.example.com/fleet"),
    ],
)
def test_a_repository_is_named_by_the_end_of_its_address(repo: str, name: str) -> None:
    assert repo_name(repo) == name


@pytest.mark.parametrize(
    ("since", "told"),
    [
        ("2026-11-20T01:13:00Z", "2026-11-20 01:13:00 UTC, 47 min before this run"),
        ("2026-11-19T21:00:00Z", "2026-11-19 21:00:00 UTC, 5 h 0 min before this run"),
        ("2026-11-17T02:00:00Z", "2026-11-17 02:00:00 UTC, 3 d before this run"),
        ("2026-11-20T02:00:32Z", "2026-11-20 02:00:32 UTC, 9 s before this run"),
        ("2026-12-24T00:00:00Z", "2026-12-24 00:00:00 UTC"),
        ("long ago", "long ago"),
    ],
)
def test_an_age_is_measured_against_the_run(since: str, told: str) -> None:
    assert since_text(since, result().run) == told


def test_of_an_edit_only_the_moment_is_told_by_which_it_had_happened() -> None:
    edit = finding(
        actor=actor(between=Between(after="2026-11-19T20:00:00Z", before="2026-11-20T01:13:02Z")),
        since="2026-11-20T01:13:02Z",
    )

    assert beginning_text([edit], result().run) == (
        "when",
        "by 2026-11-20 01:13:02 UTC at the latest, 47 min before this run",
    )


def test_a_beginning_that_is_known_is_told_as_one() -> None:
    assert beginning_text([finding(since="2026-11-20T01:13:00Z"), finding()], result().run)[0] == "since"
    assert beginning_text([finding()], result().run) == ("", "")


def test_subjects_are_gathered_under_their_cluster() -> None:
    findings = [
        finding(object=object_ref(name="a")),
        finding(object=object_ref(name="b")),
        finding(object=object_ref(name="c"), cluster=cluster_key("eu-2")),
        finding(object=None, resource=None, cluster=None),
    ]

    assert affected(findings) == [
        ("prod/fleet/eu-1", "AWSMachine/fleet/a (i-0a1b2c3d4e5f60718)"),
        ("prod/fleet/eu-1", "AWSMachine/fleet/b (i-0a1b2c3d4e5f60718)"),
        ("prod/fleet/eu-2", "AWSMachine/fleet/c (i-0a1b2c3d4e5f60718)"),
        ("prod", "prod"),
    ]


def test_counts_and_lists_read_as_english() -> None:
    assert [counted(number, "cluster") for number in (0, 1, 1204)] == ["0 clusters", "1 cluster", "1,204 clusters"]
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert moment_text("not a time") == "not a time"
