"""What a failure of the closer look may leave in the log."""

from __future__ import annotations

import logging

import pytest

from drift_audit.collect.closer import log_places


def test_a_failure_is_logged_with_its_place_and_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    quoted = "client-key-data: c2VjcmV0"
    try:
        raise ValueError(quoted)
    except ValueError as error:
        log_places("looking closer at prod", error)

    assert "looking closer at prod failed: ValueError" in caplog.text
    assert "test_closer.py" in caplog.text
    assert "c2VjcmV0" not in caplog.text
