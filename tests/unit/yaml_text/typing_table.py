"""What kubectl and kustomize make of YAML scalars; `test_against_the_tools` checks it against the programs."""

from __future__ import annotations

from dataclasses import dataclass

from drift_audit.model.values import Json


@dataclass(frozen=True, slots=True)
class ScalarRow:
    token: str
    kubectl: Json
    kustomize: Json


def both(token: str, value: Json) -> ScalarRow:
    return ScalarRow(token, value, value)


SCALARS: tuple[ScalarRow, ...] = (
    ScalarRow("yes", True, "yes"),
    ScalarRow("on", True, "on"),
    ScalarRow("NO", False, "NO"),
    ScalarRow("off", False, "off"),
    ScalarRow("y", True, "y"),
    ScalarRow("N", False, "N"),
    both("yEs", "yEs"),
    both("true", True),
    both("TRUE", True),
    both("False", False),
    both("~", None),
    both("Null", None),
    both("nULL", "nULL"),
    both("0644", 420),
    both("0o644", 420),
    both("-0o17", -15),
    both("0778", 778),
    both("08", 8),
    both("1e3", 1000),
    both("1.5e3", 1500),
    both("1e400", "1e400"),
    both("12:30", "12:30"),
    both("12:30:45", "12:30:45"),
    ScalarRow("2024-01-01", "2024-01-01", "2024-01-01T00:00:00Z"),
    ScalarRow("2024-1-2", "2024-1-2", "2024-01-02T00:00:00Z"),
    ScalarRow("2024-01-01 10:00:00", "2024-01-01 10:00:00", "2024-01-01T10:00:00Z"),
    ScalarRow("2024-01-01T10:00:00.500Z", "2024-01-01T10:00:00.500Z", "2024-01-01T10:00:00.5Z"),
    ScalarRow("2024-01-01T10:00:00+02:00", "2024-01-01T10:00:00+02:00", "2024-01-01T10:00:00+02:00"),
    ScalarRow("2024-01-01T10:00:00+00:00", "2024-01-01T10:00:00+00:00", "2024-01-01T10:00:00Z"),
    both("2024-01-01T10:00:00", "2024-01-01T10:00:00"),
    both("2024-13-01", "2024-13-01"),
    both("1_000", 1000),
    both("0x1F", 31),
    both("-0x1F", -31),
    both("0b11", 3),
    both("1.30", 1.3),
    both("1.0", 1),
    both("1.", 1),
    both(".5", 0.5),
    both("1_0.5", 10.5),
    both("+5", 5),
    both("-0", 0),
    both("v1.30.1", "v1.30.1"),
    both("1.30.1", "1.30.1"),
    both("25%", "25%"),
    both("10m", "10m"),
    both("-x", "-x"),
    both("9007199254740993", 9007199254740993),
    both("9223372036854775807", 9223372036854775807),
    both("18446744073709551616", 1.8446744073709552e19),
    both("100000000000000000000.0", 1e20),
    both("1e21", 1e21),
    both("1.23e-7", 1.23e-7),
    both("!!str 12", "12"),
    both("!!float 3", 3),
    both('!!int "3"', 3),
    both("!!binary aGVsbG8=", "hello"),
)

KEYS: tuple[tuple[str, str | None, str | None], ...] = (
    ("plain", "plain", "plain"),
    ("n", "false", "n"),
    ("yes", "true", "yes"),
    ("'n'", "n", "n"),
    ("1", "1", None),
    ("0644", "420", None),
    ("1.50", "1.5", None),
    ("true", "true", None),
    ("2024-01-01", "2024-01-01", None),
    ("~", None, None),
    ("[a]", None, None),
)
"""(token, key for kubectl, key for kustomize); `None` where the tool fails."""

REFUSED = (".inf", "-.INF", ".nan", "!!int x", "!custom 1")
"""The first three fail in both tools; a custom tag they would silently drop, and we do not."""
