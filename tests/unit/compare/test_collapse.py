"""One event is one line: items that came or went whole, and items that changed their key."""

from __future__ import annotations

from typing import Any

from drift_audit.compare.object_pair import compare_pair
from drift_audit.model.comparison import LeafOutcome as Is
from drift_audit.model.keys import FieldPath, ItemKey, format_path
from drift_audit.model.values import Absent, Present
from tests.unit.compare.sides import applied, declared, entry, found, live_object, pair, schema_of, the_leaf

H = "kubectl-edit"
ITEM = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "value": {"type": "string"}, "size": {}, "kind": {}},
}


def keyed(*keys: str) -> Any:
    fields = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys), "items": ITEM}
    return schema_of({"list": fields, "args": fields, "other": {}})


NAMED, ARGS = keyed("name"), keyed("name", "value")


def at(name: str, *rest: str) -> FieldPath:
    return ("spec", "list", ItemKey.of({"name": name}), *rest)


def arg(name: str, value: str) -> FieldPath:
    return ("spec", "args", ItemKey.of({"name": name, "value": value}))


def args(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"args": [{"name": name, "value": value} for name, value in pairs]}


def test_an_added_item_is_one_line_with_its_whole_value() -> None:
    live = live_object(
        {"list": [{"name": "a", "size": 1}, {"name": "b", "size": 2, "kind": "x"}]},
        [applied(at("a", "size")), entry(H, at("b"), at("b", "size"), at("b", "kind"))],
    )
    made = pair(declared({"list": [{"name": "a", "size": 1}]}), live, schema=NAMED)

    leaf = the_leaf(made, "spec.list[name=b]")

    assert found(made) == {"spec.list[name=b]": Is.EXTRA_OOB}
    assert (leaf.whole, leaf.live, leaf.head) == (True, Present({"name": "b", "size": 2, "kind": "x"}), Absent())


def test_an_added_list_is_one_line_with_its_items() -> None:
    live = live_object(
        {"list": [{"name": "a", "size": 1}, {"name": "b"}]}, [applied(), entry(H, at("a", "size"), at("b"))]
    )
    made = pair(declared({"other": "x"}), live, schema=NAMED)

    assert the_leaf(made, "spec.list").live == Present([{"name": "a", "size": 1}, {"name": "b"}])


def test_an_item_of_two_authors_is_told_author_by_author() -> None:
    live = live_object(
        {"list": [{"name": "a"}, {"name": "b", "size": 2, "kind": "x"}]},
        [applied(at("a")), entry(H, at("b"), at("b", "size")), entry("Mozilla", at("b", "kind"))],
    )

    made = pair(declared({"list": [{"name": "a"}]}), live, schema=NAMED)

    assert found(made) == {
        "spec.list[name=b]": Is.EXTRA_OOB,
        "spec.list[name=b].size": Is.EXTRA_OOB,
        "spec.list[name=b].kind": Is.EXTRA_OOB,
    }


def test_an_item_that_a_controller_filled_in_is_still_the_persons() -> None:
    live = live_object(
        {"list": [{"name": "a"}, {"name": "b", "size": 2}]},
        [applied(at("a")), entry(H, at("b"), at("b", "name")), entry("manager", at("b", "size"))],
    )

    made = pair(declared({"list": [{"name": "a"}]}), live, schema=NAMED)

    assert found(made) == {"spec.list[name=b]": Is.EXTRA_OOB}


def test_a_removed_item_that_waits_for_its_pruning_is_one_line() -> None:
    live = live_object(
        {"list": [{"name": "a", "size": 1, "kind": "x"}]}, [applied(at("a"), at("a", "size"), at("a", "kind"))]
    )

    made = pair(
        declared({"list": []}), live, was=declared({"list": [{"name": "a", "size": 1, "kind": "x"}]}), schema=NAMED
    )

    assert found(made) == {"spec.list": Is.PENDING_PRUNE_FIELD}


def test_what_a_controller_put_into_an_added_item_is_not_blamed_on_its_author() -> None:
    live = live_object(
        {"list": [{"name": "a"}, {"name": "b", "size": 2, "kind": "x"}]},
        [applied(at("a")), entry(H, at("b"), at("b", "size")), entry("manager", at("b", "kind"))],
    )
    made = pair(declared({"list": [{"name": "a"}]}), live, schema=NAMED)

    assert the_leaf(made, "spec.list[name=b]").live == Present({"name": "b", "size": 2})


def test_a_removed_item_is_one_line_at_its_place_in_the_file() -> None:
    git = declared({"list": [{"name": "a", "size": 1}, {"name": "b", "size": 2, "kind": "x"}]})
    made = pair(git, live_object({"list": [{"name": "a", "size": 1}]}, [applied(at("a", "size"))]), schema=NAMED)

    leaf = the_leaf(made, "spec.list[name=b]")

    assert found(made) == {"spec.list[name=b]": Is.REMOVED}
    assert (leaf.positional, leaf.whole) == (("spec", "list", 1), True)
    assert (leaf.head, leaf.live) == (Present({"name": "b", "size": 2, "kind": "x"}), Absent())


