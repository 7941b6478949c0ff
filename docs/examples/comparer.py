"""A comparer: two spellings of a size, `8Gi` in the object and 8 in the cloud."""

from __future__ import annotations

from collections.abc import Iterator

from drift_audit.model.fields import FieldRow
from drift_audit.model.values import Observed, Present, text
from drift_audit_aws.parts import Part, declared_path
from drift_audit_aws.subject import Subject


def gibibytes(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Equal sides give nothing, everything else one part."""
    match wanted, actual:
        case Present(asked), Present(given) if text(asked).removesuffix("Gi") == str(given):
            return
    yield Part(path=row.path, capi=wanted, cloud=actual, capi_path=declared_path(row))
