"""The picture of an owner tree: nothing overlaps, everything fits, children stand right of their parents."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from drift_audit.model.tree import NodeState, TreeNode
from drift_audit_reports.html_report.tree_layout import Box, parents_of, picture_of
from tests.unit.reports.trees import node

states = st.sampled_from(list(NodeState))
nodes = st.lists(
    st.builds(lambda depth, name, state: node(depth, "Machine", name, state), st.integers(0, 6), st.text(), states),
    max_size=25,
)


def chain(*depths: int) -> list[TreeNode]:
    return [node(depth, "Machine", f"n{number}") for number, depth in enumerate(depths)]


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def test_each_node_hangs_below_the_nearest_shallower_one_before_it() -> None:
    assert parents_of(chain(0, 1, 2, 2, 1, 3, 2)) == [-1, 0, 1, 1, 0, 4, 4]


def test_a_chain_is_one_row_and_a_sibling_opens_the_next() -> None:
    boxes = picture_of(chain(0, 1, 2, 1, 2)).boxes

    assert len({box.y for box in boxes[:3]}) == 1
    assert boxes[3].y > boxes[2].y and boxes[3].y == boxes[4].y
    assert boxes[3].x == boxes[1].x


@given(nodes)
def test_no_boxes_overlap_and_all_stand_inside_the_picture(tree: list[TreeNode]) -> None:
    picture = picture_of(tree)

    assert not any(overlap(one, other) for one, other in combinations(picture.boxes, 2))
    assert all(box.x >= 0 and box.x + box.width <= picture.width for box in picture.boxes)
    assert all(box.y >= 0 and box.y + box.height <= picture.height for box in picture.boxes)
    assert len(picture.boxes) == len(tree)


@given(nodes)
def test_children_stand_right_of_their_parents_and_parents_before_children(tree: list[TreeNode]) -> None:
    boxes = picture_of(tree).boxes

    for child, parent in enumerate(parents_of(tree)):
        if parent >= 0:
            assert boxes[parent].x + boxes[parent].width < boxes[child].x
            assert boxes[parent].y <= boxes[child].y
    assert all(one.y <= other.y for one, other in pairwise(boxes))


def test_a_name_that_is_too_long_is_cut_in_its_middle() -> None:
    (box,) = picture_of([node(0, "Cluster", "a" * 300 + "z")]).boxes

    assert len(box.name) < 40 and box.name.startswith("a") and box.name.endswith("z")
    assert "a" * 300 in box.full


def test_a_folded_node_says_how_many_it_stands_for_and_a_sick_one_what_is_wrong() -> None:
    folded, sick = picture_of(
        [node(0, "Machine", "m", count=1200), node(1, "instance", "i", NodeState.MISSING, message="gone")]
    ).boxes

    assert folded.kind == "Machine × 1,200" and folded.note == ""
    assert sick.note == "missing" and sick.full == "instance i: missing: gone"


def test_an_empty_tree_is_an_empty_picture() -> None:
    assert picture_of([]).boxes == ()
