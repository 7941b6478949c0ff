"""The truth table, row by row: head of Git, applied Git, live value, owners, and the outcome."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.comparison import LeafOutcome as Is
from drift_audit.model.keys import FieldPath, SetItem
from tests.unit.compare.sides import applied, declared, entry, found, live_object, outcomes, pair, schema_of, the_leaf

FIELD: FieldPath = ("spec", "field")
PATH = "spec.field"
KNOWN = schema_of({"field": {"x-kubernetes-preserve-unknown-fields": True, "default": "usual"}})
A, H, C, S = "applier", "kubectl-edit", "manager", "before-first-apply"
NOTHING = object()


def spec(value: Any) -> dict[str, Any]:
    return {} if value is NOTHING else {"field": value}


def outcome(head: Any, was: Any, live: Any, owners: tuple[str, ...], schema: Any = KNOWN) -> Is | None:
    entries = [applied(FIELD) if who == A else entry(who, FIELD) for who in owners]
    made = pair(
        declared(spec(head)), live_object(spec(live), entries or [applied()]), was=declared(spec(was)), schema=schema
    )
    return outcomes(made).get(PATH)


@pytest.mark.parametrize(
    ("row", "head", "was", "live", "owners", "expected"),
    [
        ("1", "v", "v", "v", (A,), Is.EQUAL),
        ("2", "v", "v", "v", (A, H), Is.EQUAL_SHARED),
        ("3", "v", "v", "v", (H,), Is.EQUAL_UNCLAIMED),
        ("4", "v", "v", "v", (), Is.EQUAL),
        ("4 controller", "v", "v", "v", (C,), Is.EQUAL),
        ("5", "w", "v", "v", (A,), Is.PENDING_APPLY),
        ("5 anybody", "w", "v", "v", (H,), Is.PENDING_APPLY),
        ("6", "w", "v", "w", (H,), Is.HOTFIX_COMMITTED),
        ("6 not by a person", "w", "v", "w", (C,), Is.EQUAL),
        ("7", "w", "v", "x", (H,), Is.CONFLICTING_OOB),
        ("7 not by a person", "w", "v", "x", (A,), Is.PENDING_APPLY),
        ("7 controller", "w", "v", "x", (C,), Is.CHANGED_BY_CONTROLLER),
        ("7 nobody", "w", "v", "x", (), Is.CHANGED_UNATTRIBUTED),
        ("8", "v", "v", "x", (H,), Is.CHANGED_OOB),
        ("8 with a controller", "v", "v", "x", (H, C), Is.CHANGED_OOB),
        ("8 nobody knows who", "v", "v", "x", ("some-tool",), Is.CHANGED_OOB),
        ("10", "v", "v", "x", (C,), Is.CHANGED_BY_CONTROLLER),
        ("11", "v", "v", "x", (A,), Is.APPLIED_DIFFERENT),
        ("11 any others", "v", "v", "x", (A, H), Is.APPLIED_DIFFERENT),
        ("12", "v", "v", "x", (), Is.CHANGED_UNATTRIBUTED),
        ("13", "v", "v", NOTHING, (), Is.REMOVED),
        ("13 head moved on", "w", "v", NOTHING, (), Is.REMOVED),
        ("15", "v", "v", NOTHING, (A,), Is.APPLIED_THEN_DROPPED),
        ("16", "v", NOTHING, NOTHING, (), Is.PENDING_APPLY),
        ("16 somebody was first", "v", NOTHING, "v", (H,), Is.EQUAL_UNCLAIMED),
        ("16 somebody was first, otherwise", "v", NOTHING, "x", (H,), Is.CONFLICTING_OOB),
        ("16 a default stands there", "v", NOTHING, "usual", (), Is.PENDING_APPLY),
        ("17", NOTHING, "v", "v", (A,), Is.PENDING_PRUNE_FIELD),
        ("17 gone already", NOTHING, "v", NOTHING, (), Is.EQUAL),
        ("17 a person will keep it", NOTHING, "v", "v", (H,), Is.EXTRA_OOB),
        ("17 a person changed it", NOTHING, "v", "x", (H,), Is.CONFLICTING_OOB),
        ("17 a controller will keep it", NOTHING, "v", "v", (C,), Is.EXTRA_CONTROLLER),
        ("17 nobody owns it", NOTHING, "v", "v", (), Is.EXTRA_UNOWNED),
        ("18", NOTHING, NOTHING, "x", (H,), Is.EXTRA_OOB),
        ("18 set to the default", NOTHING, NOTHING, "usual", (H,), Is.EXTRA_DEFAULTED),
        ("19", NOTHING, NOTHING, "x", (C,), Is.EXTRA_CONTROLLER),
        ("20", NOTHING, NOTHING, "usual", (A,), Is.EXTRA_DEFAULTED),
        ("21", NOTHING, NOTHING, "x", (A,), Is.STALE_APPLIER),
        ("21 shared", NOTHING, NOTHING, "x", (A, H), Is.STALE_APPLIER),
        ("22 default", NOTHING, NOTHING, "usual", (), Is.EXTRA_DEFAULTED),
        ("22", NOTHING, NOTHING, "x", (), Is.EXTRA_UNOWNED),
        ("24 changed", "v", "v", "x", (S,), Is.CHANGED_UNATTRIBUTED),
        ("24 equal", "v", "v", "v", (S,), Is.EQUAL),
        ("24 extra", NOTHING, NOTHING, "x", (S,), Is.EXTRA_UNOWNED),
        ("E2", [], [], NOTHING, (), Is.EQUAL_NORMALISED),
        ("E2 extra", NOTHING, NOTHING, [], (H,), Is.EQUAL_NORMALISED),
        ("E2 removed in Git", NOTHING, [], [], (H,), Is.EQUAL_NORMALISED),
    ],
)
def test_row(row: str, head: Any, was: Any, live: Any, owners: tuple[str, ...], expected: Is) -> None:
    assert outcome(head, was, live, owners) is expected, row


def test_row_9_an_expected_change_is_no_edit() -> None:
    band = {
        f"cluster.x-k8s.io/cluster-api-autoscaler-node-group-{end}-size": size
        for end, size in (("min", "1"), ("max", "9"))
    }
    scaled = entry("cluster-autoscaler", ("spec", "replicas"), subresource="scale")
    live = live_object({"replicas": 7}, [applied(), scaled], kind="MachineDeployment", annotations=band)

    made = pair(declared({"replicas": 3}, kind="MachineDeployment", annotations=band), live)

    assert found(made) == {"spec.replicas": Is.CHANGED_EXPECTED}


def test_row_14_a_field_that_the_schema_does_not_know_is_a_mistake_in_git() -> None:
    assert outcome("v", "v", NOTHING, (), schema_of({"other": {"type": "string"}})) is Is.PRUNED_UNKNOWN


def test_row_23_an_opaque_leaf_is_passed_over() -> None:
    made = pair(declared({"field": "${X}"}, opaque={FIELD: "templated"}), live_object({"field": "x"}, [applied(FIELD)]))

    assert outcomes(made) == {PATH: Is.SKIPPED_OPAQUE}


def test_row_23_an_opaque_leaf_that_a_person_owns_is_possibly_edited() -> None:
    live = live_object({"field": "x"}, [applied(), entry(H, FIELD)])

    made = pair(declared({"field": "${X}"}, opaque={FIELD: "templated"}), live)

    assert outcomes(made) == {PATH: Is.POSSIBLE_OOB}


def test_a_map_in_place_of_a_plain_value_is_a_change() -> None:
    below = (*FIELD, "deep")
    live = live_object({"field": {"deep": 1}}, [applied(), entry(H, below)])

    made = pair(declared({"field": "v"}), live, schema=KNOWN)

    assert outcomes(made)[PATH] in (Is.CHANGED_OOB, Is.CHANGED_UNATTRIBUTED)
    assert outcomes(made)["spec.field.deep"] is Is.EXTRA_OOB


def test_a_plain_value_in_place_of_a_map_is_found() -> None:
    live = live_object({"field": "v"}, [applied(), entry(H, FIELD)])

    made = pair(declared({"field": {"deep": 1}}), live, schema=KNOWN)

    assert Is.REMOVED in found(made).values()


def test_a_finalizer_that_is_gone_from_an_object_in_deletion_has_done_its_work() -> None:
    git = declared({}, finalizers=["example.com/hold"])
    deleting = live_object({}, [applied()], deletionTimestamp="2026-11-20T05:00:00Z")

    assert found(pair(git, live_object({}, [applied()]))) == {'metadata.finalizers[="example.com/hold"]': Is.REMOVED}
    assert found(pair(git, deleting)) == {}


@pytest.mark.parametrize(
    ("manager", "expected"),
    [("manager", {}), ("our-own-operator", {}), ("kubectl-edit", {'metadata.finalizers[="x"]': Is.EXTRA_OOB})],
)
def test_a_finalizer_is_an_edit_only_when_a_known_tool_of_people_added_it(manager: str, expected: Any) -> None:
    added = entry(manager, ("metadata", "finalizers", SetItem.of("x")))

    assert found(pair(declared({}), live_object({}, [applied(), added], finalizers=["x"]))) == expected


def test_a_reset_of_managed_fields_is_said() -> None:
    live = live_object({"field": "x"}, [entry("manager", ("metadata", "name"))])

    assert "reset" in the_leaf(pair(declared({"field": "v"}), live), PATH).note


def test_what_admission_filled_in_is_no_difference_while_the_applier_owns_it() -> None:
    git, kept = {"field": [{"a": 1}]}, {"field": [{"a": 1, "b": 2}]}

    assert found(pair(declared(git), live_object(kept, [applied(FIELD)]))) == {}
    assert found(pair(declared(git), live_object(kept, [applied(), entry(H, FIELD)]))) == {PATH: Is.CHANGED_OOB}
