"""Fields that Git gives no value for: templates, secrets, and what stands around them."""

from __future__ import annotations

from typing import Any

import pytest

from drift_audit.model.comparison import LeafOutcome as Is
from drift_audit.model.keys import FieldPath, ItemKey, SetItem
from tests.unit.compare.sides import applied, declared, entry, found, live_object, outcomes, pair, schema_of

H = "kubectl-edit"
KEYED = schema_of(
    {
        "list": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}},
        },
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    }
)


def item(name: str, *rest: str) -> FieldPath:
    return ("spec", "list", ItemKey.of({"name": name}), *rest)


def test_a_templated_value_hides_itself_and_nothing_else() -> None:
    git = declared({"a": "${A}", "b": 1}, opaque={("spec", "a"): "templated"})

    made = pair(git, live_object({"a": "x", "b": 2, "c": 3}, [applied(), entry(H, ("spec", "b"), ("spec", "c"))]))

    assert outcomes(made) == {"spec.a": Is.SKIPPED_OPAQUE, "spec.b": Is.CHANGED_OOB, "spec.c": Is.EXTRA_OOB}


def test_a_templated_part_hides_the_whole_atomic_list() -> None:
    git = declared(
        {"files": [{"path": "/a", "content": "${A}"}]}, opaque={("spec", "files", 0, "content"): "templated"}
    )

    made = pair(git, live_object({"files": [{"path": "/a", "content": "x"}]}, [applied(("spec", "files"))]))

    assert found(made) == {}
    assert outcomes(made) == {"spec.files": Is.SKIPPED_OPAQUE}


def test_what_admission_filled_in_around_a_templated_part_is_no_difference() -> None:
    git = declared({"files": [{"content": "x ${A}"}]}, opaque={("spec", "files", 0, "content"): "templated"})
    kept = {"files": [{"content": "x y", "mode": "0644"}]}

    assert found(pair(git, live_object(kept, [applied(("spec", "files"))]))) == {}
    assert found(pair(git, live_object(kept, [applied(), entry(H, ("spec", "files"))]))) == {
        "spec.files": Is.CHANGED_OOB
    }


def test_a_map_with_a_templated_key_may_hold_anything() -> None:
    git = declared({"labels": {"${A}": "x", "b": "y"}}, opaque={("spec", "labels"): "its key is templated"})
    live = live_object({"labels": {"a": "x", "b": "y", "c": "z"}}, [applied(), entry(H, ("spec", "labels", "c"))])

    assert found(pair(git, live)) == {"spec.labels.c": Is.POSSIBLE_OOB}


def test_a_value_that_becomes_a_map_may_hold_anything() -> None:
    git = declared({"config": "${CONFIG}"}, opaque={("spec", "config"): "templated"})
    live = live_object(
        {"config": {"a": 1, "b": 2}}, [applied(("spec", "config", "a")), entry(H, ("spec", "config", "b"))]
    )

    assert found(pair(git, live)) == {"spec.config.b": Is.POSSIBLE_OOB}


@pytest.mark.parametrize("owner", [applied, lambda path: entry(H, path)])
def test_an_item_whose_key_is_templated_is_neither_gone_nor_new(owner: Any) -> None:
    git = declared({"list": [{"name": "${A}", "size": 1}]}, opaque={("spec", "list", 0, "name"): "templated"})
    live = live_object({"list": [{"name": "a", "size": 1}]}, [applied(), owner(item("a", "size"))])

    assert Is.REMOVED not in found(pair(git, live, schema=KEYED)).values()
    assert Is.EXTRA_OOB not in found(pair(git, live, schema=KEYED)).values()


def test_items_beside_one_whose_key_is_templated_are_still_compared() -> None:
    git = declared(
        {"list": [{"name": "${A}", "size": 1}, {"name": "b", "size": 1}]},
        opaque={("spec", "list", 0, "name"): "templated"},
    )
    live = live_object(
        {"list": [{"name": "a", "size": 1}, {"name": "b", "size": 2}]},
        [applied(item("a", "size")), entry(H, item("b", "size"))],
    )

    assert found(pair(git, live, schema=KEYED)) == {"spec.list[name=b].size": Is.CHANGED_OOB}


def test_a_templated_item_of_a_set_is_neither_gone_nor_new() -> None:
    git = declared({"set": ["${A}", "b"]}, opaque={("spec", "set", 0): "templated"})
    live = live_object(
        {"set": ["a", "b"]}, [applied(("spec", "set", SetItem.of("a")), ("spec", "set", SetItem.of("b")))]
    )

    assert found(pair(git, live, schema=KEYED)) == {}


def test_what_was_opaque_when_it_was_applied_is_opaque_although_the_head_is_not() -> None:
    head, was = declared({"a": "x"}), declared({"a": "${A}"}, opaque={("spec", "a"): "templated"})

    assert outcomes(pair(head, live_object({"a": "y"}, [applied(("spec", "a"))]), was=was)) == {
        "spec.a": Is.SKIPPED_OPAQUE
    }


def test_marks_of_one_revision_do_not_hide_what_stands_there_in_the_other() -> None:
    head = declared(
        {"list": [{"name": "b", "size": 1}, {"name": "a", "size": "${A}"}]}, opaque={("spec", "list", 1, "size"): "t"}
    )
    was = declared(
        {"list": [{"name": "a", "size": "${A}"}, {"name": "b", "size": 1}]}, opaque={("spec", "list", 0, "size"): "t"}
    )
    live = live_object(
        {"list": [{"name": "a", "size": 9}, {"name": "b", "size": 2}]},
        [applied(item("a", "size")), entry(H, item("b", "size"))],
    )

    assert found(pair(head, live, was=was, schema=KEYED)) == {"spec.list[name=b].size": Is.CHANGED_OOB}


# What can be said although nobody knows the value


def test_a_templated_field_that_is_gone_is_gone_whatever_it_was() -> None:
    git = declared({"a": "${A}", "b": ["${B}"]}, opaque={("spec", "a"): "templated", ("spec", "b", 0): "templated"})

    made = pair(git, live_object({"c": 1}, [applied(("spec", "c"))]))

    assert found(made)["spec.a"] is Is.REMOVED
    assert found(made)["spec.b"] is Is.REMOVED


def test_a_templated_field_that_rendered_to_nothing_is_still_owned_by_the_applier() -> None:
    git = declared({"a": "${A}"}, opaque={("spec", "a"): "templated"})

    made = pair(git, live_object({}, [applied(("spec", "a"))]))

    assert outcomes(made)["spec.a"] is Is.SKIPPED_OPAQUE


def test_a_value_that_no_variables_explain_is_an_edit() -> None:
    git = declared({"commands": ["hostname ${H}", "echo 1"]}, opaque={("spec", "commands", 0): "templated"})
    live = live_object({"commands": ["rm -rf /"]}, [applied(), entry(H, ("spec", "commands"))])

    assert found(pair(git, live)) == {"spec.commands": Is.CHANGED_OOB}


def test_text_that_reached_the_cluster_as_it_stands_is_equal() -> None:
    git = declared({"name": "echo ${X}"}, opaque={("spec", "name"): "templated"})

    made = pair(git, live_object({"name": "echo ${X}"}, [applied(("spec", "name"))]))

    assert outcomes(made)["spec.name"] is Is.EQUAL
