"""`drift-audit check`: the main job."""

from __future__ import annotations

import os

import click

from drift_audit.cli.options import FleetOptions, TalkOptions, fleet_options, recording_option, talk_options

_SEVERITIES = ("info", "low", "medium", "high", "critical")


@click.command(short_help="Audit the fleet and say what drifted.")
@fleet_options
@recording_option
@click.option(
    "--output",
    "-o",
    "formats",
    metavar="FORMAT[=PATH]",
    multiple=True,
    help="Report format: console (table), html, json, markdown (md), csv, junit, sarif, tree, orphans, or an "
    "installed one; -o html=drift.html. "
    "Without a path, or with -, to standard output. Repeatable.",
)
@click.option("--fail-on", type=click.Choice(_SEVERITIES), help="Lowest severity that gives exit code 1. Default: low.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit as Terraform does: 0 in sync, 2 drift, 1 anything else.")
@click.option("--no-color", is_flag=True, help="No colour, as with NO_COLOR set.")
@talk_options
def check(
    fleet: FleetOptions,
    talk: TalkOptions,
    recording: str | None,
    formats: tuple[str, ...],
    fail_on: str | None,
    detailed_exitcode: bool,
    no_color: bool,
) -> int:
    """Audit the fleet: Git, the management clusters and the cloud, field by field.

    Nothing is written to a cluster or a cloud. The report goes to standard output, everything else to
    standard error.

    \b
    Exit codes:
      0    in sync
      1    confirmed findings at or above --fail-on
      2    could not audit: configuration, usage, nothing readable
      3    incomplete: something could not be read
    """
    from drift_audit.cli.exit_codes import exit_code
    from drift_audit.cli.outputs import DEFAULT_OUTPUTS, deliver, load_reports, parse_outputs, require_writable
    from drift_audit.cli.prepare import audit, prepare
    from drift_audit.collect.health_history import history_of

    wanted = parse_outputs(formats)
    prepared = prepare(fleet, talk, recording=recording, fail_on=fail_on)
    outputs = wanted or prepared.config.outputs or DEFAULT_OUTPUTS
    reports = load_reports(outputs)
    require_writable(output.path for output in outputs)
    result = audit(prepared, history_of(prepared.config)).result
    deliver(result, outputs, reports, no_color=no_color, verbose=talk.verbosity > 0, environ=os.environ)
    return exit_code(result, prepared.config.fail_on, detailed_exitcode)
