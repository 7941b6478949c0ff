"""Views made up by hypothesis out of the model's own type hints, so that no field can be forgotten."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from drift_audit.model.keys import ItemKey, SetItem
from drift_audit.model.views import CloudScopeView, ClusterView, GitSourceView, SuspectView, Views, WorkloadView

Strategy = st.SearchStrategy[Any]


class _Json: ...


class _JsonObject: ...


class _FieldPath: ...


_ALIASES = {"Json": _Json, "JsonObject": _JsonObject, "FieldPath": _FieldPath}


@dataclass(frozen=True)
class Flavor:
    """What texts and numbers a view can hold."""

    texts: Strategy
    numbers: Strategy

    @property
    def json(self) -> Strategy:
        leaves = st.none() | st.booleans() | self.numbers | self.texts
        return st.recursive(
            leaves,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(self.texts, inner, max_size=3),
            max_leaves=5,
        )

    def of(self, hint: Any) -> Strategy:
        """Values of a type; raises `KeyError` for one that the model does not use yet."""
        if isinstance(hint, type) and issubclass(hint, Enum):
            return st.sampled_from(list(hint))
        if is_dataclass(hint) and isinstance(hint, type):
            hints = get_type_hints(hint, localns=_ALIASES)
            return st.builds(hint, **{part.name: self.of(hints[part.name]) for part in fields(hint)})
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            return st.one_of(*(st.none() if part is type(None) else self.of(part) for part in arguments))
        if origin is tuple and arguments[-1] is Ellipsis:
            return st.lists(self.of(arguments[0]), max_size=2).map(tuple)
        if origin is tuple:
            return st.tuples(*map(self.of, arguments))
        if origin is frozenset:
            return st.frozensets(self.of(arguments[0]), max_size=2)
        if origin is Mapping:
            return st.dictionaries(*map(self.of, arguments), max_size=3)
        return self._plain()[hint]

    def _plain(self) -> dict[Any, Strategy]:
        steps = self.texts | st.integers(0, 99) | st.builds(ItemKey, self.texts) | st.builds(SetItem, self.texts)
        return {
            str: self.texts,
            int: st.integers(0, 10**9),
            float: st.floats(0, 1e6),
            bool: st.booleans(),
            _Json: self.json,
            _JsonObject: st.dictionaries(self.texts, self.json, max_size=4),
            _FieldPath: st.lists(steps, max_size=4).map(tuple),
        }


_json_texts = st.text(st.sampled_from('abcxyz019-./_é "\\\n\x1b<`'), max_size=6)
_json_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = Flavor(_json_texts, _json_numbers)
"""As the API server sends it."""
YAML = Flavor(
    _json_texts | st.text(st.characters(categories=["Cs", "Ll", "Zs"]), max_size=4),
    _json_numbers | st.just(math.inf) | st.just(-math.inf),
)
"""As a file in Git can say it."""


def _some(kind: type, flavor: Flavor) -> Strategy:
    return st.lists(flavor.of(kind), max_size=2).map(tuple)


any_views: st.SearchStrategy[Views] = st.builds(
    Views,
    git=_some(GitSourceView, YAML),
    clusters=_some(ClusterView, JSON),
    clouds=_some(CloudScopeView, YAML),
    suspects=_some(SuspectView, YAML),
    workloads=_some(WorkloadView, YAML),
    gaps=YAML.of(get_type_hints(Views)["gaps"]),
)
