"""What a comparison of two values gives: one part for each thing that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Severity
from drift_audit.model.keys import ObjectKey
from drift_audit.model.values import Observed
from drift_audit.provider_kit.paths import steps
from drift_audit_azure.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that differs, or that cannot be known."""

    path: str
    capi: Observed
    cloud: Observed
    capi_path: tuple[str, ...] = ()
    item: str = ""
    """The tag key or the interface id, where a row has several items."""
    severity: Severity | None = None
    note: str = ""
    object: ObjectKey | None = None
    """The object that declares the value, where that is not the linked one."""


Comparer = Callable[[Subject, FieldRow, Observed, Observed], Iterator[Part]]
"""Gets both sides where both are known, and gives one `Part` per thing that differs; equal sides give nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """Something that keeps CAPZ from putting a value back."""

    why: Callable[[Subject, FieldRow, Part], str]
    """What keeps it, as a sentence; empty when it does not."""


def declared_path(row: FieldRow) -> tuple[str, ...]:
    """The spec field that declares the row's value; empty for what no spec field holds."""
    found = steps(row.capi[0]) if row.capi else ()
    return found if found[:1] == ("spec",) else ()
