"""A result in which every text that somebody else could have chosen is an attack."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any

from drift_audit.model.result import AuditResult
from tests.builders import actor, cause, cluster_key, finding, gap, object_ref, result, shown_values
from tests.unit.reports.fleets import half_read_fleet, troubled_fleet

ATTACK = (
    "\x1b[2J\x1b]0;owned\x07@admin </details><script>alert(1)</script><!-- `` | ``` ~~~ \u202egnp.exe "
    "[x](https://evil.example) www.evil.example\r\n# heading\n| cell |\n\n- item #12 GH-1 \x9b31m\u2028\u200b"
)

_OURS = {"id", "cause", "started_at", "finished_at", "schema_version", "since", "after", "before", "view", "status"}
"""Keys that tie the result together or that only the program itself writes."""


def hostile_result(attack: str = ATTACK) -> AuditResult:
    """The troubled fleet and the gaps of the half-read one, with the attack appended to each name and sentence."""
    troubled, half = troubled_fleet(), half_read_fleet()
    poisoned: AuditResult = _poisoned(troubled, attack)
    coverage = replace(poisoned.coverage, expected=40, gaps=_poisoned(half.coverage.gaps, attack))
    return replace(poisoned, complete=False, coverage=coverage)


def hostile_finding() -> AuditResult:
    """One finding of one hostile cluster, short enough to be read in review."""
    nasty = finding(
        title="Tag changed <!-- @admin | https://evil.example",
        cluster=cluster_key("eu\x1b[31m`1`"),
        object=object_ref(name="a|b\u202e</details>"),
        path='spec.tags["x|`y`"]',
        values=shown_values("a|b", "a|b\u200b", "``<script>``\n# 1"),
        actor=actor("@j.doe", "[click](javascript:1)"),
        next_steps=("1. Run `rm -rf` #42",),
    )
    return result([(cause([nasty]), [nasty])], gaps=[gap("prod/*Machine*", reason="</summary>\r\n\r\n<b>403")])


def _poisoned(value: Any, attack: str) -> Any:
    match value:
        case StrEnum():
            return value
        case str():
            return value + attack
        case tuple() | list():
            return type(value)(_poisoned(item, attack) for item in value)
        case dict():
            return {key + attack: _poisoned(item, attack) for key, item in value.items()}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes = {
        field.name: _poisoned(getattr(value, field.name), attack)
        for field in fields(value)
        if field.name not in _OURS and not (field.name == "findings" and type(value).__name__ == "Cause")
    }
    return replace(value, **changes)
