"""Every part of Google Cloud that the audit knows, and what they give together. The one place that names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, TypeVar

from drift_audit.provider_kit.comparers import COMPARERS as GENERAL_COMPARERS
from drift_audit.provider_kit.field_rows import Vocabulary
from drift_audit.provider_kit.parts import Comparer
from drift_audit_gcp import balancers, machines, networks
from drift_audit_gcp.family import Condition, Expectation, Family, Judgement, LeftoverRule, Observation
from drift_audit_gcp.kinds import looks_like_ours
from drift_audit_gcp.subject import Subject

FAMILIES: tuple[Family, ...] = (machines.FAMILY, networks.FAMILY, balancers.FAMILY)

_F = TypeVar("_F", bound=Callable[..., Any])
_V = TypeVar("_V")


def _by_name(functions: Iterable[_F]) -> dict[str, _F]:
    """The functions under their own names, which the rows use; raises `ValueError` for a name that stands twice."""
    return _merged({function.__name__: function} for function in functions)


def _merged(parts: Iterable[Mapping[str, _V]]) -> dict[str, _V]:
    found: dict[str, _V] = {}
    for part in parts:
        if twice := found.keys() & part.keys():
            raise ValueError(f"two families use the name {', '.join(sorted(twice))}")
        found |= part
    return found


EXPECTATIONS: Mapping[str, Expectation] = _by_name(chain.from_iterable(family.expectations for family in FAMILIES))
OBSERVATIONS: Mapping[str, Observation] = _by_name(chain.from_iterable(family.observations for family in FAMILIES))
CONDITIONS: Mapping[str, Condition] = _by_name(chain.from_iterable(family.conditions for family in FAMILIES))
COMPARERS: Mapping[str, Comparer] = _merged((GENERAL_COMPARERS, *(family.comparers for family in FAMILIES)))
JUDGEMENTS: Mapping[str, Judgement] = _merged(family.judgements for family in FAMILIES)
HINDRANCES: Mapping[str, Callable[[Subject], str]] = _merged(family.hindrances for family in FAMILIES)
ALWAYS_SENT: Mapping[str, frozenset[str]] = _merged(family.always_sent for family in FAMILIES)
LEFTOVERS: Mapping[str, LeftoverRule] = {rule.type: rule for family in FAMILIES for rule in family.leftovers}

VOCABULARY = Vocabulary(
    comparers=COMPARERS,
    expectations=EXPECTATIONS,
    observations=OBSERVATIONS,
    conditions=CONDITIONS,
    ours=looks_like_ours,
)
"""What a row may name."""
