"""Whom a repository names for its files: the text of its CODEOWNERS at a revision."""

from __future__ import annotations

import logging

from drift_audit.collect.git.problems import GitProblem
from drift_audit.collect.git.snapshot import Snapshot

logger = logging.getLogger(__name__)

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS", ".gitea/CODEOWNERS")
"""GitHub looks in the first three in this order and takes the first that is there (GitHub docs, "About code owners");
the last two are GitLab's and Gitea's own."""

MOST_BYTES = 3 * 1024 * 1024
"""GitHub's own limit: it does not load a larger one."""


def codeowners_at(snapshot: Snapshot) -> str:
    """The text of the file that counts; empty without one. Who owns what decides no verdict, so it is never a gap."""
    place = next((place for place in PLACES if place in snapshot.entries), "")
    if not place:
        return ""
    try:
        entry = snapshot.file(place)
        if entry.size > MOST_BYTES:
            logger.warning("%s: %s is larger than 3 MiB and is not read", snapshot.repository.label, place)
            return ""
        return snapshot.read([entry])[entry.path].decode(errors="replace")
    except GitProblem as problem:
        logger.warning("%s: %s is not read: %s", snapshot.repository.label, place, problem.reason)
    return ""
