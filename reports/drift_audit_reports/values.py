"""The three values of a finding as text: what differs looks different, and what is equal is not dressed up."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from drift_audit.model.findings import (
    NO_COUNTERPART,
    Finding,
    FindingKind,
    ShownValue,
    ShownValues,
    ValueState,
    Verdict,
)
from drift_audit.model.keys import canonical_json
from drift_audit.model.values import Json
from drift_audit.model.views import View
from drift_audit_reports.eliding import elide_apart, prose
from drift_audit_reports.escaping import json_safe, visible

LABELS: Mapping[View, str] = {View.GIT: "git", View.CAPI: "cluster", View.CLOUD: "cloud"}
"""What a reader sees for each view."""

ABSENT_TEXT = "(absent)"
UNKNOWN_TEXT = "unknown"

_AT_FAULT: Mapping[Verdict, tuple[View, ...]] = {
    Verdict.EDITED_IN_CLUSTER: (View.CAPI,),
    Verdict.EDITED_IN_CLOUD: (View.CLOUD,),
    Verdict.EDITED_AND_REVERTED: (View.CLOUD,),
    Verdict.NOT_APPLIED: (View.CAPI,),
    Verdict.NOT_RECONCILED: (View.CLOUD,),
    Verdict.RECONCILING: (View.CLOUD,),
    Verdict.ADOPTED: (View.CAPI, View.CLOUD),
    Verdict.CONFLICT: (View.GIT, View.CAPI, View.CLOUD),
    Verdict.MISSING: (View.CLOUD,),
    Verdict.ORPHAN: (View.CLOUD,),
    Verdict.UNMANAGED: (View.CAPI,),
}
"""Which value the verdict is about: it is marked, when it differs from another one."""

_OPPOSED: Mapping[Verdict, tuple[View, View]] = {
    Verdict.EDITED_IN_CLUSTER: (View.GIT, View.CAPI),
    Verdict.NOT_APPLIED: (View.GIT, View.CAPI),
    Verdict.ADOPTED: (View.GIT, View.CAPI),
    Verdict.CONFLICT: (View.GIT, View.CAPI),
    Verdict.EDITED_IN_CLOUD: (View.CAPI, View.CLOUD),
    Verdict.NOT_RECONCILED: (View.CAPI, View.CLOUD),
}
"""The two values that a drift verdict says are different (design, section 7)."""

_LONGEST_REASON = 200
_LOOKS_LIKE_A_STATE = re.compile(r"\(absent\)|unknown\b|\"")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """One line of the table of three values."""

    view: View
    text: str
    state: ValueState
    marked: bool
    """True for the value that the verdict is about."""


def by_view(values: ShownValues) -> Mapping[View, ShownValue]:
    return {View.GIT: values.git, View.CAPI: values.capi, View.CLOUD: values.cloud}


def value_rows(finding: Finding, room: int) -> tuple[ValueRow, ...]:
    """The values that there are; empty when the finding is about no value, as with a stuck object.

    A value is at most `room` columns wide. The reason for an unknown one is longer, and meant to be wrapped.
    """
    values = by_view(finding.values)
    if all(shown == ShownValue(state=ValueState.ABSENT) for shown in values.values()):
        return ()
    texts = dict(zip(values, _texts(list(values.values())), strict=True))
    present = [view for view, shown in values.items() if shown.state is ValueState.PRESENT]
    texts |= zip(present, elide_apart([texts[view] for view in present], room), strict=True)
    at_fault = () if equality_remark(finding) else _AT_FAULT.get(finding.verdict, ())
    return tuple(
        ValueRow(
            view=view,
            text=texts[view],
            state=shown.state,
            marked=view in at_fault and any(_differ(shown, other) for other in values.values()),
        )
        for view, shown in values.items()
        if shown != NO_COUNTERPART
    )


def equality_remark(finding: Finding) -> str:
    """A warning where the two values that a drift is about are the same in the document; else empty."""
    opposed = _OPPOSED.get(finding.verdict)
    if opposed is None or finding.kind is not FindingKind.DRIFT:
        return ""
    first, second = (by_view(finding.values)[view] for view in opposed)
    if ValueState.UNKNOWN in (first.state, second.state) or _differ(first, second):
        return ""
    return (
        f"{LABELS[opposed[0]]} and {LABELS[opposed[1]]} are equal as they reached this report: "
        "what differs was masked, or lies outside the value"
    )


def _differ(one: ShownValue, other: ShownValue) -> bool:
    if ValueState.UNKNOWN in (one.state, other.state):
        return False
    return (one.state, canonical_json(one.value)) != (other.state, canonical_json(other.value))


def _texts(shown: Sequence[ShownValue]) -> list[str]:
    present = [entry.value for entry in shown if entry.state is ValueState.PRESENT]
    mixed = len({_json_type(value) for value in present}) > 1
    spelled = _look_alike(present)
    return [_text(entry, quoted=mixed, spelled=spelled) for entry in shown]


def _text(shown: ShownValue, *, quoted: bool, spelled: bool) -> str:
    reason = prose(shown.reason, _LONGEST_REASON)
    match shown.state:
        case ValueState.ABSENT:
            return f"{ABSENT_TEXT} {reason}".rstrip()
        case ValueState.UNKNOWN:
            return f"{UNKNOWN_TEXT}: {reason or 'no reason given'}"
        case ValueState.PRESENT:
            text = _value_text(shown.value, quoted=quoted, spelled=spelled)
            return f"{text} ({reason})" if reason else text


def _value_text(value: Json, *, quoted: bool, spelled: bool) -> str:
    if isinstance(value, str) and not (quoted or spelled or _needs_quotes(value)):
        return value
    if spelled:
        # Every character that could pass for another one, and every space of a run, as its number.
        ascii_only = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return re.sub(" {2,}", lambda run: "\\u0020" * len(run.group()), ascii_only)
    return json_safe(canonical_json(value)).replace("\n", "")


def _needs_quotes(text: str) -> bool:
    return not text or text != text.strip() or visible(text) != text or bool(_LOOKS_LIKE_A_STATE.match(text))


def _json_type(value: Json) -> str:
    """`true` and `1` are different types here, `1` and `1.0` are not."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else type(value).__name__


def _look_alike(values: Sequence[Json]) -> bool:
    """True when two different values read the same: other letters of the same shape, or other white space."""
    texts = [value if isinstance(value, str) else canonical_json(value) for value in values]
    return any(one != other and _reads_like(one, other) for one, other in combinations(texts, 2))


def _reads_like(one: str, other: str) -> bool:
    if _folded(one) == _folded(other):
        return True
    pairs = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
    return len(one) == len(other) and all(a.isascii() != b.isascii() for a, b in pairs)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())
