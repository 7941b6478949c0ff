"""Rows of the provider's own field map, by their ids."""

from __future__ import annotations

from drift_audit.model.fields import FieldRow
from drift_audit_aws.provider import AwsProvider
from tests.unit.aws.builders import settings


def row_of(rule: str) -> FieldRow:
    return next(row for row in AwsProvider(settings()).rows() if row.id == rule)
