"""Flags that several verbs share, in kubectl's spelling, and the values they carry."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOptions:
    """Which configuration, and which part of the fleet."""

    config: str | None = None
    contexts: tuple[str, ...] = ()
    kubeconfig: str | None = None
    namespaces: tuple[str, ...] = ()
    all_namespaces: bool = False
    selector: str | None = None
    timeout: int | None = None
    """Seconds; `None`: as configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkOptions:
    """How much is said on standard error."""

    verbosity: int = 0
    quiet: bool = False


_DURATION = re.compile(r"(?=\d)(?:(?P<h>\d{1,6})h)?(?:(?P<m>\d{1,6})m)?(?:(?P<s>\d{1,9})s?)?")


def _seconds(context: click.Context, option: click.Parameter, written: str | None) -> int | None:
    """Seconds of a duration as kubectl and Go write it, `90s`, `10m`, `1h30m`, or of a plain number."""
    if written is None:
        return None
    found = _DURATION.fullmatch(written)
    hours, minutes, seconds = (int(found[unit] or 0) for unit in "hms") if found else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if total <= 0:
        raise click.BadParameter(f"{written!r} is not a duration such as 90s, 10m or 1h30m", context, option)
    return total


_FLEET = (
    click.option(
        "--config", "-c", metavar="FILE", help="Configuration. Default: $DRIFT_AUDIT_CONFIG, else drift-audit.yaml."
    ),
    click.option(
        "--context",
        "contexts",
        metavar="NAME",
        multiple=True,
        help="Only this management cluster, by context or name. Repeatable.",
    ),
    click.option("--kubeconfig", metavar="FILE", help="Kubeconfig to use in place of the configured one."),
    click.option(
        "--namespace", "-n", "namespaces", metavar="NAME", multiple=True, help="Only this namespace. Repeatable."
    ),
    click.option("--all-namespaces", "-A", is_flag=True, help="All namespaces, whatever is configured."),
    click.option(
        "--selector", "-l", metavar="SELECTOR", help="Only Clusters with these labels, and what belongs to them."
    ),
    click.option(
        "--timeout",
        metavar="DURATION",
        callback=_seconds,
        help="For reading the whole fleet: 90s, 10m, 1h. What is not read by then is a gap. Default: 1h.",
    ),
)
_TALK = (
    click.option("--verbose", "-v", "verbosity", count=True, help="Say more on standard error; twice for details."),
    click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors on standard error."),
)
_FROM = click.option(
    "--from", "recording", metavar="RECORDING", help="Judge a recording, offline, in place of the fleet."
)


def fleet_options(command: Command) -> Command:
    """Adds the flags that choose the fleet; the command receives one `fleet: FleetOptions`."""
    return _grouped(command, _FLEET, "fleet", FleetOptions)


def talk_options(command: Command) -> Command:
    """Adds `-v` and `-q`; the command receives one `talk: TalkOptions`."""
    return _grouped(command, _TALK, "talk", TalkOptions)


def recording_option(command: Command) -> Command:
    """Adds `--from`; the command receives `recording: str | None`."""
    return _FROM(command)


def _grouped(command: Command, options: Sequence[Decorator], name: str, kind: type[Any]) -> Command:
    members = [member.name for member in fields(kind)]

    @functools.wraps(command)
    def with_group(**values: Any) -> Any:
        group = kind(**{member: values.pop(member) for member in members})
        return command(**{name: group}, **values)

    decorated: Any = with_group
    for option in reversed(options):
        decorated = option(decorated)
    result: Command = decorated
    return result
