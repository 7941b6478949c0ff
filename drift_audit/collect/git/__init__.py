"""The Git view: what each configured source declares, and on which line."""

from drift_audit.collect.git.repository import Blame, Repository
from drift_audit.collect.git.view import blame, collect_git, collect_history, collect_revision

__all__ = ["Blame", "Repository", "blame", "collect_git", "collect_history", "collect_revision"]
