"""What the parts of Azure have to say about themselves: what objects name, and how rows get their values.

The shapes are those of the other providers' families, so that they can be shared one day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from drift_audit.model.findings import Severity
from drift_audit.model.keys import ClusterKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Observed
from drift_audit_azure.subject import Subject

Expectation: TypeAlias = Callable[[Subject], Observed | None]
"""What a resource should have: `ABSENT` when nothing, `Unknown` when an input is missing, and `None` when the spec
leaves the choice to Azure, so that there is nothing to compare."""

Observation: TypeAlias = Callable[[Subject], Observed]
"""What a resource shows, where that takes more than reading one field of the API's answer."""

Condition: TypeAlias = Callable[[Subject], bool]
"""When a field-map row does not apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What it means that a resource which an object names is not there."""

    severity: Severity
    reaction: str
    next_steps: tuple[str, ...]
    transitional: bool = False
    """True while the object is being created or deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A resource that an object names."""

    object: CapiObject
    cluster: ClusterKey
    type: str
    id: str
    path: str
    """The field that names it: `spec.providerID`."""
    loss: Loss
