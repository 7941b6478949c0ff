"""`drift-audit tree`: one cluster from its Cluster object down to cloud resources."""

from __future__ import annotations

import os

import click

from drift_audit.cli.options import FleetOptions, TalkOptions, fleet_options, recording_option, talk_options

_REPORTS = {"table": "tree", "json": "tree-json"}


@click.command(short_help="Show one cluster down to its cloud resources.")
@click.argument("cluster", metavar="CLUSTER")
@fleet_options
@recording_option
@click.option("--output", "-o", type=click.Choice(tuple(_REPORTS)), default="table", show_default=True, help="Format.")
@click.option("--show-all", is_flag=True, help="Every machine and resource on a line of its own: fold nothing.")
@click.option("--no-color", is_flag=True, help="No colour, as with NO_COLOR set.")
@talk_options
def tree(
    cluster: str,
    fleet: FleetOptions,
    talk: TalkOptions,
    recording: str | None,
    output: str,
    show_all: bool,
    no_color: bool,
) -> int:
    """Show one cluster: its objects by owner, the cloud resources they stand for, and what is wrong on each.

    CLUSTER is NAME, NAMESPACE/NAME or MANAGEMENT-CLUSTER/NAMESPACE/NAME. Siblings that look alike are folded.

    \b
    Exit codes:
      0    shown, whatever is wrong in it
      2    could not audit, no such cluster, or several of that name
    """
    from dataclasses import replace

    from drift_audit.cli.outputs import deliver, load_reports
    from drift_audit.cli.prepare import audit, prepare
    from drift_audit.clock import moment, now
    from drift_audit.config.settings import Output
    from drift_audit.explain.tree_names import find_cluster
    from drift_audit.inspection import tree_of

    wanted = (Output(format=_REPORTS[output]),)
    reports = load_reports(wanted)
    prepared = prepare(fleet, talk, recording=recording)
    audited = audit(prepared)
    key = find_cluster(cluster, audited.views, audited.result)
    grown = tree_of(
        audited.views,
        prepared.config,
        audited.result,
        providers=prepared.providers,
        cluster=key,
        unfolded=show_all,
        now=moment(audited.result.run.finished_at) or now(),
    )
    result = replace(
        audited.result,
        trees=(grown,),
        clusters=tuple(entry for entry in audited.result.clusters if entry.key == key),
        findings=tuple(finding for finding in audited.result.findings if finding.cluster == key),
    )
    deliver(result, wanted, reports, no_color=no_color, verbose=talk.verbosity > 0, environ=os.environ)
    return 0
