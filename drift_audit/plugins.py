"""Finds providers and reports by their entry points, and holds them to what they promise.

Our own come through the same door as everybody's. Nothing is imported before it is asked for by name, so
`drift-audit --help` and an audit without a cloud never pay for an SDK. Every failure is a `PluginError` of
one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points
from typing import Any

from drift_audit.config.source import ConfigSource
from drift_audit.config.validation import validate
from drift_audit.errors import PluginError
from drift_audit.interfaces import CloudProvider, ReportFormat

PROVIDERS = "drift_audit.providers"
REPORTS = "drift_audit.reports"

_FORMAT_ALIASES: Mapping[str, str] = {"md": "markdown", "table": "console"}

_REQUIREMENT_OF_EXTRA = re.compile(r"\A\s*([A-Za-z0-9][A-Za-z0-9._-]*).*;.*\bextra\s*==\s*['\"]([^'\"]+)['\"]")


def provider_names() -> tuple[str, ...]:
    """The installed providers, sorted; installed does not mean that their SDK is."""
    return tuple(sorted({found.name for found in entry_points(group=PROVIDERS)}))


def report_names() -> tuple[str, ...]:
    """The installed report formats, sorted, with the short names that are also understood."""
    installed = {found.name for found in entry_points(group=REPORTS)}
    return tuple(sorted(installed | {alias for alias, name in _FORMAT_ALIASES.items() if name in installed}))


def plugin_packages() -> tuple[str, ...]:
    """The top-level packages that plug-ins live in, without importing one: the names of their loggers."""
    found = [*entry_points(group=PROVIDERS), *entry_points(group=REPORTS)]
    return tuple(sorted({each.module.partition(".")[0] for each in found}))


def load_provider_class(name: str) -> type[CloudProvider]:
    """The provider's class, known to have everything that `CloudProvider` promises."""
    found = _entry_point(PROVIDERS, "provider", name)
    loaded = _load(found, "provider")
    _require_class(found, loaded)
    _require_members(found, loaded, CloudProvider)
    if loaded.name != name:
        raise PluginError(f"{_described(found)} calls itself {loaded.name!r}: its entry point must have the same name")
    provider: type[CloudProvider] = loaded
    return provider


def load_report(name: str) -> ReportFormat:
    """A report, ready to render; `md` and `table` are understood as well."""
    found = _entry_point(REPORTS, "report format", _FORMAT_ALIASES.get(name, name))
    loaded = _load(found, "report format")
    _require_class(found, loaded)
    _require_members(found, loaded, ReportFormat)
    report: ReportFormat = loaded()
    return report


def require_sdk(name: str) -> None:
    """Raises `PluginError` when the provider's extra is not installed.

    Only what reads the cloud needs the SDK; a recording is judged without it.
    """
    found = _entry_point(PROVIDERS, "provider", name)
    missing = [needed for needed in _needs(found) if not _is_installed(needed)]
    if missing:
        raise PluginError(_install_line(found, " and ".join(missing)))


def has_sdk(name: str) -> bool:
    """True when everything that the provider's extra names is installed."""
    return all(map(_is_installed, _needs(_entry_point(PROVIDERS, "provider", name))))


def create_providers(clouds: Mapping[str, Any], *, live: bool) -> dict[str, CloudProvider]:
    """Every installed provider by its name, with its section of the configuration or with its own defaults.

    One that is not configured takes part as well: it says which accounts of the fleet nobody configured. It
    is left out when it cannot work: its settings have no defaults, or a live audit finds its SDK missing.
    A configured one that cannot work is a `PluginError`.
    """
    created: dict[str, CloudProvider] = {}
    for name in sorted({*clouds, *provider_names()}):
        if live and name in clouds:
            require_sdk(name)
        elif live and not has_sdk(name):
            continue
        provider = load_provider_class(name)
        settings = clouds[name] if name in clouds else _default_settings(provider)
        if settings is not None:
            created[name] = provider(settings)
    return created


