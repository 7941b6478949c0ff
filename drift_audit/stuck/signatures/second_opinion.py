"""What clouds answered about a machine: a source of its own, for a cause or against it."""

from __future__ import annotations

from dataclasses import replace

from drift_audit.model.health import Answer, Feasible, Topic
from drift_audit.stuck.case import Case, Proof
from drift_audit.stuck.signatures.placement import infrastructure_of


def cloud_answers(case: Case, *topics: Topic) -> list[Answer]:
    """About the object, its Machine, or the infrastructure of that: whichever was asked about."""
    beside = [infrastructure_of(case), case.machine]
    others = [case.other(live) for live in beside if live is not None and live.key != case.live.key]
    return [answer for each in (case, *others) for answer in each.answers(*topics)]


def consoles(case: Case) -> list[Answer]:
    """What the machine's console says; where nobody read that, what those of its siblings say: of many Machines that
    do not join, only a few are asked."""
    own, machine = cloud_answers(case, Topic.CONSOLE), case.machine
    owner = case.graph.above(machine) if machine is not None else None
    if own or owner is None:
        return own
    return [
        replace(answer, fact=f"of its sibling {sibling.name}: {answer.fact}")
        for sibling, answer in case.around.consoles.get(owner.key, ())
    ]


def proofs_for(case: Case, *topics: Topic) -> tuple[Proof, ...]:
    """The answers that say that it could not have worked."""
    return tuple(said(answer) for answer in cloud_answers(case, *topics) if answer.feasible is Feasible.IMPOSSIBLE)


def proofs_against(case: Case, *topics: Topic) -> tuple[Proof, ...]:
    """The answers that say that it could have worked."""
    return tuple(said(answer) for answer in cloud_answers(case, *topics) if answer.feasible is Feasible.POSSIBLE)


def said(answer: Answer) -> Proof:
    return Proof("cloud", f"{answer.fact} ({answer.evidence})" if answer.evidence else answer.fact)
