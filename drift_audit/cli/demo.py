"""`drift-audit demo`: what an audit looks like, on a recorded fleet that comes with the program."""

from __future__ import annotations

import os

import click

from drift_audit.cli.options import FleetOptions, TalkOptions, talk_options

REPORTS = (("html", "report.html"), ("markdown", "report.md"), ("json", "report.json"))


@click.command(short_help="Audit a recorded fleet that comes with the program.")
@click.option(
    "--folder", metavar="DIR", default="demo-report", show_default=True, help="Where the reports are written."
)
@click.option("--no-color", is_flag=True, help="No colour, as with NO_COLOR set.")
@talk_options
def demo(folder: str, no_color: bool, talk: TalkOptions) -> int:
    """Audit a recorded fleet with planted problems; needs no cluster, no cloud and no network.

    Prints the report and writes it as HTML, Markdown and JSON. Exits with 0 although the fleet drifted.
    """
    from pathlib import Path

    from drift_audit.cli.outputs import DEFAULT_OUTPUTS, deliver, load_reports
    from drift_audit.cli.prepare import audit, prepare_replay, start_talking
    from drift_audit.cli.terminal import say
    from drift_audit.config.settings import Output
    from drift_audit.errors import OutputError

    progress = start_talking(talk)
    files = [Path(folder) / name for _, name in REPORTS]
    outputs = (*DEFAULT_OUTPUTS, *(Output(format=name, path=str(Path(folder) / file)) for name, file in REPORTS))
    reports = load_reports(outputs)
    recording = Path(__file__).parents[1] / "demo" / "fleet.dar"
    result = audit(prepare_replay(recording, FleetOptions(), progress)).result
    try:
        Path(folder).mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot create {folder}: {error.strerror}") from error
    deliver(result, outputs, reports, no_color=no_color, verbose=talk.verbosity > 0, environ=os.environ)
    if not talk.quiet:
        say(f"wrote {', '.join(map(str, files))}")
        say("this is a demo, so the exit code is 0; `check` would exit with 1 on such findings")
    return 0
