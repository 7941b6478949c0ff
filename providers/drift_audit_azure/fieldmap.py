"""The field maps of Azure: what their rows may name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drift_audit.model.fields import FieldRow
from drift_audit.provider_kit import field_rows
from drift_audit.provider_kit.field_rows import FurtherCheck, Vocabulary
from drift_audit_azure.comparers import COMPARERS
from drift_audit_azure.kinds import looks_like_ours
from drift_audit_azure.values import CONDITIONS, EXPECTATIONS, OBSERVATIONS

VOCABULARY = Vocabulary(
    comparers=COMPARERS,
    expectations=EXPECTATIONS,
    observations=OBSERVATIONS,
    conditions=CONDITIONS,
    ours=looks_like_ours,
)


def load_rows(
    path: Path, further: FurtherCheck = lambda entry: (), before: Sequence[FieldRow] = ()
) -> tuple[FieldRow, ...]:
    """The rows of one file; see `field_rows.load_rows`."""
    return field_rows.load_rows(path, VOCABULARY, further, before)