def _default_settings(provider: type[CloudProvider]) -> Any:
    """The provider's settings for an empty section; `None` when it has keys without a default."""
    nothing = ConfigSource(file="", written={}, data={})
    return validate(provider.settings_type(), {}, nothing).value


class ProviderSettings(Mapping[str, type[Any]]):
    """The settings type of every installed provider by its name; a provider is imported when it is looked up."""

    def __getitem__(self, name: str) -> type[Any]:
        if name not in provider_names():
            raise KeyError(name)
        return load_provider_class(name).settings_type()

    def __iter__(self) -> Iterator[str]:
        return iter(provider_names())

    def __len__(self) -> int:
        return len(provider_names())

    def __contains__(self, name: object) -> bool:
        """Without importing anything."""
        return name in provider_names()


def _entry_point(group: str, what: str, name: str) -> EntryPoint:
    found = {each.value: each for each in entry_points(group=group, name=name)}
    if not found:
        names = ", ".join(report_names() if group == REPORTS else provider_names()) or "none"
        raise PluginError(f"no {what} is called {name!r} (installed: {names})")
    if len(found) > 1:
        raise PluginError(
            f"{what} {name!r} is installed more than once: {', '.join(sorted(found))}; remove all but one"
        )
    return next(iter(found.values()))


def _load(found: EntryPoint, what: str) -> Any:
    try:
        return found.load()
    except ModuleNotFoundError as error:
        if error.name and not found.module.startswith(error.name):
            raise PluginError(_install_line(found, error.name)) from error
        raise PluginError(f"{_described(found)} cannot be imported: {error}") from error
    except (ImportError, AttributeError) as error:
        raise PluginError(f"{_described(found)} cannot be imported: {error}") from error


def _install_line(found: EntryPoint, missing: str) -> str:
    """The line for a missing extra; a plug-in without one of its own name is reinstalled as a whole."""
    what = "provider" if found.group == PROVIDERS else "report format"
    dist = found.dist
    package = dist.name if dist is not None else found.module.partition(".")[0]
    extras = (dist.metadata.get_all("Provides-Extra") or []) if dist is not None else []
    target = f"{package}[{found.name}]" if found.name in extras else package
    return f"{what} {found.name!r} needs {missing}: pip install '{target}'"


def _needs(found: EntryPoint) -> tuple[str, ...]:
    """Names of the distributions that the extra called like the plug-in asks for."""
    requires = found.dist.requires if found.dist is not None else None
    matches = (_REQUIREMENT_OF_EXTRA.match(requirement) for requirement in requires or ())
    return tuple(match[1] for match in matches if match is not None and match[2] == found.name)


def _is_installed(name: str) -> bool:
    try:
        return bool(distribution(name))
    except PackageNotFoundError:
        return False


def _require_class(found: EntryPoint, loaded: Any) -> None:
    if not isinstance(loaded, type):
        raise PluginError(f"{_described(found)} is no class")


def _require_members(found: EntryPoint, loaded: type, protocol: type) -> None:
    """Checks names only; the members are read off the protocol, so the check cannot fall behind it."""
    methods = [name for name, value in vars(protocol).items() if not name.startswith("_") and _is_method(value)]
    missing = [name for name in methods if not callable(getattr(loaded, name, None))]
    missing += [name for name in protocol.__annotations__ if not isinstance(getattr(loaded, name, None), str)]
    if missing:
        raise PluginError(f"{_described(found)} is no {protocol.__name__}: it lacks {', '.join(sorted(missing))}")


def _is_method(value: object) -> bool:
    return callable(value) or isinstance(value, classmethod)


def _described(found: EntryPoint) -> str:
    dist: Distribution | None = found.dist
    origin = f" of {dist.name} {dist.version}" if dist is not None else ""
    return f"entry point {found.group}:{found.name} = {found.value}{origin}"
