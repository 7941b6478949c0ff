"""One scenario: what is written, and the one cause that the audit has to name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drift_audit.model.findings import Certainty
from tests.e2e.written_fleet import Written
from tests.rig.fleet import Workload
from tests.scenarios import WRITTEN

AND_CLOUD = f"{WRITTEN}, and the cloud double"


_USUAL = Workload(name="prod-1")


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario of the table."""

    told: str
    """What was broken, in one sentence."""
    cause: str
    """The signature that explains it."""
    on: str
    """The kind of the objects that the cause sits on."""
    write: Callable[[Written], Sequence[str]]
    """Writes it, and names the objects that the cause sits on."""
    workload: Workload = _USUAL
    evidence: str = ""
    """Part of what proves it."""
    beside: tuple[str, ...] = ()
    """Signatures that are told as well, because they are true besides."""
    drift: tuple[str, ...] = ()
    """Rules of drift that are told as well, and belong to it."""
    certainty: Certainty = Certainty.MEDIUM
    proved_on: str = WRITTEN
