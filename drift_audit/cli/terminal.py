"""Everything that goes to the terminal beside the result: messages, progress and the log, all on standard error."""

from __future__ import annotations

import io
import logging
import os
import re
import shutil
import sys
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from drift_audit.cli.progress import OneLine, PlainLines, Teller, fitting, is_plain
from drift_audit.errors import ConfigError, DriftAuditError, OutputError
from drift_audit.interfaces import RenderOptions

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_PLAIN_WIDTH = 100


def printable(text: str) -> str:
    """The text with control and bidirectional characters spelled out: messages quote clusters, clouds and Git."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


class _StatusLine:
    """The last line of the terminal, which is written over; whatever else is written takes its place first."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._shown = False

    def draw(self, text: str) -> None:
        """Shows the text in place of the last one; nothing, for an empty text."""
        with self._lock:
            if text or self._shown:
                columns = shutil.get_terminal_size().columns
                sys.stderr.write(f"\r\x1b[K{fitting(printable(text), columns - 1, _columns)}")
                sys.stderr.flush()
            self._shown = bool(text)

    @contextmanager
    def aside(self) -> Iterator[None]:
        with self._lock:
            self.draw("")
            yield


_STATUS = _StatusLine()
"""There is one terminal, and so there is one of these."""


def _columns(sign: str) -> int:
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def say(text: str) -> None:
    """One message for the person at the keyboard."""
    if sys.stderr is None:  # closed, as by `2>&-`
        return
    with _STATUS.aside():
        _write(sys.stderr, printable(text) + "\n")


def say_error(error: DriftAuditError) -> None:
    """The user's mistake: what, where and the next step."""
    if isinstance(error, ConfigError):
        count = len(error.problems)
        say(f"{error}\ndrift-audit: {count} mistake{'s' if count != 1 else ''} in the configuration")
    else:
        say(f"drift-audit: {error}")


def progress_to_stderr(quiet: bool, environ: Mapping[str, str]) -> Teller:
    """Tells how far a run has come: on one line to a person who watches, in lines to a log."""
    if quiet:
        return Teller(None)
    if _is_terminal(sys.stderr) and not is_plain(environ):
        return Teller(OneLine(_STATUS.draw))
    return Teller(PlainLines(say))


def log_to_stderr(verbosity: int, quiet: bool, packages: Iterable[str]) -> None:
    """Sends the log to standard error: warnings, with `-v` the story, with `-vv` counts and timings.

    Of other packages only errors are heard: the debug logs of HTTP clients hold tokens, and botocore warns of every
    refused role with a traceback, while the report tells the same as a gap with its remedy.
    """
    handler = _AsideHandler(sys.stderr)
    handler.setFormatter(_PrintableFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.ERROR, force=True)
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)]
    for package in packages:
        logging.getLogger(package).setLevel(level)


def render_options(*, to_file: bool, no_color: bool, verbose: bool, environ: Mapping[str, str]) -> RenderOptions:
    """Colour and width only where a terminal shows them; see https://no-color.org for `NO_COLOR`."""
    if to_file or not _is_terminal(sys.stdout):
        return RenderOptions(width=_PLAIN_WIDTH, color=False, verbose=verbose)
    wanted = not no_color and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size(fallback=(_PLAIN_WIDTH, 24)).columns
    return RenderOptions(width=width, color=wanted, verbose=verbose)


def write_result(text: str) -> None:
    """Puts a result on standard output. A reader who has gone away (`| head`) has seen enough: that is no error.

    Raises `OutputError` where it cannot be written, closed as it may be (`>&-`) or on a disk that is full.
    """
    if sys.stdout is None:
        raise OutputError("cannot write standard output: it is closed")
    _let_spell(sys.stdout)
    try:
        _write(sys.stdout, text if text.endswith("\n") else text + "\n")
    except OSError as error:
        raise OutputError(f"cannot write standard output: {error.strerror or error}") from error


def _let_spell(stream: TextIO) -> None:
    """Reports are UTF-8 wherever they go, as XML and JSON say of themselves; a terminal gets what it can show."""
    if isinstance(stream, io.TextIOWrapper):
        if _is_terminal(stream):
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8")


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _abandon(stream)


def abandon_stdout() -> None:
    """Lets the rest of standard output go nowhere, after its reader has gone away."""
    _abandon(sys.stdout)


def _abandon(stream: TextIO) -> None:
    # What is still buffered would raise again when the interpreter closes the stream.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


class _AsideHandler(logging.StreamHandler[TextIO]):
    def emit(self, record: logging.LogRecord) -> None:
        with _STATUS.aside():
            super().emit(record)


class _PrintableFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
