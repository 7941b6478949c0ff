"""The Git view: what each configured source declares, on which line, and who wrote it there."""

from drift_audit.collect.git.authors import collect_authors
from drift_audit.collect.git.repository import Repository
from drift_audit.collect.git.view import (
    collect_git,
    collect_history,
    collect_revision,
    late_revision,
    unread_source,
)

__all__ = [
    "Repository",
    "collect_authors",
    "collect_git",
    "collect_history",
    "collect_revision",
    "late_revision",
    "unread_source",
]
