"""The command line. One module per verb; this one knows them all and turns errors into exit codes.

Only click is imported here and in the verbs: whatever costs time (pydantic, Kubernetes, SDKs) is imported
inside a verb when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click

from drift_audit import __version__
from drift_audit.cli.check import check
from drift_audit.cli.demo import demo
from drift_audit.cli.doctor import doctor
from drift_audit.cli.explain import explain
from drift_audit.cli.init import init
from drift_audit.cli.orphans import orphans
from drift_audit.cli.record import record
from drift_audit.cli.schema import schema
from drift_audit.cli.tree import tree
from drift_audit.cli.validate import validate

_UNWINDING = 5.0
"""Seconds that an interrupted run gets to remove what it was writing."""


@click.group(context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100})
@click.version_option(__version__, message="drift-audit %(version)s")
def program() -> None:
    """Compare Git, Cluster API management clusters and the cloud, and say which field drifted, since when,
    by whom, and what to do.
    """


for verb in (check, demo, explain, tree, orphans, doctor, record, validate, schema, init):
    program.add_command(verb)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and gives its exit code; a user's mistake never shows a traceback.

    Without arguments it is the process itself: then it ends here, and waits for nothing.
    """
    from drift_audit.cli.leaving import keep_standard_streams, leave, own_scratch_folder
    from drift_audit.collect.garbage import relaxed_garbage_collection

    given = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        keep_standard_streams()
    # To the end: one collection, once all is loaded, takes as long as judging a tenth of the fleet.
    with own_scratch_folder(), relaxed_garbage_collection():
        code = _code_of(given, as_process=arguments is None)
        if arguments is None:
            leave(code)
    return code


def _code_of(arguments: list[str], *, as_process: bool) -> int:
    try:
        with _signals_raise(as_process=as_process):
            return _run(arguments)
    except BaseException as error:
        from drift_audit.cli.failures import end_of_failed_run

        return end_of_failed_run(error, arguments)


def _run(arguments: list[str]) -> int:
    # Not click's own `main`: that one turns an interruption and a closed pipe into exit code 1.
    try:
        with program.make_context("drift-audit", arguments) as context:
            code: int = program.invoke(context)
            return code
    except click.exceptions.Exit as done:
        return done.exit_code


@contextmanager
def _signals_raise(*, as_process: bool) -> Iterator[None]:
    """SIGTERM unwinds as Ctrl-C does, so that no temporary file stays behind.

    As a process, the run ends a little later in any case: an exception that is raised while Python runs a finalizer
    is printed and forgotten.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    from drift_audit.cli.exit_codes import INTERRUPTED, TERMINATED
    from drift_audit.cli.failures import Terminated

    def raising(error: type[BaseException], code: int) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            if as_process:
                threading.Thread(target=_leave_at_last, args=(code,), daemon=True).start()
            raise error

        return handle

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, raising(Terminated, TERMINATED))}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # ignored, where a shell runs us in background
        before[signal.SIGINT] = signal.signal(signal.SIGINT, raising(KeyboardInterrupt, INTERRUPTED))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_at_last(code: int) -> None:
    from drift_audit.cli.leaving import end_now

    time.sleep(_UNWINDING)
    end_now(code)
