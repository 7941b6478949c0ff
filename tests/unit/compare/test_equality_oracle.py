"""Rule E1 against an independent judge: DeepDiff finds no difference exactly where two JSON values are the same.

The numbers 0 and 1 are left out: inside lists DeepDiff takes `True` for 1, which the API server never does
(`test_equality.py` holds that down).
"""

from __future__ import annotations

from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st

from drift_audit.compare.equality import same_json

scalars = st.none() | st.booleans() | st.sampled_from([-3, 2, 3]) | st.sampled_from(["", "a", "1", "true"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(left=values, right=values)
def test_two_values_are_the_same_when_deepdiff_finds_nothing(left: object, right: object) -> None:
    assert same_json(left, right) == (not DeepDiff(left, right))  # type: ignore[arg-type]


@given(value=values)
def test_a_value_is_the_same_as_itself(value: object) -> None:
    assert same_json(value, value)  # type: ignore[arg-type]
