"""Variables of the environment in values."""

from __future__ import annotations

import pytest

from drift_audit.config.interpolate import interpolate

ENVIRON = {"A": "one", "EMPTY": "", "NESTED": "${A}"}


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("${A}", "one"),
        ("x${A}y${A}", "xoneyone"),
        ("${B:-two}", "two"),
        ("${B:-}", ""),
        ("${EMPTY:-two}", "two"),
        ("${EMPTY}", ""),
        ("${A:-two}", "one"),
        ("$${A}", "${A}"),
        ("$A and $5", "$A and $5"),
        ("${NESTED}", "${A}"),
        ("${B:-arn:aws:iam::1}", "arn:aws:iam::1"),
    ],
)
def test_a_reference_is_replaced_as_a_shell_would(written: str, filled: str) -> None:
    assert interpolate({"key": written}, ENVIRON).data == {"key": filled}


@pytest.mark.parametrize("written", ["${}", "${1A}", "${A", "${A-x}", "a ${ b"])
def test_what_names_no_variable_is_malformed_and_stays_as_it_is(written: str) -> None:
    found = interpolate({"key": written}, ENVIRON)

    assert found.malformed == {("key",)}
    assert found.data == {"key": written}


def test_an_unset_variable_is_remembered_by_its_path() -> None:
    found = interpolate({"list": [{"key": "${A}${GONE}"}]}, ENVIRON)

    assert found.unset == {("list", 0, "key"): "GONE"}
    assert found.data == {"list": [{"key": "${A}${GONE}"}]}


def test_keys_numbers_and_flags_are_left_alone() -> None:
    data = {"${A}": 1, "flag": True, "none": None, "number": 1.5}

    assert interpolate(data, ENVIRON).data == data


def test_a_default_does_not_count_as_text_of_the_environment() -> None:
    found = interpolate({"a": "${B:-x}", "b": "${A}"}, ENVIRON)

    assert found.from_environment == {("b",)}
