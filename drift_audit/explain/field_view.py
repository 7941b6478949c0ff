"""Every field of one object, for `drift-audit explain`: what differs first, and what a cloud was asked by resource."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from drift_audit.model.comparison import FieldStory
from drift_audit.model.findings import Finding, Verdict
from drift_audit.model.values import Absent, Observed, Present, Unknown

_LONGEST = 160


def field_lines(stories: Sequence[FieldStory], findings: Sequence[Finding]) -> Iterator[str]:
    """The fields of the object itself with their writers, then those that only a resource of it has."""
    marked = [(_mark(story, findings), story) for story in stories]
    own = [(mark, story) for mark, story in marked if not story.resource]
    if own:
        yield ""
        yield f"Fields: {len(own)}{_told(own)}"
        for mark, story in _worst_first(own):
            yield from _own_lines(story, mark)
    beside = sorted(((mark, story) for mark, story in marked if story.resource), key=lambda each: each[1].resource)
    for resource, group in groupby(beside, key=lambda each: each[1].resource):
        compared = list(group)
        yield ""
        yield f"{resource}: {len(compared)} compared{_told(compared)}"
        for mark, story in _worst_first(compared):
            yield from _cloud_lines(story, mark)


_FOUND, _UNDECIDED, _NOTHING = "≠", "?", " "
_Marked: TypeAlias = tuple[str, FieldStory]


def _mark(story: FieldStory, findings: Iterable[Finding]) -> str:
    """What was found about the field; of a fact that only a field map knows of, by that row on that resource."""
    about = [finding for finding in findings if finding.path == story.path]
    if story.resource:
        about = [each for each in about if (str(each.resource), each.rule) == (story.resource, story.outcome)]
    if any(finding.verdict is not Verdict.UNDETERMINED for finding in about):
        return _FOUND
    return _UNDECIDED if about else _NOTHING


def _worst_first(marked: Iterable[_Marked]) -> list[_Marked]:
    return sorted(marked, key=lambda each: each[0] == _NOTHING)


def _told(marked: Iterable[_Marked]) -> str:
    found = [mark for mark, _ in marked]
    told = ((found.count(_FOUND), "with a finding"), (found.count(_UNDECIDED), "undecided"))
    return "".join(f", {count} {what}" for count, what in told if count)


def _own_lines(story: FieldStory, mark: str) -> Iterator[str]:
    yield ""
    yield f"{mark} {story.path}" + (f"  {story.outcome}" if story.outcome else "")
    yield f"    git          {_observed(story.git)}"
    yield f"    cluster      {_observed(story.capi)}"
    if story.cloud is not None:
        yield f"    cloud        {_observed(story.cloud)}"
    for writer in story.writers:
        yield f"    writer       {writer}"


def _cloud_lines(story: FieldStory, mark: str) -> Iterator[str]:
    """Both sides of what differs; of the rest the cloud's, for what is wanted may be a limit or a part of it."""
    cloud = story.cloud or Absent()
    if mark == _NOTHING:
        yield f"  {story.path}  {_observed(cloud)}  {story.outcome}"
        return
    yield f"{mark} {story.path}  {story.outcome}"
    yield f"    cluster      {_observed(story.capi)}"
    yield f"    cloud        {_observed(cloud)}"


def _observed(value: Observed) -> str:
    match value:
        case Present(found):
            return _shortened(json.dumps(found, ensure_ascii=False))
        case Absent():
            return "(absent)"
        case Unknown(reason):
            return f"unknown: {reason}"


def _shortened(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 12]} ... {value[-7:]}"
