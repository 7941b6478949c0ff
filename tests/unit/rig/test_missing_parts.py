"""What happens where the machine lacks a part of the rig."""

from __future__ import annotations

import pytest

from tests.conftest import required_parts
from tests.rig.cache import MissingPart


def test_a_missing_part_skips_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRIFT_AUDIT_REQUIRE_RIG", raising=False)

    with pytest.raises(pytest.skip.Exception, match="Go is not installed"), required_parts():
        raise MissingPart("Go is not installed")


def test_a_missing_part_fails_where_every_part_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFT_AUDIT_REQUIRE_RIG", "1")

    with pytest.raises(pytest.fail.Exception, match="Go is not installed"), required_parts():
        raise MissingPart("Go is not installed")
