"""The functions that field-map rows name, under their own names. The one place that knows them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, TypeVar

from drift_audit_azure import interface_values, machine_values, network_values
from drift_audit_azure.family import Condition, Expectation, Observation

_PARTS = (machine_values, interface_values, network_values)

_F = TypeVar("_F", bound=Callable[..., Any])


def _by_name(functions: Iterable[_F]) -> dict[str, _F]:
    """Raises `ValueError` for a name that stands twice."""
    found: dict[str, _F] = {}
    for function in functions:
        if function.__name__ in found:
            raise ValueError(f"two parts use the name {function.__name__}")
        found[function.__name__] = function
    return found


EXPECTATIONS: Mapping[str, Expectation] = _by_name(chain.from_iterable(part.EXPECTATIONS for part in _PARTS))
OBSERVATIONS: Mapping[str, Observation] = _by_name(chain.from_iterable(part.OBSERVATIONS for part in _PARTS))
CONDITIONS: Mapping[str, Condition] = _by_name(chain.from_iterable(part.CONDITIONS for part in _PARTS))
