"""`drift-audit doctor`: what the audit reaches, and the exact right that is missing where it does not."""

from __future__ import annotations

import click

from drift_audit.cli.options import FleetOptions, TalkOptions, fleet_options, talk_options


@click.command(short_help="Say what can be read, and which right is missing.")
@fleet_options
@talk_options
def doctor(fleet: FleetOptions, talk: TalkOptions) -> int:
    """Read everything that `check` reads and judge nothing: per Git source, management cluster and cloud account,
    what is reachable, why the rest is not, and the exact RBAC rule or IAM action that is missing. Where nothing is
    suspect, one Cluster of each management cluster stands for what `check` would look at closer.

    \b
    Exit codes:
      0    everything can be read
      2    configuration or usage, or no management cluster can be read
      3    something cannot be read
    """
    from drift_audit.audit import read_views
    from drift_audit.classify.unreadable import uncompared_gaps
    from drift_audit.cli.prepare import prepare
    from drift_audit.cli.terminal import write_result
    from drift_audit.clock import now
    from drift_audit.explain.reach import describe_reach, reaches_nothing

    prepared = prepare(fleet, talk)
    with prepared.progress:
        views = read_views(
            prepared.config,
            base_dir=prepared.base_dir,
            providers=prepared.providers,
            progress=prepared.progress,
            clock=now,
        )
    gaps = (*views.all_gaps(), *uncompared_gaps(views))
    write_result(describe_reach(views, gaps))
    if reaches_nothing(views):
        return 2
    return 3 if gaps else 0
