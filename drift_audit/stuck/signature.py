"""One known way to be stuck: a row of the table, and what its predicate says when it recognises it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from drift_audit.model.findings import FindingKind, Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.stuck.case import Case, Proof, Surroundings
from drift_audit.stuck.clocks import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A signature was recognised on an object."""

    fact: str
    """One sentence about this object, with its values."""
    since: str = ""
    """RFC 3339: when it began, as the evidence tells; empty where nothing tells."""
    proofs: tuple[Proof, ...] = ()
    path: str = ""
    """The field that does it, where it is one: drift of the same field is then the same cause."""
    variant: str = ""
    """What tells causes of one signature apart: the error code, the action that is denied, the budget that blocks.
    Never a value that differs from object to object."""
    waits_for: tuple[ObjectKey, ...] = ()
    """It is not to blame: it waits for these, and the cause lies there."""
    values: tuple[tuple[str, str], ...] = ()
    """For the next steps: `{subnet}`."""
    contradicted_by: tuple[Proof, ...] = ()
    subject: CapiObject | None = None
    """What the cause sits on, where that is not the object that shows it: the webhook, the controller's Deployment."""


Looks: TypeAlias = Callable[[Case], Sign | None]
"""Pure: looks at a case and nothing else."""

Among: TypeAlias = Callable[[Surroundings], Iterable[CapiObject]]
"""The objects that a signature is looked for on, out of all that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One row. Facts of controllers come with their source."""

    id: str
    """`MACH-QUOTA`; findings have the rule `stuck.MACH-QUOTA`."""
    layer: Layer
    severity: Severity
    """Once its time is over; before that, and after the warning, never more than medium."""
    title: str
    """One sentence without values, for all objects that have it."""
    kinds: tuple[str, ...]
    """What it is looked for on; `*Machine` stands for the infrastructure machines of every provider, `*Cluster` for
    their clusters, `*` for every object."""
    looks: Looks
    mechanism: str
    """How it comes from its cause to what people see."""
    next_steps: tuple[str, ...]
    """Reading first. `{kind}`, `{namespace}`, `{name}`, `{cluster}`, and the values of the sign."""
    source: str
    clock: Clock = Clock.AT_ONCE
    limits: Limits | None = None
    """How long it may take, where that is not the clock's to say."""
    covers: bool = False
    """True when it explains whatever is wrong below its object: a paused Cluster, credentials that do not work."""
    everywhere: bool = False
    """True when it is looked for on every object of its kinds, also on those that look well."""
    shared: bool = False
    """True when it is one cause in the management cluster, however many objects show it: told once for each variant."""
    among: Among | None = None
    """Where the objects are told by something else than themselves: looked for on these, also where they look well,
    and on no others. The Machines whose Nodes say that they are not well."""
    kind: FindingKind = FindingKind.STUCK
    """`health` for what is unwell without anything waiting for it, `hazard` for what will hurt."""
    confirm: str = ""
    """The read-only look that proves it, for a person."""