def test_a_removed_map_is_one_line() -> None:
    made = pair(declared({"a": {"b": 1, "c": {"d": 2}}, "e": 1}), live_object({"e": 1}, [applied(("spec", "e"))]))

    assert found(made) == {"spec.a": Is.REMOVED}
    assert the_leaf(made, "spec.a").head == Present({"b": 1, "c": {"d": 2}})


def test_part_of_a_map_is_not_the_map() -> None:
    git = declared({"a": {"b": 1, "c": 2, "d": 3}})

    made = pair(git, live_object({"a": {"d": 3}}, [applied(("spec", "a", "d"))]))

    assert found(made) == {"spec.a.b": Is.REMOVED, "spec.a.c": Is.REMOVED}


def test_each_annotation_is_a_line_of_its_own() -> None:
    one, two = ("metadata", "annotations", "a/one"), ("metadata", "annotations", "a/two")
    live = live_object({}, [applied(), entry(H, one, two)], annotations={"a/one": "x", "a/two": "y"})

    assert found(pair(declared({}), live)) == {
        'metadata.annotations["a/one"]': Is.EXTRA_OOB,
        'metadata.annotations["a/two"]': Is.EXTRA_OOB,
    }


def test_silent_leaves_never_come_through() -> None:
    live = live_object({"a": 1, "b": 2, "c": 3}, [applied(("spec", "a")), entry("manager", ("spec", "b"))])

    result = compare_pair(pair(declared({"a": 1}), live))

    assert (result.leaves, result.compared) == ((), 3)


# Items whose value is part of their key


def test_a_changed_argument_is_one_change() -> None:
    live = live_object(args(("v", "4"), ("w", "1")), [applied(arg("w", "1")), entry(H, arg("v", "4"))])
    made = pair(declared(args(("v", "2"), ("w", "1"))), live, schema=ARGS)

    leaf = the_leaf(made, "spec.args[name=v]")

    assert found(made) == {"spec.args[name=v]": Is.CHANGED_OOB}
    assert (leaf.head, leaf.live, leaf.positional) == (Present("2"), Present("4"), ("spec", "args", 0))
    assert leaf.actor is not None
    assert leaf.actor.between.after


def test_an_argument_that_was_only_removed_stays_a_removal() -> None:
    made = pair(declared(args(("v", "2"))), live_object(args(), [applied()]), schema=ARGS)

    assert found(made) == {"spec.args[name=v,value=2]": Is.REMOVED}


def test_an_argument_that_a_controller_changed_is_its_change() -> None:
    live = live_object(args(("v", "4")), [applied(), entry("manager", arg("v", "4"))])

    assert found(pair(declared(args(("v", "2"))), live, schema=ARGS)) == {"spec.args[name=v]": Is.CHANGED_BY_CONTROLLER}


def test_an_argument_that_nobody_owns_is_an_unattributed_change() -> None:
    live = live_object(args(("v", "4")), [applied()])

    assert found(pair(declared(args(("v", "2"))), live, schema=ARGS)) == {"spec.args[name=v]": Is.CHANGED_UNATTRIBUTED}


def test_an_argument_that_git_changed_is_one_pending_change() -> None:
    live = live_object(args(("v", "2")), [applied(arg("v", "2"))])
    made = pair(declared(args(("v", "3"))), live, was=declared(args(("v", "2"))), schema=ARGS)

    leaf = the_leaf(made, "spec.args[name=v]")

    assert found(made) == {"spec.args[name=v]": Is.PENDING_APPLY}
    assert (leaf.head, leaf.applied, leaf.live) == (Present("3"), Present("2"), Present("2"))


def test_two_values_of_one_argument_are_two_items() -> None:
    live = live_object(args(("v", "2"), ("v", "4")), [applied(arg("v", "2")), entry(H, arg("v", "4"))])

    assert found(pair(declared(args(("v", "2"))), live, schema=ARGS)) == {"spec.args[name=v,value=4]": Is.EXTRA_OOB}


def test_of_two_that_came_one_is_the_change_and_one_is_new() -> None:
    live = live_object(args(("v", "4"), ("v", "5")), [applied(), entry(H, arg("v", "4"), arg("v", "5"))])

    made = pair(declared(args(("v", "2"))), live, schema=ARGS)

    assert sorted(found(made).values()) == [Is.CHANGED_OOB, Is.EXTRA_OOB]


def test_every_line_has_its_own_path() -> None:
    live = live_object(args(("v", "4"), ("w", "4")), [applied(), entry(H, arg("v", "4"), arg("w", "4"))])

    leaves = compare_pair(pair(declared(args(("v", "2"), ("w", "2"))), live, schema=ARGS)).leaves

    assert [format_path(leaf.path) for leaf in leaves] == ["spec.args[name=v]", "spec.args[name=w]"]
