"""`drift-audit orphans`: what is left over in the clouds."""

from __future__ import annotations

import os

import click

from drift_audit.cli.options import FleetOptions, TalkOptions, fleet_options, recording_option, talk_options

_REPORTS = {"table": "orphans", "json": "orphans-json", "csv": "orphans-csv"}
_SEVERITIES = ("info", "low", "medium", "high", "critical")


@click.command(short_help="List what claims a cluster and belongs to none.")
@fleet_options
@recording_option
@click.option("--output", "-o", type=click.Choice(tuple(_REPORTS)), default="table", show_default=True, help="Format.")
@click.option("--fail-on", type=click.Choice(_SEVERITIES), help="Lowest severity that gives exit code 1. Default: low.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit as Terraform does: 0 none, 2 orphans, 1 anything else.")
@click.option("--no-color", is_flag=True, help="No colour, as with NO_COLOR set.")
@talk_options
def orphans(
    fleet: FleetOptions,
    talk: TalkOptions,
    recording: str | None,
    output: str,
    fail_on: str | None,
    detailed_exitcode: bool,
    no_color: bool,
) -> int:
    """List the cloud resources that claim a cluster and that no object of the fleet names, with what to do about them.

    Also says how many of the listed resources the fleet accounts for, and where nothing could be judged.

    \b
    Exit codes:
      0    no orphans, and everything could be judged
      1    confirmed orphans at or above --fail-on
      2    could not audit: configuration, usage, nothing readable
      3    something could not be judged
    """
    from drift_audit.cli.exit_codes import exit_code
    from drift_audit.cli.outputs import deliver, load_reports
    from drift_audit.cli.prepare import audit, prepare
    from drift_audit.cli.terminal import say
    from drift_audit.config.settings import Output
    from drift_audit.explain.orphans import only_orphans

    wanted = (Output(format=_REPORTS[output]),)
    reports = load_reports(wanted)
    prepared = prepare(fleet, talk, recording=recording, fail_on=fail_on)
    audited = audit(prepared)
    result = only_orphans(audited.result)
    deliver(result, wanted, reports, no_color=no_color, verbose=talk.verbosity > 0, environ=os.environ)
    if any(view.namespaces or view.left_out for view in audited.views.clusters) and not talk.quiet:
        say("only a part of the fleet was read: what claims clusters outside it was passed over")
    return exit_code(result, prepared.config.fail_on, detailed_exitcode)
