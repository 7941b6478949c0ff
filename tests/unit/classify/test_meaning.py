"""That Git agrees with the object is said only where Git was read and does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drift_audit.classify.cloud_findings import cloud_findings
from drift_audit.interfaces import Correlation
from drift_audit.model.findings import Finding, Verdict
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import Present
from tests.unit.classify.cases import cloud_context, fact, machine

BOTH = (Present("m5.large"), Present("m5.4xlarge"))


def judged(live: CapiObject, *, declared: bool = True) -> Finding:
    context = cloud_context(live)
    if not declared:
        context = replace(context, git={name: replace(git, origins={}) for name, git in context.git.items()})
    (found,) = cloud_findings([(fact(*BOTH), "")], Correlation(), context)
    return found


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (True, "Git and the object agree, and the cloud differs."),
        (False, "The object and the cloud differ; no declaration in Git was found."),
    ],
)
def test_what_git_says_is_told_as_it_was_read(declared: bool, told: str) -> None:
    found = judged(machine(), declared=declared)

    assert found.verdict is Verdict.EDITED_IN_CLOUD
    assert found.evidence[0] == told
