"""Flags that several verbs share, in kubectl's spelling, and the values they carry."""

from __future__ import annotations

import functools
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkOptions:
    """How much is said on standard error."""

    verbosity: int = 0
    quiet: bool = False


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
