"""What stands beside the suspects of one management cluster: their events, what controllers wrote about them, and
what controllers need to run. Read for suspects only, and evidence only."""

from drift_audit.collect.suspects.view import beside_suspects, scope_of

__all__ = ["beside_suspects", "scope_of"]
