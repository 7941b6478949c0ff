"""Next steps that ask who did it: what is advised depends on whether that is known by then.

Such a step is marked by `asking`, or with `who? ` in a field map. Once the actor of a finding is known, `advised`
makes plain steps of all: the question where nobody is named, and whom to turn to where somebody is. So no report
tells a reader to find out what stands two lines above.
"""

from __future__ import annotations

from collections.abc import Iterable

from drift_audit.model.findings import Actor, Grade

_WHO = "who? "
"""Before a step that is a question about who."""

_PEOPLE = frozenset({"console-human", "cli-human"})
_SURE = frozenset({Grade.A, Grade.B})
_TOOLS_ONLY = "managedFields"
"""This source names the tool that wrote a field, never who held it."""


def asking(question: str) -> str:
    """The question as a step; may still hold places to be filled, `{id}`."""
    return _WHO + question


def advised(steps: Iterable[str], actor: Actor | None) -> tuple[str, ...]:
    """The steps as a reader gets them, with what is known of the actor."""
    return tuple(_answered(step.removeprefix(_WHO), actor) if step.startswith(_WHO) else step for step in steps)


def _answered(question: str, actor: Actor | None) -> str:
    if actor is None or not actor.who or actor.source == _TOOLS_ONLY:
        return question
    named = f"{actor.who} ({actor.how})" if actor.how else actor.who
    if actor.grade not in _SURE:
        return _like(question, f"ask {named}, who may have done it; else {_lowered(question)}")
    return _like(question, f"ask {named} why" if actor.actor_class in _PEOPLE else f"find out why {named} did it")


def _like(question: str, answer: str) -> str:
    """Spelt as the question is: a sentence of its own, or a clause."""
    if not question[:1].isupper():
        return answer
    return answer[:1].upper() + answer[1:] + ("" if answer.endswith(".") else ".")


def _lowered(question: str) -> str:
    return question[:1].lower() + question[1:]
