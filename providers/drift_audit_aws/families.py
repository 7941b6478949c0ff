"""Every part of AWS that the audit knows, and what they give together. The one place that names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, TypeVar

from drift_audit_aws import eks, instances, load_balancers, network, pools, security_groups, supplies, tagging, volumes
from drift_audit_aws.comparers import COMPARERS as GENERAL_COMPARERS
from drift_audit_aws.family import Condition, Expectation, Family, Judgement, LeftoverRule, Observation
from drift_audit_aws.parts import Comparer
from drift_audit_aws.reading import Reader

FAMILIES: tuple[Family, ...] = (
    instances.FAMILY,
    volumes.FAMILY,
    security_groups.FAMILY,
    load_balancers.FAMILY,
    supplies.FAMILY,
    network.FAMILY,
    pools.FAMILY,
    eks.FAMILY,
)
"""In reading order: a reader stands after those whose findings it needs."""

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


REACHES = tuple(family.reaches for family in FAMILIES if family.reaches is not None)
ATTACHMENTS = tuple(family.attachments for family in FAMILIES if family.attachments is not None)
SILENCERS = tuple(family.silences for family in FAMILIES if family.silences is not None)
READERS: tuple[Reader, ...] = tuple(chain.from_iterable(family.readers for family in FAMILIES))
EXPECTATIONS: Mapping[str, Expectation] = _by_name(
    chain(tagging.EXPECTATIONS, *(family.expectations for family in FAMILIES))
)
OBSERVATIONS: Mapping[str, Observation] = _by_name(
    chain(tagging.OBSERVATIONS, *(family.observations for family in FAMILIES))
)
CONDITIONS: Mapping[str, Condition] = _by_name(chain.from_iterable(family.conditions for family in FAMILIES))
COMPARERS: Mapping[str, Comparer] = _merged((GENERAL_COMPARERS, *(family.comparers for family in FAMILIES)))
JUDGEMENTS: Mapping[str, Judgement] = _merged(family.judgements for family in FAMILIES)
ALWAYS_SENT: Mapping[str, frozenset[str]] = _merged(family.always_sent for family in FAMILIES)
DETAILS: Mapping[str, tuple[str, ...]] = _merged(family.details for family in FAMILIES)
LEFTOVERS: Mapping[str, LeftoverRule] = {rule.type: rule for family in FAMILIES for rule in family.leftovers}
