"""`drift-audit schema`: the contract of the JSON report."""

from __future__ import annotations

import click


@click.command(short_help="Print the JSON Schema of the JSON report.")
def schema() -> int:
    """Print the JSON Schema of the result document, which `check -o json` writes."""
    from drift_audit.cli.terminal import write_result
    from drift_audit.errors import PluginError
    from drift_audit.plugins import load_report

    report = load_report("json")
    describe = getattr(report, "schema", None)
    if not callable(describe):
        raise PluginError("the installed report format 'json' publishes no schema")
    write_result(str(describe()))
    return 0
