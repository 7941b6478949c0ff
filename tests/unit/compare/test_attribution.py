"""Who is named for a leaf: the window in which it happened, and how well it is proven."""

from __future__ import annotations

import pytest

from drift_audit.model.comparison import LeafOutcome as Is
from drift_audit.model.findings import Actor, Grade
from drift_audit.model.keys import FieldPath
from tests.unit.compare.sides import (
    T0,
    T1,
    T2,
    T3,
    applied,
    declared,
    entry,
    live_object,
    pair,
    schema_of,
    the_leaf,
)

FIELD: FieldPath = ("spec", "field")
OTHER: FieldPath = ("spec", "other")


def actor_of(live_spec: dict[str, object], *entries: object, last_run: str = "", field: str = "v") -> Actor | None:
    live = live_object(live_spec, entries)  # type: ignore[arg-type]
    return the_leaf(pair(declared({"field": field}), live, last_run=last_run), "spec.field").actor


def test_a_change_happened_after_the_last_apply() -> None:
    actor = actor_of({"field": "x"}, applied(OTHER, time=T1), entry("kubectl-edit", FIELD, time=T2))

    assert actor is not None
    assert (actor.who, actor.how, actor.actor_class, actor.source) == (
        "kubectl-edit",
        "kubectl edit",
        "human",
        "managedFields",
    )
    assert (actor.between.after, actor.between.before, actor.grade) == (T1, T2, Grade.B)


def test_a_run_that_found_everything_in_order_narrows_the_window() -> None:
    actor = actor_of({"field": "x"}, applied(OTHER, time=T0), entry("kubectl-edit", FIELD, time=T2), last_run=T1)

    assert actor is not None
    assert (actor.between.after, actor.between.before) == (T1, T2)


def test_an_edit_older_than_a_run_that_should_have_undone_it_has_an_open_window() -> None:
    actor = actor_of({"field": "x"}, applied(OTHER, time=T1), entry("kubectl-edit", FIELD, time=T2), last_run=T3)

    assert actor is not None
    assert (actor.between.after, actor.between.before, actor.grade) == (T0, T2, Grade.C)


def test_without_an_apply_the_window_opens_with_the_object() -> None:
    actor = actor_of({"field": "x"}, entry("kubectl-edit", FIELD, time=T2))

    assert actor is not None
    assert (actor.between.after, actor.between.before, actor.grade) == (T0, T2, Grade.C)


def test_an_owner_without_a_time_leaves_the_end_open() -> None:
    actor = actor_of({"field": "x"}, applied(OTHER, time=T1), entry("kubectl", FIELD, time="", subresource="scale"))

    assert actor is not None
    assert (actor.how, actor.between.after, actor.between.before) == ("kubectl scale", T1, "")


def test_a_person_is_named_before_a_controller() -> None:
    actor = actor_of({"field": "x"}, entry("kubectl-edit", FIELD, time=T1), entry("manager", FIELD, time=T2))

    assert actor is not None
    assert actor.who == "kubectl-edit"


def test_of_several_people_the_last_is_named() -> None:
    actor = actor_of({"field": "x"}, entry("kubectl-edit", FIELD, time=T1), entry("Mozilla", FIELD, time=T2))

    assert actor is not None
    assert actor.who == "Mozilla"


@pytest.mark.parametrize(
    ("manager", "actor_class", "grade"),
    [
        ("kubectl-edit", "human", Grade.B),
        ("python-requests", "script", Grade.B),
        ("manager", "controller", Grade.B),
        ("nobody-knows", "unknown", Grade.D),
        ("ancient-changes", "synthetic", Grade.D),
    ],
)
def test_the_grade_falls_with_what_the_name_proves(manager: str, actor_class: str, grade: Grade) -> None:
    actor = actor_of({"field": "x"}, applied(OTHER, time=T1), entry(manager, FIELD, time=T2))

    assert actor is not None
    assert (actor.actor_class, actor.grade) == (actor_class, grade)


def test_an_added_field_may_be_as_old_as_the_object() -> None:
    live = live_object({"field": "v", "other": 1}, [applied(FIELD, time=T1), entry("kubectl-edit", OTHER, time=T2)])

    actor = the_leaf(pair(declared({"field": "v"}), live), "spec.other").actor

    assert actor is not None
    assert (actor.between.after, actor.grade) == (T0, Grade.C)


# Removed fields


def test_of_a_removal_only_who_wrote_since_is_known() -> None:
    live = live_object(
        {"other": 1},
        [
            applied(("metadata", "labels", "a"), time=T1),
            entry("kubectl-edit", ("spec", "a"), time=T2),
            entry("Mozilla", ("spec", "b"), time=T3),
            entry("kubectl-patch", ("spec", "c"), time=T0),
            entry("manager", ("spec", "d"), time=T3),
        ],
    )

    leaf = the_leaf(pair(declared({"field": "v", "other": 1}), live), "spec.field")

    assert leaf.outcome is Is.REMOVED
    assert leaf.actor is not None
    assert (leaf.actor.who, leaf.actor.grade) == ("Mozilla or kubectl-edit", Grade.D)
    assert (leaf.actor.between.after, leaf.actor.between.before) == (T1, "")


def test_a_default_in_place_of_a_value_was_a_removal() -> None:
    """Server-side apply by somebody who gives a field up again removes it, and the server fills in the default."""
    schema = schema_of({"field": {"type": "string", "default": "usual"}})
    live = live_object(
        {"field": "usual"}, [applied(OTHER, time=T1), entry("kubectl", OTHER, operation="Apply", time=T2)]
    )

    leaf = the_leaf(pair(declared({"field": "v"}), live, schema=schema), "spec.field")

    assert leaf.outcome is Is.CHANGED_UNATTRIBUTED
    assert "default of the schema" in leaf.note
    assert leaf.actor is not None
    assert (leaf.actor.who, leaf.actor.grade) == ("kubectl", Grade.D)


def test_when_nobody_wrote_since_nobody_is_named() -> None:
    live = live_object({}, [applied(OTHER, time=T2), entry("kubectl-edit", ("spec", "a"), time=T1)])

    assert the_leaf(pair(declared({"field": "v"}), live), "spec.field").actor is None
